// Labels that explode: bounded memory, exact totals, and an answer to "which one is it?".

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>

#include "metrics/offenders.h"
#include "metrics/own_families.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

// value by label text, of an own family
std::map<std::string, double> Own(const Snapshot& snapshot, const std::string& name) {
  std::map<std::string, double> rows;
  for (const prometheus::MetricFamily& family : MeterFamilies(snapshot)) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::string labels;
      for (const auto& label : metric.label) labels += label.name + "=" + label.value + " ";
      rows[labels] = metric.gauge.value;
    }
  }
  return rows;
}

TEST_CASE("Offenders keeps the frequent values of a long stream, and none that are rare") {
  Offenders offenders;
  for (int i = 0; i < 30'000; ++i) {
    offenders.Add(Numbered("rare-", i));
    if (i % 3 == 0) offenders.Add("often");
    if (i % 10 == 0) offenders.Add("sometimes \xFF");
  }
  const std::vector<Offenders::Value> top = offenders.Top(0.02, 5);
  REQUIRE(top.size() == 2);
  CHECK(top[0].text == "often");
  CHECK(top[0].count >= 10'000);
  CHECK(top[0].sure() <= 10'000);
  CHECK(top[0].sure() > 9'000);
  CHECK(top[1].text == "sometimes \xEF\xBF\xBD");
  CHECK(offenders.Top(0, 1).size() == 1);
  Offenders both = offenders;
  both.Merge(offenders);
  CHECK(both.total() == 2 * offenders.total());
  CHECK(both.Top(0.02, 5).at(0).text == "often");
  Offenders longest;
  longest.Add(std::string(63, 'a') + "\xC3\xBC" + "tail");
  CHECK(longest.Top(0, 1).at(0).text == std::string(63, 'a'));
}

TEST_CASE("Own series tell which label of which metric explodes, and with what") {
  rules::RuleSet rules;
  rules::LabelSpec path = FieldLabel("path");
  path.limit = 2;
  rules.metrics = {Counter("c_total", {path, FieldLabel("status")})};
  Bench bench(rules, {Rule({"path", "status"})});
  bench.Count("/1", 200);
  bench.Count("/2", 200);
  for (int i = 0; i < 3200; ++i) {
    bench.Count(i % 32 < 16 ? std::string("/scan") : Numbered("/x", i), 404);
    if (i % 16 != 15) bench.Count("/2", 404);
  }
  const Snapshot snapshot = bench.store->TakeSnapshot();
  CHECK(Own(snapshot, "parshall_metric_label_values") ==
        std::map<std::string, double>{{"metric=c_total label=path ", 2},
                                      {"metric=c_total label=status ", 2}});
  CHECK(Own(snapshot, "parshall_metric_label_limit") ==
        std::map<std::string, double>{{"metric=c_total label=path ", 2},
                                      {"metric=c_total label=status ", 1000}});
  const auto top = Own(snapshot, "parshall_metric_overflow_top_ratio");
  REQUIRE(top.size() == 1);
  CHECK(top.begin()->first == "metric=c_total label=path value=/scan ");
  CHECK(top.begin()->second == Approx(0.5).margin(0.05));
}

TEST_CASE("All metrics together have a greatest number of series, and totals stay exact") {
  rules::RuleSet rules;
  rules.metrics = {Counter("a_total", {FieldLabel("a")}), Counter("b_total", {FieldLabel("b")})};
  Bench bench(rules, {Rule({"a", "b"})}, {}, {.series_max = 1000, .series_total_max = 20});
  for (int i = 0; i < 100; ++i) bench.Count(i, i);
  CHECK(bench.Value("a_total", R"(a="9")") == 1);
  CHECK(bench.Value("a_total", R"(a="__other__")") == 90);
  CHECK(bench.Value("b_total", R"(b="__other__")") == 90);
  CHECK(bench.store->registry().series_total() == 22);
}

// PARSHALL_MANY_VALUES=1000000 is the bar: 200 MiB and a scrape of at most a second.
TEST_CASE("Distinct paths, methods and hosts without end: exact totals, bounded memory") {
  const char* wanted = std::getenv("PARSHALL_MANY_VALUES");
  const int values = wanted != nullptr ? std::atoi(wanted) : 30'000;
  rules::RuleSet rules;
  rules.metrics = {
      Counter("all_total", {FieldLabel("path"), FieldLabel("method"), FieldLabel("host")}),
      Histogram("h", "size", kSizeBuckets, {FieldLabel("path")})};
  Bench bench(rules, {Rule({"path", "method", "host", "size"})});
  for (int i = 0; i < values; ++i) {
    bench.Count(Numbered("/some/longer/path/to/be/met/", i), Numbered("M", i), Numbered("host", i),
                i);
  }
  const auto begin = std::chrono::steady_clock::now();
  const Snapshot snapshot = bench.store->TakeSnapshot();
  std::string body;
  AppendText(snapshot, MeterFamilies(snapshot), &body);
  const std::chrono::duration<double> scrape = std::chrono::steady_clock::now() - begin;
  uint64_t total = 0;
  size_t rows = 0;
  snapshot.ForEachRow(snapshot.families()[0], [&](const Row& row) {
    total += row.cells[0];
    ++rows;
  });
  uint64_t observations = 0;
  snapshot.ForEachRow(snapshot.families()[1], [&](const Row& row) {
    observations += ObservationCount(snapshot.families()[1], row.cells);
  });
  CHECK(total == static_cast<uint64_t>(values));
  CHECK(observations == static_cast<uint64_t>(values));
  CHECK(rows == 1001);
  CHECK(snapshot.overflow()[0] == std::vector<uint64_t>(3, static_cast<uint64_t>(values) - 1000));
  CHECK(scrape.count() <= 1.0);
  if (wanted != nullptr) {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    WARN("scrape " << scrape.count() << " s, " << body.size() << " bytes, resident at most "
                   << usage.ru_maxrss / 1024 << " MiB");
    CHECK(usage.ru_maxrss <= 200 * 1024);
  }
}

}  // namespace
}  // namespace parshall::metrics
