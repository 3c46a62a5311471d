// Infos, state sets, and counters whose total the log says.

#include <catch2/catch.hpp>

#include "metrics/openmetrics.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

constexpr int64_t kStart = 1'700'000'000'000;

std::string Text(const Bench& bench) {
  std::string text;
  AppendText(bench.store->TakeSnapshot(), {}, &text);
  return text;
}

std::string OpenMetrics(const Bench& bench) {
  std::string text;
  AppendOpenMetrics(bench.store->TakeSnapshot(), {}, &text);
  return text;
}

uint64_t Rejected(const Bench& bench, Rejection rejection) {
  return bench.store->TakeSnapshot().tallies()[0].rejected[static_cast<size_t>(rejection)];
}

rules::MetricSpec StateSet(std::vector<rules::LabelSpec> labels) {
  rules::MetricSpec spec = Counter("worker_state", std::move(labels), "state");
  spec.kind = rules::MetricKind::kStateSet;
  spec.states = {"idle", "busy", "a \"b\""};
  return spec;
}

rules::MetricSpec Total() {
  rules::MetricSpec spec = Counter("served_total", {}, "n");
  spec.cumulative = true;
  return spec;
}

TEST_CASE("An info shows 1 for each label set that was met") {
  rules::RuleSet rules;
  rules.metrics = {Counter("app_info", {FieldLabel("version")})};
  rules.metrics[0].kind = rules::MetricKind::kInfo;
  Bench bench(rules, {Rule({"version"})});
  for (int i = 0; i < 3; ++i) bench.Count("1.2");
  bench.Count("1.3");
  CHECK(Text(bench) ==
        "# HELP app_info Things that were counted.\n# TYPE app_info gauge\n"
        "app_info{version=\"1.2\"} 1\napp_info{version=\"1.3\"} 1\n");
  CHECK(OpenMetrics(bench) ==
        "# HELP app Things that were counted.\n# TYPE app info\n"
        "app_info{version=\"1.2\"} 1\napp_info{version=\"1.3\"} 1\n# EOF\n");
}

TEST_CASE("A state set shows every state, and 1 for the latest") {
  rules::RuleSet rules;
  rules.metrics = {StateSet({FieldLabel("pid")})};
  Bench bench(rules, {Rule({"pid", "state"})});
  bench.Count(7, "busy");
  bench.Count(7, "lost");
  bench.Count(7, Null{});
  bench.Count(8, "a \"b\"");
  CHECK(Text(bench) ==
        "# HELP worker_state Things that were counted.\n# TYPE worker_state gauge\n"
        "worker_state{pid=\"7\",worker_state=\"idle\"} 0\n"
        "worker_state{pid=\"7\",worker_state=\"busy\"} 1\n"
        "worker_state{pid=\"7\",worker_state=\"a \\\"b\\\"\"} 0\n"
        "worker_state{pid=\"8\",worker_state=\"idle\"} 0\n"
        "worker_state{pid=\"8\",worker_state=\"busy\"} 0\n"
        "worker_state{pid=\"8\",worker_state=\"a \\\"b\\\"\"} 1\n");
  CHECK_THAT(OpenMetrics(bench), Catch::Contains("# TYPE worker_state stateset\n"));
  CHECK(Rejected(bench, Rejection::kUnknownState) == 1);
  CHECK(Rejected(bench, Rejection::kNotANumber) == 0);
}

TEST_CASE("A state set without labels, whose states are numbers, over two workers") {
  rules::RuleSet rules;
  rules.metrics = {StateSet({})};
  rules.metrics[0].states = {"0", "1"};
  const std::vector<RuleFields> fields = {Rule({"state"})};
  Bench bench(rules, fields);
  Shard& second = bench.store->AddShard();
  Meter second_meter(*bench.store, second, fields);
  bench.Apply(RecordOf(0).Get(), 5);
  {
    const Shard::Batch batch(second, 4, kStart);
    second_meter.Apply(RecordOf(1).Get());
  }
  CHECK_THAT(Text(bench), Catch::Contains("worker_state{worker_state=\"0\"} 1\n"
                                          "worker_state{worker_state=\"1\"} 0\n"));
}

TEST_CASE("A counter that is set has the total of the log, and begins anew where that falls") {
  rules::RuleSet rules;
  rules.metrics = {Total()};
  Bench bench(rules, {Rule({"n"})});
  bench.Apply(RecordOf(10).Get(), 1, kStart);
  bench.Apply(RecordOf(12).Get(), 2, kStart + 1000);
  CHECK(OpenMetrics(bench) ==
        "# HELP served Things that were counted.\n# TYPE served counter\nserved_total 12\n"
        "served_created 1700000000\n# EOF\n");
  bench.Apply(RecordOf(3).Get(), 3, kStart + 2000);
  bench.Apply(RecordOf(-1).Get(), 4, kStart + 3000);
  bench.Apply(RecordOf("x").Get(), 4, kStart + 3000);
  CHECK(OpenMetrics(bench) ==
        "# HELP served Things that were counted.\n# TYPE served counter\nserved_total 3\n"
        "served_created 1700000002\n# EOF\n");
  CHECK(Rejected(bench, Rejection::kNegativeStep) == 1);
  CHECK(Rejected(bench, Rejection::kNotANumber) == 1);
}

TEST_CASE("Exemplars stand on counters and buckets in OpenMetrics, the latest of each") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")}), Histogram("h", "v", {1, 10}),
                   Counter("plain_total")};
  for (size_t i = 0; i < 2; ++i) {
    rules.metrics[i].exemplar = "trace";
    rules.metrics[i].exemplar_label = "trace_id";
  }
  Bench bench(rules, {Rule({"a", "v", "trace"})});
  bench.Apply(RecordOf("x", 0.5, "first").Get(), 1, kStart);
  bench.Apply(RecordOf("x", 0.75, "sec\"ond").Get(), 2, kStart + 250);
  bench.Apply(RecordOf("x", 20, std::string(64, 'i')).Get(), 3, kStart + 1000);
  bench.Apply(RecordOf("x", 0.1, std::string(65, 'i')).Get(), 4, kStart + 2000);
  bench.Apply(RecordOf("x", 0.1, "").Get(), 4, kStart + 2000);
  bench.Apply(RecordOf("x", 0.1, Null{}).Get(), 5, kStart + 2000);
  bench.Apply(RecordOf("x", "no number", "bad").Get(), 6, kStart + 3000);
  const std::string text = OpenMetrics(bench);
  const std::string longest = std::string(64, 'i');
  CHECK_THAT(text, Catch::Contains("c_total{a=\"x\"} 7 # {trace_id=\"bad\"} 1 1700000003\n"));
  CHECK_THAT(text, Catch::Contains("h_bucket{le=\"1.0\"} 5 # {trace_id=\"sec\\\"ond\"} 0.75 "
                                   "1700000000.250\n"));
  CHECK_THAT(text, Catch::Contains("h_bucket{le=\"10.0\"} 5\n"));
  CHECK_THAT(text, Catch::Contains("h_bucket{le=\"+Inf\"} 6 # {trace_id=\"" + longest +
                                   "\"} 20 "
                                   "1700000001\n"));
  CHECK_THAT(text, Catch::Contains("plain_total 7\n"));
  CHECK_THAT(Text(bench), !Catch::Contains("trace_id"));
}

TEST_CASE("The exemplar of the latest batch wins over workers, and goes with its series") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")})};
  rules.metrics[0].exemplar = "trace";
  rules.metrics[0].exemplar_label = "trace";
  rules.metrics[0].ttl_ms = 1000;
  const std::vector<RuleFields> fields = {Rule({"a", "trace"})};
  Bench bench(rules, fields);
  Shard& second = bench.store->AddShard();
  Meter second_meter(*bench.store, second, fields);
  bench.Apply(RecordOf("x", "late").Get(), 5, kStart);
  {
    const Shard::Batch batch(second, 4, kStart);
    second_meter.Apply(RecordOf("x", "early").Get());
  }
  CHECK_THAT(OpenMetrics(bench), Catch::Contains("c_total{a=\"x\"} 2 # {trace=\"late\"} 1"));
  bench.Apply(RecordOf("y", Null{}).Get(), 6, kStart + 2000);
  CHECK_THAT(OpenMetrics(bench), Catch::Contains("c_total{a=\"y\"} 1\n"));
  bench.Apply(RecordOf("z", Null{}).Get(), 7, kStart + 2000);  // in the place of x
  CHECK_THAT(OpenMetrics(bench), Catch::Contains("c_total{a=\"z\"} 1\n"));
}

TEST_CASE("Exemplars are bounded") {
  Exemplars exemplars(2);
  const std::string label = "t";
  for (uint32_t series = 0; series < 20'000; ++series) {
    exemplars.Put(series, 1, "id", {.label = &label, .id = {}});
  }
  CHECK(exemplars.Find(9'999, 1) != nullptr);
  CHECK(exemplars.Find(10'000, 1) == nullptr);
  exemplars.Put(5, 1, "other", {.label = &label, .id = {}, .sequence = 1});
  CHECK(exemplars.Find(5, 1)->id == "other");
  exemplars.Move(5, 20'000);
  CHECK(exemplars.Find(5, 1) == nullptr);
  CHECK(exemplars.Find(20'000, 1)->id == "other");
}

TEST_CASE("State sets and totals survive a restart; other states begin anew") {
  rules::RuleSet rules;
  rules.metrics = {Total(), StateSet({})};
  const std::vector<RuleFields> fields = {Rule({"n", "state"})};
  Bench first(rules, fields);
  first.Apply(RecordOf(10, "busy").Get(), 8, kStart);
  first.Apply(RecordOf(4, "busy").Get(), 9, kStart + 1000);
  const SavedMetrics saved = Save(first.store->TakeSnapshot());
  Bench second(rules, fields);
  CHECK(second.store->Restore(saved).empty());
  CHECK(OpenMetrics(second) == OpenMetrics(first));
  second.Apply(RecordOf(5, "idle").Get(), 1, kStart + 9000);  // the first batch of the next run
  CHECK(second.Value("served_total") == 5);
  CHECK_THAT(Text(second), Catch::Contains("worker_state{worker_state=\"idle\"} 1\n"));

  rules.metrics[1].states = {"busy", "idle"};
  Bench third(rules, fields);
  CHECK(third.store->Restore(saved).size() == 1);
  CHECK_THAT(Text(third), !Catch::Contains("worker_state"));
}

}  // namespace
}  // namespace parshall::metrics
