#pragma once
// What the run before left: the newest generation in the state directory that is whole. Files that
// are refused are said and counted, never trusted and never forgotten in silence.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "state/decode.h"
#include "state/snapshot.h"
#include "state/state_dir.h"

namespace parshall::state {

// Plain data.
struct Recovered {
  std::optional<Snapshot> snapshot;  // none: a fresh start
  // The name it was read from is kSnapshotName; the next commit keeps that file as the previous
  // generation. A file under that name which was not taken is no generation.
  bool snapshot_is_current = false;
  std::array<uint64_t, kRefusalNames.size()> refused = {};  // files, by Refusal
  std::vector<std::string> notices;                         // sentences for the log
};

// Nothing is changed on the disk. Neither file there: a fresh start. One of them good: the newest
// that is. Files there, but none good: an Error that says what is wrong with each and what to do,
// unless `start_anew`, with which it is a fresh start with notices. A system without descriptors or
// memory is an Error in any case, since trying again later may help.
Result<Recovered> Recover(const StateDir& dir, bool start_anew = false);

}  // namespace parshall::state
