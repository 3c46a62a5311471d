#include "pipeline/ledger.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace parshall::pipeline {
namespace {

// What the rule's transforms have left out.
void AddTransforms(const Ledger& ledger, size_t rule, RuleRow* row) {
  const std::vector<uint64_t>& dropped = ledger.matching.rules[rule].dropped;
  if (rule < ledger.drop_reasons.size()) {
    const std::vector<std::string>& reasons = ledger.drop_reasons[rule];
    for (size_t n = 0; n < reasons.size(); ++n) {
      row->dropped.emplace_back(reasons[n], n < dropped.size() ? dropped[n] : 0);
    }
  }
  row->samples = rule < ledger.rule_samples.size() && ledger.rule_samples[rule];
  if (rule < ledger.rule_sampled_out.size()) row->sampled_out = ledger.rule_sampled_out[rule];
}

}  // namespace

std::vector<RuleRow> RuleRows(const Ledger& ledger) {
  uint64_t asked = ledger.matching.lines;
  std::vector<RuleRow> rows;
  for (size_t n = 0; n < ledger.rules.size() && n < ledger.matching.rules.size(); ++n) {
    const records::RuleTally& tally = ledger.matching.rules[n];
    RuleRow row{.name = ledger.rules[n],
                .matches = tally.matches,
                .misses = asked - tally.matches,
                .plan_matches = tally.plan_matches,
                .nanos = tally.sampled_nanos * kTimedEvery,
                .last_match_seconds = ledger.rule_last_match[n],
                .dropped = {}};
    asked -= tally.matches;
    AddTransforms(ledger, n, &row);
    for (const RuleRow& earlier : ledger.earlier_rules) {
      if (earlier.name != row.name) continue;
      row.matches += earlier.matches;
      row.misses += earlier.misses;
      row.plan_matches += earlier.plan_matches;
      row.nanos += earlier.nanos;
      row.last_match_seconds = std::max(row.last_match_seconds, earlier.last_match_seconds);
      row.sampled_out += earlier.sampled_out;
      for (auto& [reason, count] : row.dropped) {
        for (const auto& [earlier_reason, earlier_count] : earlier.dropped) {
          if (earlier_reason == reason) count += earlier_count;
        }
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::pair<std::string, bytes::FollowTally>> ByName(
    const std::vector<std::pair<std::string, bytes::FollowTally>>& tallies) {
  std::vector<std::pair<std::string, bytes::FollowTally>> all;
  std::unordered_map<std::string_view, size_t> rows;
  for (const auto& [name, tally] : tallies) {
    const auto [at, is_new] = rows.try_emplace(name, all.size());
    if (is_new) {
      all.emplace_back(name, tally);
      continue;
    }
    bytes::FollowTally& row = all[at->second].second;
    bytes::FollowTally sum = tally;
    AddCounts(row, &sum);
    row = sum;
  }
  return all;
}

void Add(const SourceTally& from, SourceTally* into) {
  into->bytes_read += from.bytes_read;
  into->lines_framed += from.lines_framed;
  into->lines_waiting += from.lines_waiting;
  into->bytes_skipped += from.bytes_skipped;
  into->twins += from.twins;
  for (size_t n = 0; n < records::kOutcomes; ++n) into->outcomes[n] += from.outcomes[n];
}

void AddCounts(const bytes::FollowTally& from, bytes::FollowTally* into) {
  into->rotations += from.rotations;
  into->truncations += from.truncations;
  into->bytes_lost += from.bytes_lost;
  into->nul_bytes_skipped += from.nul_bytes_skipped;
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
    const std::vector<uint64_t>& dropped = from.rules[n].dropped;
    if (into->rules[n].dropped.size() < dropped.size()) {
      into->rules[n].dropped.resize(dropped.size());
    }
    for (size_t k = 0; k < dropped.size(); ++k) into->rules[n].dropped[k] += dropped[k];
  }
}

void Add(const sinks::OutputTally& from, sinks::OutputTally* into) {
  into->bytes_written += from.bytes_written;
  into->write_errors += from.write_errors;
  into->dropped_records += from.dropped_records;
  into->dropped_bytes += from.dropped_bytes;
  into->paused_seconds += from.paused_seconds;
  into->rotations += from.rotations;
  into->reopenings += from.reopenings;
}

}  // namespace parshall::pipeline
