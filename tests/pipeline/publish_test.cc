#include "pipeline/publish.h"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "tests/pipeline/corpus.h"
#include "tests/pipeline/kit.h"

namespace parshall::pipeline {
namespace {

// name{label=value,…} → value
std::map<std::string, double> Rows(const std::vector<prometheus::MetricFamily>& families) {
  std::map<std::string, double> rows;
  for (const prometheus::MetricFamily& family : families) {
    CHECK(family.help.ends_with('.'));
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::string name = family.name + "{";
      for (const auto& label : metric.label) name += label.name + "=" + label.value + ",";
      name += "}";
      INFO(name);
      CHECK(rows.count(name) == 0);
      rows[name] = family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                                  : metric.gauge.value;
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("The ledger's series balance: read is the sum of outcomes, each rule's in is its outs") {
  testing::TestRun run(testing::Shipped(), {"a.log", "b.log"},
                       {{testing::Step::kBytes, 0, testing::WholeCorpus()},
                        {testing::Step::kEnded, 0, {}},
                        {testing::Step::kBytes, 1, "x\ny\n"},
                        {testing::Step::kEnded, 1, {}}},
                       {.threads = 2, .line_bytes_max = testing::kCorpusLineBytesMax});
  run.Start();
  run.pipeline->Wait();
  const Ledger ledger = run.pipeline->Scrape().ledger;
  std::map<std::string, double> rows = Rows(LedgerFamilies(ledger));
  CHECK(rows["parshall_lines_read_total{source=a.log,}"] == 37);
  CHECK(rows["parshall_lines_read_total{source=b.log,}"] == 2);
  for (const std::string source : {"a.log", "b.log"}) {
    double sum = 0;
    for (const char* outcome :
         {"matched", "unmatched", "oversized", "dropped", "rejected", "duplicate"}) {
      const std::string name =
          "parshall_lines_total{source=" + source + ",outcome=" + outcome + ",}";
      REQUIRE(rows.count(name) == 1);
      sum += rows[name];
    }
    CHECK(sum == rows["parshall_lines_read_total{source=" + source + ",}"]);
  }
  CHECK(rows["parshall_bytes_read_total{source=b.log,}"] == 4);
  CHECK(rows["parshall_bytes_skipped_total{source=a.log,}"] > 0);
  CHECK(rows["parshall_output_bytes_total{}"] == static_cast<double>(run.output.Text().size()));
  CHECK(rows["parshall_continuation_lines_total{}"] == 14);
  // A rule is asked about what the rules before it did not match.
  double asked = static_cast<double>(ledger.matching.lines);
  for (const std::string& rule : ledger.rules) {
    const double matches = rows["parshall_rule_matches_total{rule=" + rule + ",}"];
    CHECK(matches + rows["parshall_rule_misses_total{rule=" + rule + ",}"] == asked);
    CHECK(rows["parshall_rule_plan_matches_total{rule=" + rule + ",}"] <= matches);
    const double last = rows["parshall_rule_last_match_timestamp_seconds{rule=" + rule + ",}"];
    CHECK((last > 0) == (matches > 0));
    asked -= matches;
  }
  CHECK(asked == 21);  // unmatched ones and continuations
}

}  // namespace parshall::pipeline
