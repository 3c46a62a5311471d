#pragma once
// The ledger: what became of every line of every source. Workers count into plain structs of their
// own; publish.cc turns them into the program's own series.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "records/matcher.h"
#include "sinks/output_options.h"
#include "sinks/record_json.h"

namespace parshall::pipeline {

// One worker's counts for one source. lines_read always equals the sum over outcomes: a line whose
// outcome is still open (a piece of a longer one) is not counted as read before it is closed.
struct SourceTally {
  uint64_t bytes_read = 0;
  uint64_t lines_framed = 0;  // newlines seen, last lines without one included
  uint64_t lines_waiting =
      0;  // of these, pieces without outcome yet (this worker's share; wraps modulo 2^64)
  std::array<uint64_t, records::kOutcomes> outcomes{};
  uint64_t bytes_skipped = 0;  // behind the cut of over-long lines
};

struct WorkerTally {
  std::vector<SourceTally> sources;     // by Source::index()
  std::vector<double> rule_last_match;  // by rule: Unix seconds, 0 for never
  uint64_t continuation_lines = 0;      // joined to the event before them
};

// All workers' counts at one moment.
struct Ledger {
  struct Source {
    std::string name;
    SourceTally tally;
  };
  std::vector<Source> sources;
  std::vector<std::string> rules;  // names, by index
  records::MatcherTally matching;
  std::vector<double> rule_last_match;
  sinks::RecordJsonTally records;
  uint64_t continuation_lines = 0;
  uint64_t output_bytes = 0;
  sinks::OutputTally output;
};

void Add(const SourceTally& from, SourceTally* into);
void Add(const records::MatcherTally& from, records::MatcherTally* into);

}  // namespace parshall::pipeline
