#pragma once
// What a saved moment holds beside plain cells: when series that can go were last
// counted, what templates know, and sketches.

#include <string>
#include <utility>
#include <vector>

#include "metrics/saved_metrics.h"

namespace parshall::metrics {

using Notes = std::vector<std::pair<std::string, std::string>>;

// Appends the notes of one family; most have none.
void SaveNotes(const Snapshot& snapshot, const Family& family, Notes* notes);

// The note of this key, or null.
const std::string* FindNote(const Notes& notes, std::string_view key);

}  // namespace parshall::metrics
