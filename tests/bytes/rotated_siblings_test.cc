#include "bytes/rotated_siblings.h"

#include "tests/bytes/follow_kit.h"

namespace parshall::bytes {
namespace {

TEST_CASE("ParseRotatedName knows what rotation calls an older file") {
  struct Row {
    const char* base;
    const char* name;
    bool rotated;
    bool gzip;
    const char* digits;
  };
  const Row rows[] = {
      {"access.log", "access.log.1", true, false, "1"},
      {"access.log", "access.log.12.gz", true, true, "12"},
      {"access.log", "access.log.0", true, false, ""},
      {"access.log", "access.log-20261121", true, false, "20261121"},
      {"access.log", "access.log-20261121-1795269600.gz", true, true, "202611211795269600"},
      {"access.log", "access.log.2026-11-21", true, false, "20261121"},
      {"access.log", "access-20261121.log", true, false, "20261121"},
      {"access.log", "access.1.log", true, false, "1"},
      {"access.log", "access.log.old", true, false, ""},
      {"access.log", "access.log-2026112121.backup", true, false, "2026112121"},
      {"access.log", "access.log-2026112121.backup.gz", true, true, "2026112121"},
      {"access.log", "access.log-20261121.backup", false, false, ""},
      {"access.log", "access.log.1.backup", false, false, ""},
      {"access.log", "access.log.backup", false, false, ""},
      {"access", "access-1", true, false, "1"},
      {"access.log", "access.log", false, false, ""},
      {"access.log", "access.log.", false, false, ""},
      {"access.log", "access.log.bak", false, false, ""},
      {"access.log", "access.log.1.bz2", false, true, ""},
      {"access.log", "access.log2", false, false, ""},
      {"access.log", "other.log.1", false, false, ""},
      {"access.log", "access.log.gz", false, true, ""},
      {"access.log", "access.log.-", false, false, ""},
      {"", ".1", false, false, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.base, row.name);
    RotatedSibling sibling;
    CHECK(ParseRotatedName(row.base, row.name, &sibling) == row.rotated);
    if (!row.rotated) continue;
    CHECK(sibling.gzip == row.gzip);
    CHECK(sibling.digits == row.digits);
    const auto bases = UnrotatedPaths(std::string("/x/") + row.name);
    CHECK(std::count(bases.begin(), bases.end(), std::string("/x/") + row.base) == 1);
  }
}

TEST_CASE("RotatedSiblings gives the newest first, by number or by date") {
  TempDir dir;
  const std::string log = dir / "a.log";
  std::vector<std::string> names = {"a.log.1", "a.log.2.gz", "a.log.10"};
  SECTION("numbers") {}
  SECTION("dates") { names = {"a.log-20261201", "a.log-20261130.gz", "a.log-20251231"}; }
  // Made in the wrong order.
  for (const std::string& name : names) Append(dir / name, "x");
  Append(log, "x");
  Append(dir / "a.log.swp", "x");
  REQUIRE(::mkdir((dir / "a.log.3").c_str(), 0700) == 0);
  FolderNames folder;
  std::vector<std::string> found;
  for (const RotatedSibling& sibling : RotatedSiblings(log, folder)) found.push_back(sibling.path);
  CHECK(found == std::vector<std::string>{dir / names[0], dir / names[1], dir / names[2]});
  CHECK(FindInFolder(log, IdentityOf(dir / names[2]), folder) == dir / names[2]);
  CHECK(FindInFolder(log, {.inode = 1}, folder).empty());
}

}  // namespace
}  // namespace parshall::bytes
