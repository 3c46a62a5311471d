#include "pipeline/checkpointer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/saved_metrics.h"

namespace parshall::pipeline {
namespace {

// Between two snapshots the kernel is told this often to write the records it has. Left to itself
// it begins after seconds, and the last commit of a run waits for all of that.
constexpr std::chrono::milliseconds kWriteEvery{100};

}  // namespace

Checkpointer::Checkpointer(CommitSnapshot commit, sinks::JsonLinesSink* sink, int interval_ms)
    : commit_(std::move(commit)), sink_(sink), interval_ms_(interval_ms) {}

Checkpointer::~Checkpointer() { Stop(); }

void Checkpointer::SetSink(sinks::JsonLinesSink* sink) {
  const std::lock_guard one_at_a_time(commit_mutex_);
  sink_ = sink;
}

Status Checkpointer::CommitNow(Checkpoint checkpoint) {
  const std::lock_guard one_at_a_time(commit_mutex_);
  if (checkpoint.number < committed_number_) return Ok();
  checkpoint.snapshot.metrics = metrics::Save(checkpoint.series);
  Status status = sink_ != nullptr ? sink_->Sync() : Ok();
  if (status.ok()) status = commit_(checkpoint.snapshot);
  if (status.ok()) committed_number_ = checkpoint.number;
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    committed_changes_ = checkpoint.changes;
  } else {
    trouble_ = status.error().ToString();
  }
  return status;
}

void Checkpointer::Start(std::function<void()> request, std::function<uint64_t()> changes) {
  request_ = std::move(request);
  changes_ = std::move(changes);
  thread_ = std::thread([this] { Run(); });
}

void Checkpointer::Run() {
  // Intervals are measured by the steady clock: setting the time of day does not move them.
  const auto interval = std::chrono::milliseconds(interval_ms_);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    WaitFor(interval, lock);
    if (stopping_) break;
    if (changes_() == committed_changes_) continue;
    handed_.reset();
    lock.unlock();
    request_();
    lock.lock();
    changed_.wait(lock, [this] { return stopping_ || handed_.has_value(); });
    if (!handed_) break;
    Checkpoint checkpoint = std::move(*handed_);
    handed_.reset();
    lock.unlock();
    // What went wrong is kept for the log; the next interval tries again.
    static_cast<void>(CommitNow(std::move(checkpoint)));
    lock.lock();
  }
}

void Checkpointer::WaitFor(std::chrono::milliseconds interval, std::unique_lock<std::mutex>& lock) {
  const auto until = std::chrono::steady_clock::now() + interval;
  uint64_t written_changes = committed_changes_;
  while (!stopping_) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return;
    changed_.wait_until(lock, std::min(until, now + kWriteEvery), [this] { return stopping_; });
    const uint64_t changes = changes_();
    if (sink_ == nullptr || stopping_ || changes == written_changes) continue;
    written_changes = changes;
    lock.unlock();
    sink_->StartWriting();
    lock.lock();
  }
}

void Checkpointer::Hand(Checkpoint checkpoint) {
  const std::lock_guard lock(mutex_);
  handed_.emplace(std::move(checkpoint));
  changed_.notify_all();
}

void Checkpointer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<std::string> Checkpointer::TakeTrouble() {
  const std::lock_guard lock(mutex_);
  return std::exchange(trouble_, std::nullopt);
}

}  // namespace parshall::pipeline
