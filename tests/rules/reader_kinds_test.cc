// What metrics say of their values, of their names and of relabelling.

#include <catch2/catch.hpp>

#include "tests/rules/faults_of.h"

namespace parshall::rules {
namespace {

MetricSpec MetricOf(const std::string& words) {
  const ReadOutcome outcome =
      ReadRules({RuleFile{"r.yaml", "metrics:\n  - {help: h, " + words + "}\n"}});
  for (const Error& error : outcome.faults) FAIL_CHECK(error.ToString());
  return outcome.rules.metrics.at(0);
}

TEST_CASE("A summary and a native histogram are read, with their defaults") {
  const MetricSpec summary =
      MetricOf("name: a, kind: summary, value: v, quantiles: [0, .5, 1], max_age: 90s");
  CHECK(summary.summary ==
        SummarySpec{.quantiles = {0, 0.5, 1}, .max_age_ms = 90'000, .age_buckets = 5});
  CHECK(MetricOf("name: a, kind: summary, value: v").summary.quantiles.empty());
  const MetricSpec native = MetricOf("name: a, kind: histogram, value: v, native: true");
  CHECK(native.native == NativeSpec{});
  CHECK(native.buckets.empty());
  CHECK_FALSE(MetricOf("name: a, kind: histogram, value: v, buckets: [1], native: false").native);
  CHECK(MetricOf("name: a, kind: histogram, value: v, native: {schema: 8, max_buckets: 20, "
                 "zero_threshold: 1e-3}")
            .native == NativeSpec{.schema = 8, .buckets_max = 20, .zero_threshold = 1e-3});
}

TEST_CASE("A name with a field begins the labels") {
  const MetricSpec metric =
      MetricOf("name: 'app_{c}_total', kind: counter, labels: {a: a}, names_max: 7");
  REQUIRE(metric.labels.size() == 2);
  CHECK((metric.labels[0].name_part && metric.labels[0].field == "c"));
  CHECK((metric.labels[0].text == "app_{c}_total" && metric.labels[0].limit == 7));
}

TEST_CASE("Steps of relabelling have Prometheus's defaults") {
  const MetricSpec metric = MetricOf(
      "name: a_total, kind: counter, relabel: [{source_labels: [a, b], target_label: c}, "
      "{action: hashmod, source_labels: a, target_label: m, modulus: 8}]");
  REQUIRE(metric.relabel.size() == 2);
  const RelabelSpec& step = metric.relabel[0];
  CHECK((step.action == RelabelAction::kReplace && step.separator == ";"));
  CHECK((step.regex == "(.*)" && step.replacement == "$1"));
  CHECK(metric.relabel[1].modulus == 8);
}

TEST_CASE("What is wrong with kinds, names and relabelling is said") {
  struct Row {
    const char* words;
    const char* fault;
  };
  const auto row = GENERATE(values<Row>({
      {"name: a, kind: summary, value: v, quantiles: [99]}",
       ": quantiles: are from 0 to 1: 0.99, not 99"},
      {"name: a, kind: summary, value: v, quantiles: [0.9, 0.5]}",
       ": quantiles: must ascend, and 0.5 does not"},
      {"name: a, kind: summary, value: v, max_age: 1m}",
       ": max_age: is about quantiles, and there are none"},
      {"name: a, kind: summary, value: v, quantiles: [0.5], max_age: 10}",
       ": max_age: must be a duration from 1s to 7d like 60s or 10m, and this is \"10\""},
      {"name: a, kind: summary, value: v, buckets: [1]}", ": buckets: are for histograms only"},
      {"name: a, kind: gauge, value: v, quantiles: [1]}", ": quantiles: are for summaries only"},
      {"name: a, kind: gauge, value: v, native: true}", ": native: is for histograms only"},
      {"name: a, kind: summary, quantiles: [1]}", "needs `value:`"},
      {"name: a, kind: summary, value: v, labels: {quantile: q}}",
       "quantile is the label of a summary's quantiles"},
      {"name: a, kind: histogram, value: v, native: {schema: 9}}", "schema"},
      {"name: a, kind: histogram, value: v, native: {zero_threshold: 0}}",
       "zero_threshold: must be a number above 0"},
      {"name: '{c}', kind: gauge, value: v}", ": a name is not a field alone"},
      {"name: '{c}_{d}_x', kind: gauge, value: v}", ": a name has one {field}"},
      {"name: 'x_{}', kind: gauge, value: v}", ": a name has one {field}"},
      {"name: '{c}_x', kind: counter}", "a counter's name ends in _total"},
      {"name: 'a-{c}', kind: gauge, value: v}", "a metric's name is made of letters"},
      {"name: a, kind: gauge, value: v, names_max: 3}", "names_max: is for names with a {field}"},
      {"name: '{c}_x_total', kind: counter, init: true}", "is not there from the start"},
      {"name: a_total, kind: counter, relabel: {}}", "relabel: must be a list of steps"},
      {"name: a_total, kind: counter, relabel: [{action: swap}]}", "\"swap\""},
      {"name: a_total, kind: counter, relabel: [{source_labels: a}]}", "needs `target_label:`"},
      {"name: a_total, kind: counter, relabel: [{action: drop}]}", "needs `source_labels:`"},
      {"name: a_total, kind: counter, relabel: [{target_label: __name__}]}",
       "the name of a metric is said by `name:`"},
      {"name: a_total, kind: counter, relabel: [{target_label: le}]}", "le belongs to the parts"},
      {"name: a_total, kind: counter, relabel: [{target_label: a-b}]}", "is no name of a label"},
      {"name: a_total, kind: counter, relabel: [{action: hashmod, source_labels: a, target_label: "
       "b}]}",
       "needs `modulus:`"},
      {"name: a_total, kind: counter, relabel: [{regex: a, action: labeldrop, modulus: 3}]}",
       "modulus: is for hashmod only"},
      {"name: a_total, kind: counter, labels: {p: {field: p, template: path}}, relabel: [{regex: "
       "a, action: labeldrop}]}",
       "cannot stand beside delete: or a label with template:"},
  }));
  const std::string faults = FaultsOf("metrics:\n  - {help: h, " + std::string(row.words) + "\n");
  CAPTURE(row.words, faults);
  CHECK_THAT(faults, Catch::StartsWith("r.yaml:2:") && Catch::Contains(row.fault));
}

}  // namespace
}  // namespace parshall::rules
