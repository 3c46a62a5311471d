// Metrics whose names come with the records.

#include <catch2/catch.hpp>

#include "metrics/metric_names.h"
#include "metrics/openmetrics.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

rules::MetricSpec Named(std::string name, rules::MetricSpec spec, uint32_t names_max = 100) {
  spec.name = name;
  rules::LabelSpec part;
  part.name = "__name__";
  part.field = "component";
  part.text = std::move(name);
  part.limit = names_max;
  part.name_part = true;
  spec.labels.insert(spec.labels.begin(), part);
  return spec;
}

rules::RuleSet Rules(std::vector<rules::MetricSpec> specs) {
  rules::RuleSet rules;
  rules.metrics = std::move(specs);
  return rules;
}

std::string Text(const Store& store, Snapshot snapshot) {
  static_cast<void>(store);
  std::string text;
  AppendText(snapshot, {}, &text);
  return text;
}

std::string Text(const Bench& bench) { return Text(*bench.store, bench.store->TakeSnapshot()); }

TEST_CASE("A name takes the value of its field, without what no name may have") {
  struct Row {
    std::string name_template, value, name;
  };
  const auto row = GENERATE(values<Row>({
      {"{c}_window", "auth", "auth_window"},
      {"{c}_window", "a-b c\xC3\xA9.", "a_b_c____window"},
      {"{c}_window", "9lives", "_9lives_window"},
      {"app_{c}_total", "9:x", "app_9_x_total"},
      {"app_{c}", "", "app_other"},
  }));
  CHECK(NameFor(row.name_template, row.value) == row.name);
}

TEST_CASE("Each value of the field is a metric of its own, among the others by name") {
  rules::MetricSpec spec = Histogram("x", "ms", {10}, {FieldLabel("host")});
  Bench bench(Rules({Named("{component}_window_ms", std::move(spec)), Counter("bb_total")}),
              {Rule({"component", "host", "ms"})});
  bench.Count("cc", "h", 20);
  bench.Count("a-a", "h", 5);
  bench.Count("a-a", "i", 5);
  bench.Count("a_a", "h", 5);
  CHECK(Text(bench) ==
        "# HELP a_a_window_ms Things that were counted.\n# TYPE a_a_window_ms histogram\n"
        "a_a_window_ms_bucket{host=\"h\",le=\"10\"} 2\n"
        "a_a_window_ms_bucket{host=\"h\",le=\"+Inf\"} 2\n"
        "a_a_window_ms_sum{host=\"h\"} 10\na_a_window_ms_count{host=\"h\"} 2\n"
        "a_a_window_ms_bucket{host=\"i\",le=\"10\"} 1\n"
        "a_a_window_ms_bucket{host=\"i\",le=\"+Inf\"} 1\n"
        "a_a_window_ms_sum{host=\"i\"} 5\na_a_window_ms_count{host=\"i\"} 1\n"
        "# HELP bb_total Things that were counted.\n# TYPE bb_total counter\nbb_total 4\n"
        "# HELP cc_window_ms Things that were counted.\n# TYPE cc_window_ms histogram\n"
        "cc_window_ms_bucket{host=\"h\",le=\"10\"} 0\n"
        "cc_window_ms_bucket{host=\"h\",le=\"+Inf\"} 1\n"
        "cc_window_ms_sum{host=\"h\"} 20\ncc_window_ms_count{host=\"h\"} 1\n");
}

TEST_CASE("Names beyond the limit are one, counted as overflow, and so are records without one") {
  Bench bench(Rules({Named("{component}_seen_total", Counter("x"), 2)}), {Rule({"component"})});
  for (const char* component : {"a", "b", "c", "d", "a"}) bench.Count(component);
  bench.Count(Null{});
  CHECK(Text(bench) ==
        "# HELP a_seen_total Things that were counted.\n# TYPE a_seen_total counter\n"
        "a_seen_total 2\n"
        "# HELP b_seen_total Things that were counted.\n# TYPE b_seen_total counter\n"
        "b_seen_total 1\n"
        "# HELP other_seen_total Things that were counted.\n# TYPE other_seen_total counter\n"
        "other_seen_total 3\n");
  CHECK(bench.store->TakeSnapshot().overflow()[0][0] == 2);
}

TEST_CASE("A name that another metric has, or that is none of its kind, is refused and counted") {
  Bench bench(Rules({Named("{component}_total", Counter("x")), Counter("jobs_total"),
                     Named("{component}_size", Gauge("y", rules::GaugeOp::kSet)),
                     Histogram("wait_size", "value", {1})}),
              {Rule({"component", "value"})});
  for (const char* component : {"jobs", "wait", "parshall_x", "ok", "process_cpu"}) {
    bench.Count(component, 1);
  }
  const std::string text = Text(bench);
  CHECK_THAT(text, Catch::Contains("\njobs_total 5\n"));
  CHECK_THAT(text, Catch::Contains("\nok_total 1\n") && Catch::Contains("\nwait_total 1\n"));
  CHECK_THAT(text, Catch::Contains("\nok_size 1\n") && Catch::Contains("\njobs_size 1\n"));
  CHECK_THAT(text, !Catch::Contains("\nwait_size 1\n") && !Catch::Contains("parshall_x"));
  const Snapshot snapshot = bench.store->TakeSnapshot();
  const auto refused = [&](size_t family) {
    return snapshot.tallies()[family].rejected[static_cast<size_t>(Rejection::kNameTaken)];
  };
  REQUIRE(snapshot.families()[3].name == "{component}_total");
  CHECK(refused(3) == 3);  // jobs_total, parshall_x_total, process_cpu_total
  CHECK(refused(2) == 3);  // wait_size, parshall_x_size, process_cpu_size
}

TEST_CASE("Names survive a restart, and go with their series") {
  rules::MetricSpec spec = Named("{component}_seen_total", Counter("x"), 1);
  spec.ttl_ms = 60'000;
  const rules::RuleSet rules = Rules({spec});
  Bench before(rules, {Rule({"component"})});
  before.Apply(RecordOf("a").Get(), 1, 1000);
  Bench after(rules, {Rule({"component"})});
  CHECK(after.store->Restore(Save(before.store->TakeSnapshot())).empty());
  after.Apply(RecordOf("a").Get(), 2, 2000);
  CHECK_THAT(Text(after), Catch::Contains("\na_seen_total 2\n"));
  CHECK(Text(*after.store, after.store->TakeSnapshot({}, 100'000)).empty());
  after.Apply(RecordOf("b").Get(), 3, 101'000);  // the place is free again
  CHECK_THAT(Text(after), Catch::Contains("\nb_seen_total 1\n"));
}

}  // namespace
}  // namespace parshall::metrics
