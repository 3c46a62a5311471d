#pragma once
// The families of the rules as /metrics shows them: most are one to one; a metric whose name comes
// with the records is shown under each of its names.

#include <algorithm>
#include <string>
#include <vector>

#include "metrics/snapshot.h"

namespace parshall::metrics {

// A family, or a run of its series, of one name. Points into the snapshot.
struct ExposedFamily {
  std::string name;
  const Family* family = nullptr;
  bool labelled = true;   // its rows have labels; or none of them has
  bool first = true;      // of its name: HELP and TYPE come before it
  bool listed = false;    // `rows` are all; else they are those of the family
  std::vector<Row> rows;  // by label text

  template <typename OnRow>
  void ForEachRow(const Snapshot& snapshot, OnRow on_row) const {
    if (!listed) return snapshot.ForEachRow(*family, on_row);
    for (const Row& row : rows) on_row(row);
  }
  // The same for some places of that order: on_row(Row, place), see Snapshot::ForEachRowIn.
  template <typename OnRow>
  void ForEachRowIn(const Snapshot& snapshot, size_t begin, size_t end, OnRow on_row) const {
    if (!listed) return snapshot.ForEachRowIn(*family, begin, end, on_row);
    end = std::min(end, rows.size());
    for (size_t place = begin; place < end; ++place) on_row(rows[place], place);
  }
};

// By name.
std::vector<ExposedFamily> ExposedFamilies(const Snapshot& snapshot);

}  // namespace parshall::metrics
