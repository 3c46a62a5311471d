// Summaries: what they show, that their window moves on, and what is left of them after a restart.

#include <catch2/catch.hpp>
#include <cmath>

#include "metrics/openmetrics.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

constexpr int64_t kStart = 1'700'000'000'000;

rules::MetricSpec Summary(std::vector<double> quantiles,
                          std::vector<rules::LabelSpec> labels = {}) {
  rules::MetricSpec spec = Counter("wait_seconds", std::move(labels), "wait");
  spec.kind = rules::MetricKind::kSummary;
  spec.summary = {.quantiles = std::move(quantiles), .max_age_ms = 60'000, .age_buckets = 6};
  return spec;
}

rules::RuleSet Rules(rules::MetricSpec spec) {
  rules::RuleSet rules;
  rules.metrics = {std::move(spec)};
  return rules;
}

std::string Text(Store& store, int64_t now_ms, bool openmetrics = false) {
  std::string text;
  const Snapshot snapshot = store.TakeSnapshot({}, now_ms);
  openmetrics ? AppendOpenMetrics(snapshot, {}, &text) : AppendText(snapshot, {}, &text);
  return text;
}

TEST_CASE("A summary shows its quantiles, the sum and the count") {
  Bench bench(Rules(Summary({0.5, 0.99}, {FieldLabel("queue")})), {Rule({"queue", "wait"})});
  for (const double wait : {1.0, 2.0, 3.0, 4.0}) {
    bench.Apply(RecordOf("a", wait).Get(), 1, kStart);
  }
  CHECK(Text(*bench.store, kStart) ==
        "# HELP wait_seconds Things that were counted.\n# TYPE wait_seconds summary\n"
        "wait_seconds{queue=\"a\",quantile=\"0.5\"} 2\n"
        "wait_seconds{queue=\"a\",quantile=\"0.99\"} 4\n"
        "wait_seconds_sum{queue=\"a\"} 10\nwait_seconds_count{queue=\"a\"} 4\n");
  CHECK(Text(*bench.store, kStart, true) ==
        "# HELP wait_seconds Things that were counted.\n# TYPE wait_seconds summary\n"
        "wait_seconds{queue=\"a\",quantile=\"0.5\"} 2\n"
        "wait_seconds{queue=\"a\",quantile=\"0.99\"} 4\n"
        "wait_seconds_sum{queue=\"a\"} 10\nwait_seconds_count{queue=\"a\"} 4\n"
        "wait_seconds_created{queue=\"a\"} 1700000000\n# EOF\n");
}

TEST_CASE("A summary without labels or quantiles is a sum and a count") {
  Bench bench(Rules(Summary({})), {Rule({"wait"})});
  bench.Count(-2);
  CHECK(Text(*bench.store, kStart) ==
        "# HELP wait_seconds Things that were counted.\n# TYPE wait_seconds summary\n"
        "wait_seconds_sum -2\nwait_seconds_count 1\n");
  // OpenMetrics: neither a sum nor a quantile is negative.
  CHECK_THAT(Text(*bench.store, kStart, true), !Catch::Contains("-2"));
}

TEST_CASE("A summary's quantiles forget what is older than its window; sum and count do not") {
  Bench bench(Rules(Summary({0, 1})), {Rule({"wait"})});
  bench.Apply(RecordOf(1).Get(), 1, kStart);
  bench.Apply(RecordOf(9).Get(), 2, kStart + 30'000);
  CHECK_THAT(Text(*bench.store, kStart + 30'000),
             Catch::Contains("{quantile=\"0\"} 1\n") && Catch::Contains("{quantile=\"1\"} 9\n"));
  CHECK_THAT(Text(*bench.store, kStart + 61'000),
             Catch::Contains("{quantile=\"0\"} 9\n") && Catch::Contains("_sum 10\n"));
  CHECK_THAT(Text(*bench.store, kStart + 91'000), Catch::Contains("{quantile=\"0\"} NaN\n") &&
                                                      Catch::Contains("_sum 10\n") &&
                                                      Catch::Contains("_count 2\n"));
}

TEST_CASE("A summary refuses what no number is, and keeps nothing of it") {
  Bench bench(Rules(Summary({0.5})), {Rule({"wait"})});
  bench.Count("fast");
  bench.Count(std::nan(""));
  bench.Count(Null{});
  CHECK(Text(*bench.store, kStart).empty());
  bench.Apply(RecordOf(3).Get(), 1, kStart);
  CHECK_THAT(Text(*bench.store, kStart), Catch::Contains("{quantile=\"0.5\"} 3\n"));
}

TEST_CASE("A summary is what its threads saw together") {
  const rules::RuleSet rules = Rules(Summary({0.5, 1}));
  const auto store = Store::Create(rules).value();
  const std::vector<RuleFields> fields = {Rule({"wait"})};
  Shard& one = store->AddShard();
  Shard& two = store->AddShard();
  Meter first(*store, one, fields);
  Meter second(*store, two, fields);
  for (int i = 1; i <= 100; ++i) {
    const RecordBuilder record = RecordOf(i);
    const Shard::Batch batch(i % 3 == 0 ? one : two, static_cast<uint64_t>(i), kStart);
    (i % 3 == 0 ? first : second).Apply(record.Get());
  }
  CHECK_THAT(Text(*store, kStart), Catch::Contains("{quantile=\"0.5\"} 50\n") &&
                                       Catch::Contains("{quantile=\"1\"} 100\n") &&
                                       Catch::Contains("_sum 5050\n"));
}

TEST_CASE("A summary and its window survive a restart") {
  const rules::RuleSet rules = Rules(Summary({0.5}, {FieldLabel("queue")}));
  Bench before(rules, {Rule({"queue", "wait"})});
  for (int i = 1; i <= 9; ++i) before.Apply(RecordOf("a", i).Get(), 1, kStart);
  before.Apply(RecordOf("b", 7).Get(), 1, kStart);
  Bench after(rules, {Rule({"queue", "wait"})});
  CHECK(after.store->Restore(Save(before.store->TakeSnapshot())).empty());
  CHECK(Text(*after.store, kStart, true) == Text(*before.store, kStart, true));
  after.Apply(RecordOf("a", 100).Get(), 2, kStart + 30'000);
  CHECK_THAT(Text(*after.store, kStart + 30'000),
             Catch::Contains("{queue=\"a\",quantile=\"0.5\"} 5\n") &&
                 Catch::Contains("_sum{queue=\"a\"} 145\n"));
}

}  // namespace
}  // namespace parshall::metrics
