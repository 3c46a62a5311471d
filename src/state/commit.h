#pragma once
// Replaces the snapshot on the disk as a whole: after a crash at any moment the next run finds the
// generation before or the one after, never neither. commit.cc says why.

#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "state/recover.h"
#include "state/snapshot.h"
#include "state/state_dir.h"

namespace parshall::state {

// Counts of one Committer. Plain data.
struct CommitTally {
  uint64_t commits = 0;   // that succeeded
  uint64_t failures = 0;  // that did not
  uint64_t bytes = 0;     // of all that succeeded
  uint64_t last_bytes = 0;
  int64_t last_success_ms = 0;       // Unix time; 0: none yet
  double last_duration_seconds = 0;  // of the last try, from encoding to the directory's fsync
  std::string last_error;            // empty after a success
};

// One thread.
class Committer {
 public:
  // `dir` is locked (StateDir::Open) and lives longer; `recovered` is what Recover() found in it.
  Committer(StateDir& dir, const Recovered& recovered);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Sets snapshot.generation and commits. What it speaks of as done must be on the disk before: an
  // output file is synced up to output.length first, or a power cut leaves it shorter than that.
  //
  // On failure the files hold what they held, or, if only the last step failed, the new generation;
  // either is whole. Nothing is kept of the try: a later commit writes all anew. So after a full
  // disk it is enough to try again with the next snapshot.
  Status Commit(Snapshot& snapshot);

  // Of the newest generation tried. A number is never given twice: after a failure there are gaps.
  uint64_t generation() const { return generation_; }
  const CommitTally& tally() const { return tally_; }

 private:
  Status Replace(const Snapshot& snapshot);
  Status WriteTemporary(std::string* name);
  Status PutInPlace(const std::string& temporary);

  StateDir& dir_;
  uint64_t generation_ = 0;
  bool snapshot_is_current_ = false;  // the file of that name is what we loaded or wrote
  Buffer bytes_;
  CommitTally tally_;
};

}  // namespace parshall::state
