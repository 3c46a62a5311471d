// The texts that `parshall generate` is made of. What Prometheus thinks of them:
// tests/e2e/test_generate.py.

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "monitoring/panels.h"
#include "monitoring/promql.h"
#include "monitoring/rule_file.h"

namespace parshall::monitoring {
namespace {

metrics::Family Histogram(std::vector<double> bounds) {
  metrics::Family family;
  family.name = "wait_seconds";
  family.kind = rules::MetricKind::kHistogram;
  family.buckets = metrics::Buckets(std::move(bounds));
  return family;
}

TEST_CASE("PromqlString escapes what ends a string") {
  CHECK(PromqlString("plain") == R"("plain")");
  CHECK(PromqlString("a\"b\\c\nd") == R"("a\"b\\c\nd")");
}

TEST_CASE("Selector quotes the names that PromQL has other uses for") {
  CHECK(Selector("up", "") == "up");
  CHECK(Selector("up", "job=\"x\"") == "up{job=\"x\"}");
  for (const char* name : {"by", "NaN", "Inf", "count", "group_left", "bool", "offset", "end"}) {
    CHECK(Selector(name, "job=\"x\"") == std::string("{__name__=\"") + name + "\", job=\"x\"}");
  }
}

TEST_CASE("ScrapedLabels are those that a scrape leaves") {
  metrics::Family family;
  family.label_names = {"__name__", "job", "instance", "status"};
  CHECK(ScrapedLabels(family) ==
        std::vector<std::string>{"exported_job", "exported_instance", "status"});
}

TEST_CASE("BucketMatcher finds a bound in both text formats") {
  CHECK(BucketMatcher(0.5) == R"(le="0.5")");
  CHECK(BucketMatcher(1) == R"(le=~"1([.]0)?")");
  CHECK(BucketMatcher(1e6) == R"(le="1e+06")");
}

TEST_CASE("FamilyQuery asks for classic and for native histograms") {
  const metrics::Family classic = Histogram({0.1, 1});
  CHECK(FamilyQuery(classic, "").Quantile("0.9", "5m", "") ==
        "histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m])))");
  metrics::Family native = Histogram({0.1});
  native.sketch = metrics::SketchSpec{};
  CHECK(FamilyQuery(native, "").CountRate("5m", "job") ==
        "(sum by (job) (histogram_count(rate(wait_seconds[5m]))) or "
        "sum by (job) (rate(wait_seconds_count[5m])))");
}

TEST_CASE("FamilyQuery tells metrics of many names apart by a label of their own") {
  metrics::Family family;
  family.name = "{app}_hits_total";
  family.own_names = true;
  family.label_names = {"__name__", "metric_name"};
  CHECK(FamilyQuery(family, "job=\"x\"").Rate("", "5m") ==
        "rate(label_replace({__name__=~\".+_hits_total\", job=\"x\"}, \"metric_name_\", \"$1\", "
        "\"__name__\", \"(.+)\")[5m:])");
}

TEST_CASE("RuleFileText leaves empty groups out and quotes every text") {
  PrometheusRule rule;
  rule.alert = "A";
  rule.expression = "a > 1\nand\nb > 2";
  rule.hold = "5m";
  rule.labels = {{"severity", "x\"y\\z"}};
  CHECK(RuleFileText("One.\nTwo.", {{"none", "", {}}, {"g", "30s", {rule}}}) ==
        "# One.\n# Two.\ngroups:\n  - name: g\n    interval: 30s\n    rules:\n      - alert: A\n"
        "        expr: |-\n          a > 1\n          and\n          b > 2\n        for: 5m\n"
        "        labels:\n          severity: \"x\\\"y\\\\z\"\n");
}

TEST_CASE("PanelGrid lays no panel upon another") {
  PanelGrid grid;
  grid.Row("One");
  for (const auto& [width, height] : {std::pair{6, 4}, {6, 8}, {12, 3}, {13, 2}, {12, 9}, {24, 1}})
    grid.Add(TimeSeries({"t", "d", "s", {{"up", ""}}}), width, height);
  grid.Row("Two");
  grid.Add(TimeSeries({"t", "d", "s", {{"up", ""}}}), 1, 1);
  std::set<std::pair<int, int>> taken;
  std::set<int> ids;
  for (const Json& panel : grid.Take()) {
    CHECK(ids.insert(panel["id"].get<int>()).second);
    const Json& place = panel["gridPos"];
    const int left = place["x"];
    const int top = place["y"];
    CHECK(left + place["w"].get<int>() <= kGridWidth);
    for (int x = left; x < left + place["w"].get<int>(); ++x) {
      for (int y = top; y < top + place["h"].get<int>(); ++y) {
        INFO(x << " " << y);
        CHECK(taken.insert({x, y}).second);
      }
    }
  }
}

}  // namespace
}  // namespace parshall::monitoring
