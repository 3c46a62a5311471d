#pragma once
// Brings a snapshot to disk every so often, beside the workers: asks for a barrier, takes what the
// barrier's holder hands over, and commits it in a thread of its own, so that no worker waits for a
// disk.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "metrics/snapshot.h"
#include "sinks/json_lines_sink.h"
#include "state/snapshot.h"

namespace parshall::pipeline {

// Makes it durable. After an error the one before it still stands.
using CommitSnapshot = std::function<Status(state::Snapshot&)>;

// Everything of one moment. The series are turned into data only when they are committed.
struct Checkpoint {
  state::Snapshot snapshot;  // but for `metrics`
  metrics::Snapshot series;
  uint64_t changes = 0;  // what Pipeline had counted then
  uint64_t number = 0;   // counts up with each that is taken
};

// Any thread.
class Checkpointer {
 public:
  // `sink` may be null and outlives this; its file is made durable before a snapshot that names
  // its length.
  Checkpointer(CommitSnapshot commit, sinks::JsonLinesSink* sink, int interval_ms);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // From now on it is this output whose file is made durable. Waits for a commit that is under way.
  void SetSink(sinks::JsonLinesSink* sink);

  // Commits in the caller's thread. One that was taken before the last that was committed is older
  // than what stands on disk, and is let go.
  Status CommitNow(Checkpoint checkpoint);

  // Every interval in which `changes` moved, calls `request`, which sees to it that somebody calls
  // Hand() soon.
  void Start(std::function<void()> request, std::function<uint64_t()> changes);
  void Hand(Checkpoint checkpoint);
  // Waits for a commit that is under way; then nothing is asked for any more.
  void Stop();

  // What went wrong at the last commit, and is not said yet; for the log.
  std::optional<std::string> TakeTrouble();

 private:
  void Run();
  void WaitFor(std::chrono::milliseconds interval, std::unique_lock<std::mutex>& lock);

  const CommitSnapshot commit_;
  sinks::JsonLinesSink* sink_;  // under commit_mutex_
  const int interval_ms_;
  std::function<void()> request_;
  std::function<uint64_t()> changes_;

  std::mutex commit_mutex_;  // one commit at a time
  uint64_t committed_number_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Checkpoint> handed_;
  uint64_t committed_changes_ = 0;
  bool stopping_ = false;
  std::optional<std::string> trouble_;
  std::thread thread_;
};

}  // namespace parshall::pipeline
