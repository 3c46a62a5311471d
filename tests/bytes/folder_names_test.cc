#include "bytes/folder_names.h"

#include <sys/stat.h>
#include <unistd.h>

#include <random>
#include <set>
#include <thread>

#include "tests/bytes/follow_kit.h"

namespace parshall::bytes {
namespace {

using Names = std::set<std::string>;

Names Beginning(FolderNames& names, const std::string& folder, const std::string& beginning) {
  Names found;
  names.BeginningWith(folder, beginning, [&](const std::string& name) {
    CHECK(found.insert(name).second);
    return true;
  });
  return found;
}

Names OfInode(FolderNames& names, const std::string& folder, uint64_t inode) {
  Names found;
  names.OfInode(folder, inode, [&](const std::string& name) { return found.insert(name).second; });
  return found;
}

// Asks until the answer comes from a listing that was kept.
void WaitUntilKept(FolderNames& names, const std::string& folder) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (uint64_t before = ~uint64_t{0}; before != names.listings();) {
    before = names.listings();
    Beginning(names, folder, "");
    REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::yield();
  }
}

TEST_CASE("FolderNames lists a folder that does not change once") {
  TempDir dir;
  const std::string folder = dir / "";
  for (int n = 0; n < 100; ++n) Append(dir / ("log-" + std::to_string(n)), "x");
  Append(dir / "other", "x");
  FolderNames names;
  WaitUntilKept(names, folder);
  const uint64_t listings = names.listings();
  for (int n = 0; n < 100; ++n) {
    const std::string name = "log-" + std::to_string(n);
    CHECK(OfInode(names, folder, IdentityOf(dir / name).inode) == Names{name});
  }
  CHECK(Beginning(names, folder, "log-9").size() == 11);
  CHECK(Beginning(names, folder, "oth") == Names{"other"});
  CHECK(Beginning(names, folder, "p").empty());
  CHECK(Beginning(names, folder, "").size() == 103);  // with "." and ".."
  CHECK(OfInode(names, folder, 1).empty());
  CHECK(names.listings() == listings);
  int seen = 0;
  names.BeginningWith(folder, "log-", [&](const std::string&) { return ++seen < 3; });
  CHECK(seen == 3);
  names.Forget();
  CHECK(Beginning(names, folder, "oth") == Names{"other"});
  CHECK(names.listings() == listings + 1);
}

TEST_CASE("FolderNames keeps no listing of a folder that has just changed") {
  TempDir dir;
  FolderNames names;
  for (uint64_t n = 1; n <= 3; ++n) {
    Append(dir / ("a" + std::to_string(n)), "x");
    CHECK(Beginning(names, dir / "", "a").size() == n);
    CHECK(names.listings() == n);
    CHECK_FALSE(names.Unchanged(dir / ""));
  }
  CHECK(Beginning(names, dir / "none/", "").empty());
  CHECK(OfInode(names, dir / "none/", 2).empty());
}

TEST_CASE("FolderNames sees every change of a name at the next question") {
  TempDir dir;
  TempDir elsewhere;
  const std::string folder = dir / "";
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  FolderNames names;
  int made = 0;
  Append(dir / "a.1", "x");
  Append(elsewhere / "b.1", "x");
  for (int round = 0; round < Rounds(40); ++round) {
    // Now and then the change before has not settled.
    if (random() % 4 != 0) WaitUntilKept(names, folder);
    std::vector<std::string> here;
    for (const std::string& name : Beginning(names, folder, "a")) here.push_back(name);
    const std::string fresh = "a." + std::to_string(++made + 1);
    const std::string old = here.empty() ? "" : here[random() % here.size()];
    const auto what = here.empty() ? 0 : random() % 6;
    CAPTURE(round, what, old, fresh);
    if (what == 0) Append(dir / fresh, "x");
    if (what == 1) Rename(dir / old, dir / fresh);
    if (what == 2) Delete(dir / old);
    if (what == 3) Rename(dir / old, elsewhere / fresh);
    if (what == 4) {
      Append(elsewhere / "new", "x");
      Rename(elsewhere / "new", dir / old);  // in the place of another
    }
    if (what == 5) REQUIRE(::link((dir / old).c_str(), (dir / fresh).c_str()) == 0);
    Names now;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      now.insert(entry.path().filename());
    }
    CHECK(Beginning(names, folder, "a") == now);
    for (const std::string& name : now) {
      CHECK(OfInode(names, folder, IdentityOf(dir / name).inode).contains(name));
    }
  }
}

TEST_CASE("FolderNames sees that another folder has the name now") {
  TempDir dir;
  const std::string link = dir / "now";
  for (const char* name : {"one", "two"}) {
    REQUIRE(::mkdir((dir / name).c_str(), 0700) == 0);
    Append(dir / (std::string(name) + "/log." + name), "x");
  }
  REQUIRE(::symlink("one", link.c_str()) == 0);
  FolderNames names;
  WaitUntilKept(names, link + "/");
  CHECK(Beginning(names, link + "/", "log") == Names{"log.one"});
  Delete(link);
  REQUIRE(::symlink("two", link.c_str()) == 0);
  CHECK(Beginning(names, link + "/", "log") == Names{"log.two"});
}

}  // namespace
}  // namespace parshall::bytes
