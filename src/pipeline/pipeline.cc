#include "pipeline/pipeline.h"

#include <algorithm>
#include <utility>

namespace parshall::pipeline {
namespace {

IntakeOptions IntakeOptionsOf(const PipelineOptions& options) {
  return {.line_bytes_max = options.line_bytes_max};
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<bytes::SourceSet> sources,
                   std::shared_ptr<const records::RuleProgram> program,
                   std::shared_ptr<metrics::Store> store,
                   std::unique_ptr<sinks::JsonLinesSink> sink, PipelineOptions options)
    : program_(std::move(program)),
      store_(std::move(store)),
      sink_(std::move(sink)),
      intake_(std::move(sources), IntakeOptionsOf(options)) {
  const WorkerOptions worker_options{.write_records = sink_ != nullptr,
                                     .line_bytes_max = options.line_bytes_max};
  for (size_t n = 0; n < std::max<size_t>(options.threads, 1); ++n) {
    workers_.push_back(std::make_unique<LineWorker>(program_, store_, &turnstile_, worker_options));
  }
}

Pipeline::~Pipeline() {
  Stop();
  Wait();
}

void Pipeline::Start(std::function<void()> done) {
  done_ = std::move(done);
  running_ = workers_.size();
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, worker = worker.get()] { Work(worker); });
  }
}

void Pipeline::Stop() {
  intake_.Stop();
  if (sink_ != nullptr) sink_->RequestStop();
}

void Pipeline::RequestReopen() {
  if (sink_ != nullptr) sink_->RequestReopen();
}

std::vector<std::string> Pipeline::TakeNotices() {
  std::vector<std::string> notices = intake_.TakeNotices();
  if (sink_ == nullptr) return notices;
  for (std::string& notice : sink_->TakeNotices()) notices.push_back(std::move(notice));
  return notices;
}

void Pipeline::Wait() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

// Writes what the worker made of its batch, at its turn. After a failed write nothing more is
// written or read.
bool Pipeline::Deliver(LineWorker* worker) {
  if (output_failed_.load(std::memory_order_relaxed)) return false;
  if (sink_ != nullptr && sink_->ReopenDue()) {
    if (const Status reopened = sink_->Reopen(); !reopened.ok()) return FailOutput(reopened);
  }
  for (const std::string_view records : {worker->earlier_records(), worker->records()}) {
    if (records.empty() || sink_ == nullptr) continue;
    const Status written = sink_->Write(records);
    output_bytes_.store(sink_->bytes_written(), std::memory_order_relaxed);
    if (!written.ok()) return FailOutput(written);
  }
  return true;
}

bool Pipeline::FailOutput(const Status& failed) {
  output_failure_ = failed.error().ToString();
  output_failed_ = true;
  intake_.Stop();
  return false;
}

void Pipeline::Work(LineWorker* worker) {
  Batch batch;
  bool writing = true;
  while (writing && intake_.Take(&batch)) {
    if (batch.entry == nullptr) {
      worker->Flush(intake_.entries(), &batch);
    } else {
      worker->Process(&batch);
    }
    writing = Deliver(worker);
    turnstile_.Pass();
  }
  if (running_.fetch_sub(1) == 1 && done_) done_();
}

Pipeline::Moment Pipeline::Scrape() {
  Ledger ledger;
  for (const records::CompiledRule& rule : program_->rules) ledger.rules.push_back(rule.name);
  ledger.rule_last_match.resize(ledger.rules.size());
  std::vector<SourceTally> tallies;
  metrics::Snapshot snapshot = store_->TakeSnapshot([&] {
    for (const auto& worker : workers_) {
      const WorkerTally& tally = worker->tally();
      if (tallies.size() < tally.sources.size()) tallies.resize(tally.sources.size());
      for (size_t n = 0; n < tally.sources.size(); ++n) Add(tally.sources[n], &tallies[n]);
      for (size_t n = 0; n < tally.rule_last_match.size(); ++n) {
        ledger.rule_last_match[n] = std::max(ledger.rule_last_match[n], tally.rule_last_match[n]);
      }
      ledger.continuation_lines += tally.continuation_lines;
      Add(worker->matcher_tally(), &ledger.matching);
      ledger.records.records += worker->json_tally().records;
      ledger.records.timestamp_errors += worker->json_tally().timestamp_errors;
    }
  });
  for (const SourceEntry* entry : intake_.entries()) {
    Ledger::Source source{.name = entry->name, .tally = {}};
    if (entry->index < tallies.size()) source.tally = tallies[entry->index];
    ledger.sources.push_back(std::move(source));
  }
  ledger.output_bytes = output_bytes_.load(std::memory_order_relaxed);
  if (sink_ != nullptr) ledger.output = sink_->tally();
  return {std::move(snapshot), std::move(ledger)};
}

std::vector<std::string> Pipeline::failures() const {
  std::vector<std::string> failures = intake_.failures();
  if (output_failed_) failures.push_back(output_failure_);
  return failures;
}

}  // namespace parshall::pipeline
