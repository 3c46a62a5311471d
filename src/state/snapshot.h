#pragma once
// What one run leaves to the next, as data: how far each file was read, what was still open between
// two reads, every series, and how long the output was. All of one moment; replaced as a whole
// (commit.h), so that a count and the position behind it never disagree.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes/position.h"
#include "lines/partial_joiner.h"
#include "metrics/saved_metrics.h"
#include "sinks/output_position.h"

namespace parshall::state {

using Counters = std::vector<std::pair<std::string, uint64_t>>;

// A line that may still get continuation lines (pipeline::OpenEvent).
struct SavedEvent {
  std::string rule;  // its name; empty: no event is open
  std::string text;
  uint64_t first_line_size = 0;
  uint8_t continuation = 0;  // lines::Continuation's state
  std::vector<std::pair<std::string, std::string>> envelope;
};

using SavedPieces = lines::PartialLine;

// One source between two reads.
struct SavedSource {
  std::string name;
  bool skipping = false;  // inside of the skipped rest of an over-long line
  Counters tally;         // the ledger's row
  SavedEvent event;
  std::vector<SavedPieces> pieces;
};

// Plain data.
struct Snapshot {
  uint64_t generation = 0;  // counts up with each commit; set by it
  int64_t taken_ms = 0;     // Unix time
  std::vector<bytes::FilePosition> files;
  std::vector<SavedSource> sources;
  std::vector<std::pair<std::string, Counters>> rules;  // the ledger's rows, by rule name
  Counters totals;                                      // the rest of the ledger
  metrics::SavedMetrics metrics;
  std::optional<sinks::OutputPosition> output;  // of an output file
};

}  // namespace parshall::state
