#pragma once
// All series as data, for a snapshot on disk: made of one moment (Save) and put back into the store
// of the next run (Restore in store.h).

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "metrics/snapshot.h"

namespace parshall::metrics {

// One family and its series. Plain data.
struct SavedFamily {
  struct Row {
    std::string labels;      // as Series::labels, without the constant labels of the whole program
    int64_t created_ms = 0;  // Unix time
  };

  std::string name;
  uint8_t cell_kind = 0;  // CellKind
  std::vector<std::string> label_names;
  std::vector<double> bounds;      // of a histogram's buckets, without +Inf
  uint32_t cell_count = 0;         // for each row
  std::vector<Row> rows;           // by label text
  std::vector<uint64_t> cells;     // rows.size() × cell_count
  std::vector<uint64_t> rejected;  // by Rejection
};

// What a group of metrics has learned of its labels: the values that have a place within the limit.
struct SavedGroup {
  struct Label {
    std::string name;
    std::vector<std::string> values;
    uint64_t overflow = 0;  // records whose value was folded into `__other__`
  };

  std::string key;  // which group: the names of its families and labels
  std::vector<Label> labels;
};

struct SavedMetrics {
  std::vector<SavedFamily> families;
  std::vector<SavedGroup> groups;
  // What only some metrics have, by a key that says what it is: see saved_notes.cc.
  std::vector<std::pair<std::string, std::string>> notes;
};

// Any thread.
SavedMetrics Save(const Snapshot& snapshot);

}  // namespace parshall::metrics
