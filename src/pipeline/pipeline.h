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
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/line_worker.h"
#include "pipeline/turnstile.h"
#include "sinks/json_lines_sink.h"

namespace parshall::pipeline {

struct PipelineOptions {
  size_t threads = 1;
  size_t line_bytes_max = size_t{1} << 20;
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

  // `done` is called once, by the last worker, when everything is read and written (or writing
  // failed).
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

  std::vector<std::string> TakeNotices();
  // What went wrong, after Wait(): sources that failed, output that could not be written. Empty:
  // nothing.
  std::vector<std::string> failures() const;

 private:
  void Work(LineWorker* worker);
  bool Deliver(LineWorker* worker);
  bool FailOutput(const Status& failed);

  const std::shared_ptr<const records::RuleProgram> program_;
  const std::shared_ptr<metrics::Store> store_;
  const std::unique_ptr<sinks::JsonLinesSink> sink_;
  Intake intake_;
  Turnstile turnstile_;
  std::vector<std::unique_ptr<LineWorker>> workers_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> running_{0};
  std::atomic<uint64_t> output_bytes_{0};
  std::atomic<bool> output_failed_{false};
  std::string output_failure_;  // written once, by the holder of the turn; read after Wait()
  std::function<void()> done_;
};

}  // namespace parshall::pipeline
