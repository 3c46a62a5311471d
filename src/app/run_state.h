#pragma once
// The state of a run: what an earlier run left in the state directory, and where this one's
// snapshots go.

#include <prometheus/metric_family.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "state/commit.h"
#include "state/recover.h"
#include "state/state_dir.h"

namespace parshall::app {

// Any thread may call Families(); the rest is for one thread at a time.
class RunState {
 public:
  // Locks the directory and reads the newest snapshot that is whole.
  static Result<std::unique_ptr<RunState>> Open(const std::string& directory);

  // What the earlier run left; empty at a fresh start. Moved out.
  std::optional<state::Snapshot> TakeRecovered();
  // Sentences for the log: what was refused.
  const std::vector<std::string>& notices() const { return recovered_.notices; }

  Status Commit(state::Snapshot& snapshot);

  // parshall_state_…, for /metrics.
  std::vector<prometheus::MetricFamily> Families() const;

 private:
  RunState(state::StateDir dir, state::Recovered recovered);

  state::StateDir dir_;
  state::Recovered recovered_;
  state::Committer committer_;
  mutable std::mutex mutex_;
  state::CommitTally tally_;  // as of the last commit
  uint64_t generation_ = 0;
};

}  // namespace parshall::app
