#include "pipeline/ledger.h"

#include <algorithm>

namespace parshall::pipeline {

std::vector<RuleRow> RuleRows(const Ledger& ledger) {
  uint64_t asked = ledger.matching.lines;
  std::vector<RuleRow> rows;
  for (size_t n = 0; n < ledger.rules.size() && n < ledger.matching.rules.size(); ++n) {
    const records::RuleTally& tally = ledger.matching.rules[n];
    RuleRow row{.name = ledger.rules[n],
                .matches = tally.matches,
                .misses = asked - tally.matches,
                .plan_matches = tally.plan_matches,
                .nanos = tally.sampled_nanos * kSampleEvery,
                .last_match_seconds = ledger.rule_last_match[n]};
    asked -= tally.matches;
    for (const RuleRow& earlier : ledger.earlier_rules) {
      if (earlier.name != row.name) continue;
      row.matches += earlier.matches;
      row.misses += earlier.misses;
      row.plan_matches += earlier.plan_matches;
      row.nanos += earlier.nanos;
      row.last_match_seconds = std::max(row.last_match_seconds, earlier.last_match_seconds);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void Add(const SourceTally& from, SourceTally* into) {
  into->bytes_read += from.bytes_read;
  into->lines_framed += from.lines_framed;
  into->lines_waiting += from.lines_waiting;
  into->bytes_skipped += from.bytes_skipped;
  for (size_t n = 0; n < records::kOutcomes; ++n) into->outcomes[n] += from.outcomes[n];
}

void Add(const records::MatcherTally& from, records::MatcherTally* into) {
  into->lines += from.lines;
  into->sampled_lines += from.sampled_lines;
  into->regex_lines += from.regex_lines;
  if (into->rules.size() < from.rules.size()) into->rules.resize(from.rules.size());
  for (size_t n = 0; n < from.rules.size(); ++n) {
    into->rules[n].matches += from.rules[n].matches;
    into->rules[n].plan_matches += from.rules[n].plan_matches;
    into->rules[n].sampled_nanos += from.rules[n].sampled_nanos;
  }
}

}  // namespace parshall::pipeline
