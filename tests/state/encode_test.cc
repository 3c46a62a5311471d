#include "state/encode.h"

#include <catch2/catch.hpp>

#include "base/crc32c.h"
#include "state/decode.h"
#include "state/format.h"
#include "tests/state/kit.h"

using namespace parshall;
using namespace parshall::state;

TEST_CASE("A snapshot comes back as it was, whatever its strings are") {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Snapshot snapshot = SnapshotMaker(seed).Make();
    const std::string bytes = Encoded(snapshot);
    Refusal refusal;
    const auto again = Decode(bytes, &refusal);
    INFO("seed " << seed << ": " << (again ? "" : again.error().what));
    REQUIRE(again.ok());
    REQUIRE(TextOf(*again) == TextOf(snapshot));
    REQUIRE(Encoded(*again) == bytes);
  }
}

TEST_CASE("An empty snapshot is a header and six empty sections") {
  const std::string bytes = Encoded({});
  CHECK(bytes.size() == kHeaderSize + 6 * (kSectionHeaderSize + 4));
  CHECK(bytes.substr(0, 12) == std::string("PARSHALL\1\0\0\0", 12));
}

// What this test holds is on the disks of operators. If it fails, a file of this version is not
// what it was: give the format another version (state/format.h).
TEST_CASE("The bytes of format 1.0 stay what they are") {
  Snapshot s;
  s.generation = 7;
  s.taken_ms = 1795253139123;
  s.files.push_back({"a.log", {1, 2, 3}, {4, 5}, 6, 7, true, {8, 9}, 10, 11});
  s.sources.push_back({"a.log",
                       true,
                       {{"matched", 8}},
                       {"rule", "text", 9, 10, {{"stream", "stderr"}}},
                       {{1, 2, true, 3, "piece", {{"time", "t"}}}}});
  s.rules = {{"access", {{"matches", 11}}}};
  s.totals = {{"batches", 12}};
  s.metrics.families.push_back({"f_seconds", 6, {"a"}, {0.5}, 3, {{"{a=\"b\"}", 13}}, {1, 2, 3}, {4}});
  s.metrics.groups.push_back({"key", {{"path", {"/"}, 14}}});
  s.output = sinks::OutputPosition{"out.jsonl", {15, 16, 17}, 18};
  const std::string bytes = Encoded(s);
  CHECK(bytes.size() == 592);
  CHECK(Crc32c(bytes) == 0x6ACC90EB);
}

TEST_CASE("Encode appends, and refuses what could not be read back") {
  Buffer out;
  out.Append("before");
  Snapshot snapshot = SnapshotOf(3);
  REQUIRE(Encode(snapshot, out).ok());
  CHECK(out.view() == "before" + Encoded(snapshot));
  const size_t size = out.size();
  snapshot.metrics.families.push_back({"f_total", 0, {}, {}, 2, {{"", 0}}, {1, 2, 3}, {}});
  const Status status = Encode(snapshot, out);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().what == "the family \"f_total\" has 3 cells for 1 series of 2");
  CHECK(out.size() == size);
}
