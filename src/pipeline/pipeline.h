#pragma once
// A run: sources in, records out, everything counted. The only place with worker threads.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "metrics/snapshot.h"
#include "metrics/store.h"
#include "pipeline/checkpointer.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/line_worker.h"
#include "pipeline/turnstile.h"
#include "sinks/json_lines_sink.h"

namespace parshall::pipeline {

struct PipelineOptions {
  size_t threads = 1;
  size_t line_bytes_max = size_t{1} << 20;
  sinks::Schema schema = sinks::Schema::kFlat;
  // Where the snapshot goes; null: no state is kept. Called by one thread at a time.
  CommitSnapshot commit;
  int state_interval_ms = 1000;
};

// Any thread may call Stop(), Scrape() and TakeNotices(); Start(), Wait() and the destructor belong
// to the owner.
class Pipeline {
 public:
  // `sink` null: records are not written.
  Pipeline(std::unique_ptr<bytes::SourceSet> sources,
           std::shared_ptr<const records::RuleProgram> program,
           std::shared_ptr<metrics::Store> store, std::unique_ptr<sinks::JsonLinesSink> sink,
           PipelineOptions options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Goes on where an earlier run stopped; before Start(). Returns what could not be taken over.
  std::vector<std::string> Restore(state::Snapshot snapshot);

  // `done` is called once, by the last worker, when everything is read and written (or writing
  // failed).
  // With a state, before Start(): commits a first snapshot, so that whatever is written from now on
  // can be cut back. After an error Start() goes on trying, and nothing is read or written before.
  Status CommitFirst();
  void Start(std::function<void()> done);
  // Ends reading; what was read is counted and written, unless the output is stuck (full disk, a
  // reader that takes nothing).
  void Stop();
  // The output file is opened anew at the next batch. Any thread.
  void RequestReopen();
  void Wait();

  // One moment of series and ledger.
  struct Moment {
    metrics::Snapshot snapshot;
    Ledger ledger;
  };
  Moment Scrape();

  // The lines that no rule matched, since the start.
  records::UnmatchedLines Unmatched() const { return unmatched_.Snapshot(); }

  std::vector<std::string> TakeNotices();
  // Why the last snapshot could not be committed, if it is not said yet.
  std::optional<std::string> TakeStateTrouble() {
    return checkpointer_ != nullptr ? checkpointer_->TakeTrouble() : std::nullopt;
  }
  // What went wrong, after Wait(): sources that failed, output that could not be written. Empty:
  // nothing.
  std::vector<std::string> failures() const;

 private:
  void Work(LineWorker* worker);
  bool Deliver(LineWorker* worker);
  Checkpoint TakeCheckpoint();
  void AtBarrier(Batch* batch);
  Status CommitPatiently();
  bool FailOutput(const Status& failed);

  const std::shared_ptr<const records::RuleProgram> program_;
  const std::shared_ptr<metrics::Store> store_;
  const std::unique_ptr<sinks::JsonLinesSink> sink_;
  Intake intake_;
  Turnstile turnstile_;
  records::UnmatchedStore unmatched_;
  std::vector<std::unique_ptr<LineWorker>> workers_;
  std::vector<std::thread> threads_;
  Ledger earlier_;                              // written by Restore() only
  std::unique_ptr<Checkpointer> checkpointer_;  // null: no state is kept
  std::atomic<uint64_t> changes_{0};            // counts batches that a snapshot would miss
  std::atomic<size_t> running_{0};
  std::atomic<uint64_t> output_bytes_{0};
  std::atomic<bool> output_failed_{false};
  std::string output_failure_;  // written once, by the holder of the turn; read after Wait()
  std::string state_failure_;   // of the last commit, written by Wait()
  std::atomic<bool> stopping_{false};
  bool first_commit_due_ = false;  // set before the workers run, then of the first barrier's holder
  std::function<void()> done_;
};

}  // namespace parshall::pipeline
