// Relabelling. The table follows the tests of Prometheus's own relabel package and its
// documentation (relabel_config): the semantics are taken over from there, the rows are written
// anew.

#include <catch2/catch.hpp>

#include "metrics/relabel.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests
using rules::RelabelAction;
using rules::RelabelSpec;
using Labels = Relabeler::Labels;

const Labels kStart = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};

RelabelSpec Step(RelabelAction action, std::vector<std::string> source, std::string regex = "(.*)",
                 std::string target = {}, std::string replacement = "$1") {
  RelabelSpec step;
  step.action = action;
  step.source_labels = std::move(source);
  step.regex = std::move(regex);
  step.target_label = std::move(target);
  step.replacement = std::move(replacement);
  return step;
}

RelabelSpec Modulo(std::vector<std::string> source, uint64_t modulus, std::string target) {
  RelabelSpec step = Step(RelabelAction::kHashMod, std::move(source), "(.*)", std::move(target));
  step.modulus = modulus;
  return step;
}

struct Row {
  std::string name;
  std::vector<RelabelSpec> steps;
  std::optional<Labels> wanted;  // none: dropped
  Labels labels = kStart;
};

TEST_CASE("Relabelling does what Prometheus does") {
  using enum RelabelAction;
  const std::vector<Row> rows = {
      {"replace, with a group",
       {Step(kReplace, {"a"}, "f(.*)", "d", "ch${1}-ch${1}")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "choo-choo"}}},
      {"replace uses what the step before made",
       {Step(kReplace, {"a", "b"}, "f(.*);(.*)r", "a", "b${1}${2}m"),
        Step(kReplace, {"c", "a"}, "(b).*b(.*)ba(.*)", "d", "$1$2$2$3")},
       Labels{{"a", "boobam"}, {"b", "bar"}, {"c", "baz"}, {"d", "boooom"}},
       {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "d"}}},
      {"drop on a match", {Step(kDrop, {"a"}, ".*o.*")}, std::nullopt},
      {"drop without a match", {Step(kDrop, {"a"}, ".*x.*")}, kStart},
      {"drop is anchored", {Step(kDrop, {"a"}, "o")}, kStart},
      {"keep without a match", {Step(kKeep, {"a"}, "no-match")}, std::nullopt},
      {"keep on a match", {Step(kKeep, {"a"}, "f.*")}, kStart},
      {"keep is anchored", {Step(kKeep, {"a"}, "f|o")}, std::nullopt},
      {"keep with several sources", {Step(kKeep, {"a", "b"}, "foo;bar")}, kStart},
      {"a label that is not there is empty", {Step(kKeep, {"x", "a"}, ";foo")}, kStart},
      {"replace without a match changes nothing", {Step(kReplace, {"a"}, "x(.*)", "b")}, kStart},
      {"replace by nothing removes",
       {Step(kReplace, {"a"}, "f(x?)oo", "b")},
       Labels{{"a", "foo"}, {"c", "baz"}}},
      {"a target with a group",
       {Step(kReplace, {"a"}, "(f)(oo)", "${1}_$2", "v")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"f_oo", "v"}}},
      {"a target that is no name", {Step(kReplace, {"a"}, "(.*)", "0$1", "v")}, kStart},
      {"a name is as long as can be", {Step(kReplace, {"a"}, "(.*)", "d", "$1x")}, kStart},
      {"a named group",
       {Step(kReplace, {"a"}, "(?P<first>.)(.*)", "d", "$first$$${2}$")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "f$oo$"}}},
      {"the defaults copy",
       {Step(kReplace, {"a"}, "(.*)", "d")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "foo"}}},
      {"hashmod",
       {Modulo({"c"}, 1000, "d")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "976"}}},
      {"hashmod of lines", {Modulo({"a"}, 1000, "a")}, Labels{{"a", "734"}}, {{"a", "foo\nbar"}}},
      {"labelmap",
       {Step(kLabelMap, {}, "(b.*)", "", "bar_${1}")},
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}, {"bar_b1", "bar"}, {"bar_b2", "baz"}},
       {{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}}},
      {"labelmap over labels that are there",
       {Step(kLabelMap, {}, "__meta_(my.*)", "", "${1}")},
       Labels{{"a", "foo"}, {"my_bar", "aaa"}, {"my_baz", "bbb"}},
       {{"a", "foo"}, {"__meta_my_bar", "aaa"}, {"__meta_my_baz", "bbb"}, {"my_bar", "x"}}},
      {"labeldrop", {Step(kLabelDrop, {}, "(b.*)")}, Labels{{"a", "foo"}, {"c", "baz"}}},
      {"labelkeep", {Step(kLabelKeep, {}, "(b.*)")}, Labels{{"b", "bar"}}},
      {"lowercase and uppercase",
       {Step(kUppercase, {"a"}, "(.*)", "up"), Step(kLowercase, {"up"}, "(.*)", "low")},
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"low", "foo"}, {"up", "FOO"}}},
      {"keepequal", {Step(kKeepEqual, {"a"}, "(.*)", "d")}, std::nullopt},
      {"keepequal of the same",
       {Step(kKeepEqual, {"a"}, "(.*)", "d")},
       Labels{{"a", "x"}, {"d", "x"}},
       {{"a", "x"}, {"d", "x"}}},
      {"dropequal", {Step(kDropEqual, {"a"}, "(.*)", "d")}, std::nullopt, {{"a", "x"}, {"d", "x"}}},
      {"a label for a while",
       {Step(kReplace, {"a"}, "(.*)", "__tmp"), Step(kReplace, {"__tmp"}, "(.*)", "b")},
       Labels{{"a", "foo"}, {"b", "foo"}, {"c", "baz"}}},
      {"the metric's name is known, and stays",
       {Step(kReplace, {"__name__"}, "m_(.*)", "a"), Step(kLabelDrop, {}, "__name__")},
       Labels{{"__name__", "m_x"}, {"a", "x"}},
       {{"__name__", "m_x"}, {"a", "foo"}}},
      {"what tells the parts apart is not made",
       {Step(kLabelMap, {}, "a", "", "le"), Step(kLabelMap, {}, "a", "", "quantile"),
        Step(kLabelMap, {}, "a", "", "0")},
       kStart},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Labels labels = row.labels;
    const bool kept = Relabeler(row.steps).Apply(&labels);
    CHECK(kept == row.wanted.has_value());
    if (row.wanted) CHECK(labels == *row.wanted);
  }
}

std::string Text(const Bench& bench) {
  std::string text;
  AppendText(bench.store->TakeSnapshot(), {}, &text);
  return text;
}

TEST_CASE("Series that relabelling makes the same are one, and what it drops is counted") {
  rules::RuleSet rules;
  rules.metrics = {Counter("hits_total", {FieldLabel("host"), FieldLabel("path")})};
  rules.metrics[0].relabel = {Step(RelabelAction::kDrop, {"path"}, "/health"),
                              Step(RelabelAction::kLabelDrop, {}, "path"),
                              Step(RelabelAction::kReplace, {"host"}, "([^.]*)[.].*", "host")};
  Bench bench(rules, {Rule({"host", "path"})}, {{"env", "prod"}});
  bench.Count("a.example", "/1");
  bench.Count("a.other", "/2");
  bench.Count("b.example", "/health");
  bench.Count("b.example", "/health");
  CHECK(Text(bench) ==
        "# HELP hits_total Things that were counted.\n# TYPE hits_total counter\n"
        "hits_total{host=\"a\",env=\"prod\"} 2\n");
  const MeterTally tally = bench.store->TakeSnapshot().tallies()[0];
  CHECK(tally.rejected[static_cast<size_t>(Rejection::kRelabelled)] == 2);
  Bench next(rules, {Rule({"host", "path"})}, {{"env", "prod"}});
  CHECK(next.store->Restore(Save(bench.store->TakeSnapshot())).empty());
  next.Count("a.third", "/3");
  CHECK_THAT(Text(next), Catch::Contains("hits_total{host=\"a\",env=\"prod\"} 3\n"));
}

TEST_CASE("A histogram without a label left has its buckets") {
  rules::RuleSet rules;
  rules.metrics = {Histogram("size_bytes", "size", {1}, {FieldLabel("path")})};
  rules.metrics[0].relabel = {Step(RelabelAction::kReplace, {"path"}, "/(.*)", "path")};
  Bench bench(rules, {Rule({"path", "size"})});
  bench.Count("/", 1);
  bench.Count("/a", 2);
  CHECK(Text(bench) ==
        "# HELP size_bytes Things that were counted.\n# TYPE size_bytes histogram\n"
        "size_bytes_bucket{le=\"1\"} 1\nsize_bytes_bucket{le=\"+Inf\"} 1\n"
        "size_bytes_sum 1\nsize_bytes_count 1\n"
        "size_bytes_bucket{path=\"a\",le=\"1\"} 0\nsize_bytes_bucket{path=\"a\",le=\"+Inf\"} 1\n"
        "size_bytes_sum{path=\"a\"} 2\nsize_bytes_count{path=\"a\"} 1\n");
}

TEST_CASE("An expression that RE2 refuses is a fault of the metric") {
  rules::RuleSet rules;
  rules.metrics = {Counter("hits_total", {FieldLabel("host")})};
  rules.metrics[0].relabel = {Step(RelabelAction::kDrop, {"host"}, "(")};
  const std::vector<Error> faults = CheckMetrics(rules, {});
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].what == "metric \"hits_total\": relabel: regex: missing ): (");
}

}  // namespace
}  // namespace parshall::metrics
