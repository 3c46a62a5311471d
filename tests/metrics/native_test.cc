// Native histograms: their buckets hold what the count says, over threads and restarts; and the
// bytes of the protobuf exposition. What Prometheus and Google's library make of them is asked end
// to end.

#include <catch2/catch.hpp>

#include "metrics/protobuf_format.h"
#include "metrics/protobuf_writer.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

rules::RuleSet Native(std::vector<double> buckets) {
  rules::RuleSet rules;
  rules.metrics = {Histogram("wait_seconds", "wait", std::move(buckets), {FieldLabel("queue")})};
  rules.metrics[0].native = rules::NativeSpec{};
  return rules;
}

uint64_t CountOf(const Store& store, const Snapshot& snapshot) {
  static_cast<void>(store);
  uint64_t count = 0;
  const Family& family = snapshot.families()[0];
  snapshot.ForEachRow(family, [&](const Row& row) {
    const uint64_t sketched = snapshot.SketchOf(family, row).count();
    CHECK(sketched == ObservationCount(family, row.cells));
    count += sketched;
  });
  return count;
}

TEST_CASE("A native histogram without buckets of its own is one bucket in the text") {
  Bench bench(Native({}), {Rule({"queue", "wait"})});
  bench.Count("a", 2);
  bench.Count("a", -1);
  bench.Count("a", "x");
  std::string text;
  AppendText(bench.store->TakeSnapshot(), {}, &text);
  CHECK(text ==
        "# HELP wait_seconds Things that were counted.\n# TYPE wait_seconds histogram\n"
        "wait_seconds_bucket{queue=\"a\",le=\"+Inf\"} 2\n"
        "wait_seconds_sum{queue=\"a\"} 1\nwait_seconds_count{queue=\"a\"} 2\n");
  CHECK(CountOf(*bench.store, bench.store->TakeSnapshot()) == 2);
}

TEST_CASE("A native histogram survives a restart, and one that was none begins anew") {
  const std::vector<RuleFields> fields = {Rule({"queue", "wait"})};
  Bench before(Native({1}), fields);
  for (int i = 0; i < 100; ++i) before.Count(i % 3, i);
  const SavedMetrics saved = Save(before.store->TakeSnapshot());
  Bench after(Native({1}), fields);
  CHECK(after.store->Restore(saved).empty());
  after.Count(0, 5);
  CHECK(CountOf(*after.store, after.store->TakeSnapshot()) == 101);
  rules::RuleSet plain = Native({1});
  plain.metrics[0].native.reset();
  Bench classic(plain, fields);
  classic.Count(0, 5);
  Bench turned(Native({1}), fields);
  CHECK(turned.store->Restore(Save(classic.store->TakeSnapshot())).size() == 1);
  CHECK(CountOf(*turned.store, turned.store->TakeSnapshot()) == 0);
}

TEST_CASE("The protobuf writer has the bytes of the wire format") {
  ProtobufWriter inner;
  inner.Varint(1, 300);
  inner.Signed(2, -2);
  ProtobufWriter writer;
  writer.Message(3, inner);
  writer.Double(2, 1.0);
  writer.Bytes(4, "ab");
  CHECK(writer.bytes() == std::string("\x1a\x05\x08\xac\x02\x10\x03"
                                      "\x11\x00\x00\x00\x00\x00\x00\xf0\x3f"
                                      "\x22\x02"
                                      "ab",
                                      20));
}

TEST_CASE("A family without series is not in the protobuf exposition") {
  Bench bench(Native({1}), {Rule({"queue", "wait"})});
  std::string body;
  AppendProtobuf(bench.store->TakeSnapshot(), {}, &body);
  CHECK(body.empty());
  bench.Count("a", 1);
  AppendProtobuf(bench.store->TakeSnapshot(), {}, &body);
  CHECK_THAT(body, Catch::Contains("wait_seconds") && Catch::Contains("queue"));
}

}  // namespace
}  // namespace parshall::metrics
