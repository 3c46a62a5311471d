#include "app/run_state.h"

#include <utility>

namespace parshall::app {
namespace {

prometheus::MetricFamily Family(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return family;
}

}  // namespace

Result<std::unique_ptr<RunState>> RunState::Open(const std::string& directory) {
  Result<state::StateDir> dir = state::StateDir::Open(directory);
  if (!dir.ok()) return dir.error();
  Result<state::Recovered> recovered = state::Recover(*dir);
  if (!recovered.ok()) return recovered.error();
  return std::unique_ptr<RunState>(new RunState(std::move(*dir), std::move(*recovered)));
}

RunState::RunState(state::StateDir dir, state::Recovered recovered)
    : dir_(std::move(dir)),
      recovered_(std::move(recovered)),
      committer_(dir_, recovered_),
      generation_(committer_.generation()) {}

std::optional<state::Snapshot> RunState::TakeRecovered() {
  return std::exchange(recovered_.snapshot, std::nullopt);
}

Status RunState::Commit(state::Snapshot& snapshot) {
  Status status = dir_.KeepLock();
  if (status.ok()) status = committer_.Commit(snapshot);
  const std::lock_guard lock(mutex_);
  tally_ = committer_.tally();
  generation_ = committer_.generation();
  return status;
}

std::vector<prometheus::MetricFamily> RunState::Families() const {
  using enum prometheus::MetricType;
  const std::lock_guard lock(mutex_);
  std::vector<prometheus::MetricFamily> families;
  families.push_back(Family("parshall_state_commits_total", "Snapshots that were committed.",
                            Counter, static_cast<double>(tally_.commits)));
  families.push_back(Family("parshall_state_write_errors_total",
                            "Snapshots that could not be committed; the one before still stands.",
                            Counter, static_cast<double>(tally_.failures)));
  families.push_back(Family("parshall_state_written_bytes_total", "Bytes of committed snapshots.",
                            Counter, static_cast<double>(tally_.bytes)));
  families.push_back(Family("parshall_state_snapshot_bytes", "Size of the last snapshot.", Gauge,
                            static_cast<double>(tally_.last_bytes)));
  families.push_back(Family("parshall_state_generation", "Number of the last snapshot.", Gauge,
                            static_cast<double>(generation_)));
  families.push_back(Family("parshall_state_last_commit_timestamp_seconds",
                            "When a snapshot was last committed, as Unix time; 0 if never.", Gauge,
                            static_cast<double>(tally_.last_success_ms) / 1e3));
  families.push_back(Family("parshall_state_last_commit_duration_seconds",
                            "How long the last commit took, with its fsyncs.", Gauge,
                            tally_.last_duration_seconds));
  double refused = 0;
  for (const uint64_t files : recovered_.refused) refused += static_cast<double>(files);
  families.push_back(Family("parshall_state_refused_files_total",
                            "Snapshot files that were torn or foreign at the start.", Counter,
                            refused));
  return families;
}

}  // namespace parshall::app
