#pragma once
// The ledger: what became of every line of every source. Workers count into plain structs of their
// own; publish.cc turns them into the program's own series.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bytes/follow_tally.h"
#include "records/matcher.h"
#include "sinks/output_options.h"
#include "sinks/record_json.h"

namespace parshall::pipeline {

// One line in so many has its rules timed: under 1 % of the time, and enough to see which rule
// costs. Its time stands for all of them, so that the sum never falls.
inline constexpr uint64_t kTimedEvery = 1024;

// One worker's counts for one source. lines_read always equals the sum over outcomes: a line whose
// outcome is still open (a piece of a longer one) is not counted as read before it is closed.
struct SourceTally {
  uint64_t bytes_read = 0;
  uint64_t lines_framed = 0;  // newlines seen, last lines without one included
  uint64_t lines_waiting =
      0;  // of these, pieces without outcome yet (this worker's share; wraps modulo 2^64)
  std::array<uint64_t, records::kOutcomes> outcomes{};
  uint64_t bytes_skipped = 0;  // behind the cut of over-long lines
  uint64_t twins = 0;          // lines that were the line before once more (twins.h)
};

struct WorkerTally {
  std::vector<SourceTally> sources;        // by Source::index()
  std::vector<double> rule_last_match;     // by rule: Unix seconds, 0 for never
  std::vector<uint64_t> rule_sampled_out;  // by rule: records that were counted and not written
  uint64_t continuation_lines = 0;         // joined to the event before them
};

// One rule's counts, of this run and of those whose state it went on with.
struct RuleRow {
  std::string name;
  uint64_t matches = 0;
  uint64_t misses = 0;  // a rule is asked about what the rules before it did not match
  uint64_t plan_matches = 0;
  uint64_t nanos = 0;             // spent on it, estimated from the sampled lines
  double last_match_seconds = 0;  // Unix time; 0: never
  std::vector<std::pair<std::string, uint64_t>> dropped;  // by the reason that a transform gave
  bool samples = false;                                   // it has a `sample:`
  uint64_t sampled_out = 0;
};

// Sources whose files are gone, and so long or so many ago that they have given up their names.
struct GoneSources {
  uint64_t sources = 0;
  SourceTally tally;          // of all of them
  bytes::FollowTally follow;  // of this run
};

// All workers' counts at one moment. What earlier runs left is in everything but `rules`,
// `matching` (but for regex_lines) and `rule_last_match`; see RuleRows().
struct Ledger {
  struct Source {
    std::string name;
    SourceTally tally;
  };
  std::vector<Source> sources;
  GoneSources gone;
  std::vector<std::string> rules;                      // names, by index
  std::vector<std::vector<std::string>> drop_reasons;  // by rule, as its transforms give them
  std::vector<bool> rule_samples;                      // by rule: it has a `sample:`
  std::vector<uint64_t> rule_sampled_out;              // by rule
  records::MatcherTally matching;
  std::vector<double> rule_last_match;
  sinks::RecordJsonTally records;
  uint64_t continuation_lines = 0;
  uint64_t output_bytes = 0;
  std::vector<RuleRow> earlier_rules;  // by name, not by index
  sinks::OutputTally output;
  std::vector<std::pair<std::string, bytes::FollowTally>> following;  // by source
  bytes::WatchTally watched;
  uint64_t config_hash = 0;  // of the configuration whose rules counted this
};

std::vector<RuleRow> RuleRows(const Ledger& ledger);

// Each name once: counts are added up, gauges are those of the latest.
std::vector<std::pair<std::string, bytes::FollowTally>> ByName(
    const std::vector<std::pair<std::string, bytes::FollowTally>>& tallies);

void Add(const SourceTally& from, SourceTally* into);
// But for the gauges.
void AddCounts(const bytes::FollowTally& from, bytes::FollowTally* into);
void Add(const records::MatcherTally& from, records::MatcherTally* into);
// All counts; whether it is paused is the later one's affair.
void Add(const sinks::OutputTally& from, sinks::OutputTally* into);

}  // namespace parshall::pipeline
