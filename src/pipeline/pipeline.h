#pragma once
// A run: sources in, records out, everything counted. The only place with worker threads.

#include <atomic>
#include <chrono>
#include <condition_variable>
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
#include "pipeline/generation.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/line_worker.h"
#include "pipeline/swap.h"
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
  uint64_t config_hash = 0;
};

// Signs of life.
struct Pulse {
  // Batches that went all the way through. Grows several times a second, since an empty one is sent
  // on its way when nothing comes; stands still while one takes long.
  uint64_t batches = 0;
  // The holder of the turn waits for what is outside: the output, or the disk of the state.
  bool waits = false;
};

// Any thread may call Stop(), Scrape(), Swap(), pulse() and TakeNotices(); Start(), Wait() and the
// destructor belong to the owner.
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

  // Puts other rules (and another output) in the place of those that run, between two batches:
  // each line is counted by the old or by the new ones, once. Series of metrics that stay the same
  // keep their values and start times, the ledger goes on, and so do lines that are still open.
  // Waits for that place, at most so long; after an error nothing has changed. Returns sentences
  // for the log. After Start().
  Result<std::vector<std::string>> Swap(Change change, std::chrono::milliseconds patience);

  // One moment of series and ledger.
  struct Moment {
    metrics::Snapshot snapshot;
    Ledger ledger;
  };
  Moment Scrape();

  // Takes no lock that a worker holds for long.
  Pulse pulse() const { return {turnstile_.passed(), waits_outside_}; }

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
  void Work(size_t worker);
  bool Deliver(LineWorker* worker);
  Checkpoint TakeCheckpoint();
  void ForgetGone();
  void AtBarrier(LineWorker* worker, Batch* batch);
  Moment ScrapeNow();
  Status CommitPatiently();
  bool FailOutput(const Status& failed);

  // swap.cc
  void MakeWorkers(Generation* generation, sinks::Schema schema, bool write_records);
  void SwapAtBarrier(LineWorker* worker, Batch* batch);
  Status PutInPlace(PendingSwap* swap, LineWorker* worker, Batch* batch, Generation* old);
  bool CloseEndedEvents(const Generation& next, LineWorker* worker, Batch* batch);
  void CarryOver(PendingSwap* swap);
  void EndSwaps();

  const size_t threads_wanted_;
  const size_t line_bytes_max_;
  // What runs now. Replaced by the holder of a barrier under this mutex: whoever has the intake or
  // the turn, and who reads and writes nothing else of it, needs no lock.
  mutable std::mutex now_mutex_;
  Generation now_;
  Intake intake_;
  Turnstile turnstile_;
  records::UnmatchedStore unmatched_;
  std::mutex notices_mutex_;
  std::vector<std::string> notices_;  // of the workers
  std::vector<std::thread> threads_;
  std::unique_ptr<Checkpointer> checkpointer_;  // null: no state is kept
  std::atomic<uint64_t> changes_{0};            // counts batches that a snapshot would miss
  uint64_t checkpoints_ = 0;                    // how many were taken
  std::atomic<size_t> running_{0};
  std::atomic<uint64_t> output_bytes_{0};
  std::atomic<bool> output_failed_{false};
  std::atomic<bool> waits_outside_{false};  // of the holder of the turn
  std::string output_failure_;  // written once, by the holder of the turn; read after Wait()
  std::string state_failure_;   // of the last commit, written by Wait()
  std::atomic<bool> stopping_{false};
  bool first_commit_due_ = false;  // set before the workers run, then of the first barrier's holder
  std::function<void()> done_;

  std::mutex swapping_mutex_;  // one Swap() at a time
  std::mutex swap_mutex_;      // guards what follows
  std::condition_variable swapped_;
  std::shared_ptr<PendingSwap> pending_;  // waits for a barrier
  bool over_ = false;                     // there will be none any more
};

}  // namespace parshall::pipeline
