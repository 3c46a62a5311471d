#include "state/recover.h"

#include <catch2/catch.hpp>

#include "state/format.h"
#include "tests/state/kit.h"

using namespace parshall;
using namespace parshall::state;

namespace {

std::string FileOf(uint64_t generation) {
  Snapshot snapshot = SnapshotOf(generation);
  snapshot.generation = generation;
  return Encoded(snapshot);
}

}  // namespace

TEST_CASE("Recover takes the newest generation that is whole, and says what it refused") {
  const std::string absent = "(absent)";
  const std::string four = FileOf(4);
  const std::string five = FileOf(5);
  const std::string torn = five.substr(0, five.size() - 1);
  const std::string zeros(five.size(), '\0');
  struct Row {
    const char* name;
    std::string current, previous;
    uint64_t generation;  // 0: a fresh start; UINT64_MAX: an Error
    bool is_current;
    const char* notices;  // a part of them; "": there are none
    int refused[6];       // torn, zero-filled, foreign, other version, unsafe, unreadable
  };
  constexpr uint64_t kError = UINT64_MAX;
  const Row rows[] = {
      {"nothing there", absent, absent, 0, false, "", {}},
      {"the first commit", four, absent, 4, true, "", {}},
      {"both", five, four, 5, true, "", {}},
      {"a commit did not end", absent, four, 4, false, "what a commit that did not end left", {}},
      {"torn", torn, four, 4, false, "generation 4", {1}},
      {"zero-filled", zeros, four, 4, false, "all zero", {0, 1}},
      {"empty", "", four, 4, false, "it is empty", {1}},
      {"foreign", "hello\n", four, 4, false, "snapshot: it does not begin", {0, 0, 1}},
      {"previous torn", five, torn, 5, true, "snapshot.previous: it is cut off", {1}},
      {"previous newer", four, five, 5, false, "newer than the other", {}},
      {"both torn", torn, torn, kError, false, "", {}},
      {"only a torn one", torn, absent, kError, false, "", {}},
      {"only a foreign previous", absent, "x", kError, false, "", {}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const TempDir temp;
    if (row.current != absent) WriteFile(temp / "snapshot", row.current);
    if (row.previous != absent) WriteFile(temp / "snapshot.previous", row.previous);
    const StateDir dir = OpenDir(temp.path());
    const auto recovered = Recover(dir);
    if (row.generation == kError) {
      REQUIRE_FALSE(recovered.ok());
      INFO(recovered.error().ToString());
      CHECK(recovered.error().what.find("the saved state cannot be used") == 0);
      CHECK(recovered.error().what.find("move these files away") != std::string::npos);
      CHECK(recovered.error().where == temp.path());
      // Allowed by whoever calls.
      const auto anew = Recover(dir, true);
      REQUIRE(anew.ok());
      CHECK_FALSE(anew->snapshot.has_value());
      CHECK(anew->notices.size() == 1);
      uint64_t refused = 0;
      for (const uint64_t count : anew->refused) refused += count;
      CHECK(refused == size_t{row.current != absent} + size_t{row.previous != absent});
      continue;
    }
    REQUIRE(recovered.ok());
    REQUIRE(recovered->snapshot.has_value() == (row.generation != 0));
    if (recovered->snapshot) CHECK(Encoded(*recovered->snapshot) == FileOf(row.generation));
    CHECK(recovered->snapshot_is_current == row.is_current);
    std::string notices;
    for (const std::string& notice : recovered->notices) notices += notice + "\n";
    INFO(notices);
    CHECK(notices.empty() == (std::string_view(row.notices).empty()));
    CHECK(notices.find(row.notices) != std::string::npos);
    for (size_t n = 0; n < recovered->refused.size(); ++n) {
      INFO(kRefusalNames[n]);
      CHECK(recovered->refused[n] == static_cast<uint64_t>(row.refused[n]));
    }
  }
}

TEST_CASE("A file that nobody could have written is not read into memory") {
  const TempDir temp;
  WriteFile(temp / "snapshot", "PARSHALL");
  REQUIRE(::truncate((temp / "snapshot").c_str(), static_cast<off_t>(kSnapshotBytesMax + 1)) == 0);
  const auto recovered = Recover(OpenDir(temp.path()));
  REQUIRE_FALSE(recovered.ok());
  CHECK(recovered.error().what.find("more than any snapshot has") != std::string::npos);
}
