#include "pipeline/pipeline.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "pipeline/carried.h"

namespace parshall::pipeline {
namespace {

IntakeOptions IntakeOptionsOf(const PipelineOptions& options) {
  return {.line_bytes_max = options.line_bytes_max, .carry_over = options.commit != nullptr};
}

// Counts of sources that no file is known of any more are kept for so many of them.
constexpr size_t kGoneSourcesMax = 10'000;
constexpr int kReopenRetryMs = 100;

int64_t UnixMillis() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
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
                                     .line_bytes_max = options.line_bytes_max,
                                     .schema = options.schema,
                                     .unmatched = &unmatched_};
  for (size_t n = 0; n < std::max<size_t>(options.threads, 1); ++n) {
    workers_.push_back(std::make_unique<LineWorker>(program_, store_, &turnstile_, worker_options));
  }
  if (options.commit != nullptr) {
    checkpointer_ = std::make_unique<Checkpointer>(std::move(options.commit), sink_.get(),
                                                   options.state_interval_ms);
  }
}

Pipeline::~Pipeline() {
  Stop();
  Wait();
}

std::vector<std::string> Pipeline::Restore(state::Snapshot snapshot) {
  earlier_ = EarlierLedger(snapshot);
  intake_.Restore(std::move(snapshot.sources), snapshot.files,
                  [program = program_](const state::SavedSource& saved, SourceState* state) {
                    RestoreOpenLines(saved, *program, state);
                  });
  return store_->Restore(snapshot.metrics);
}

Status Pipeline::CommitFirst() {
  if (checkpointer_ == nullptr) return Ok();
  Status committed = checkpointer_->CommitNow(TakeCheckpoint());
  first_commit_due_ = !committed.ok();
  return committed;
}

void Pipeline::Start(std::function<void()> done) {
  if (checkpointer_ != nullptr) {
    checkpointer_->Start([this] { intake_.RequestBarrier(); }, [this] { return changes_.load(); });
  }
  // Before anything is read: it is tried again there.
  if (first_commit_due_) intake_.RequestBarrier();
  done_ = std::move(done);
  running_ = workers_.size();
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, worker = worker.get()] { Work(worker); });
  }
}

void Pipeline::Stop() {
  stopping_ = true;
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
  if (threads_.empty() || checkpointer_ == nullptr) return;
  threads_.clear();
  checkpointer_->Stop();
  // Records that were not delivered are made again by the next run.
  if (output_failed_) return;
  if (const Status committed = checkpointer_->CommitNow(TakeCheckpoint()); !committed.ok()) {
    state_failure_ = committed.error().ToString();
  }
}

// Everything of this moment: the caller holds a barrier, or no worker runs.
Checkpoint Pipeline::TakeCheckpoint() {
  const uint64_t changes = changes_;
  Moment moment = Scrape();
  state::Snapshot snapshot;
  snapshot.taken_ms = UnixMillis();
  snapshot.files = intake_.Positions();
  snapshot.sources = SaveSources(intake_.entries(), moment.ledger.sources, *program_);
  std::vector<state::SavedSource> waiting = intake_.waiting();
  if (waiting.size() > kGoneSourcesMax) {
    std::unordered_set<std::string_view> known;
    for (const bytes::FilePosition& file : snapshot.files) known.insert(file.source);
    std::erase_if(waiting,
                  [&](const state::SavedSource& source) { return !known.contains(source.name); });
  }
  std::move(waiting.begin(), waiting.end(), std::back_inserter(snapshot.sources));
  SaveLedger(moment.ledger, &snapshot);
  if (sink_ != nullptr) snapshot.output = sink_->position();
  return {
      .snapshot = std::move(snapshot), .series = std::move(moment.snapshot), .changes = changes};
}

// As often as it takes, up to a stop.
Status Pipeline::CommitPatiently() {
  while (true) {
    Status committed = checkpointer_->CommitNow(TakeCheckpoint());
    if (committed.ok() || stopping_) return committed;
    std::this_thread::sleep_for(std::chrono::milliseconds(kReopenRetryMs));
  }
}

// All batches before this one are counted and written, and none behind it was read.
void Pipeline::AtBarrier(Batch* batch) {
  turnstile_.Wait(batch->ticket);
  if (!output_failed_) {
    if (sink_ != nullptr && sink_->ReopenDue()) {
      if (const Status reopened = sink_->Reopen(); !reopened.ok()) {
        static_cast<void>(FailOutput(reopened));
      } else {
        // Nothing is written to the new file before a snapshot names it.
        static_cast<void>(CommitPatiently());
      }
    }
    if (first_commit_due_) {
      const Status committed = CommitPatiently();
      first_commit_due_ = false;
      if (!committed.ok()) static_cast<void>(FailOutput(committed));  // stopped before it could be
    }
    checkpointer_->Hand(TakeCheckpoint());
  }
  batch->hold.unlock();
  turnstile_.Pass();
}

// Writes what the worker made of its batch, at its turn. After a failed write nothing more is
// written or read.
bool Pipeline::Deliver(LineWorker* worker) {
  if (output_failed_.load(std::memory_order_relaxed)) return false;
  if (sink_ != nullptr && sink_->ReopenDue()) {
    if (checkpointer_ != nullptr) {
      intake_.RequestBarrier();  // there a snapshot can name the new file before it is written to
    } else if (const Status reopened = sink_->Reopen(); !reopened.ok()) {
      return FailOutput(reopened);
    }
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
    if (batch.barrier) {
      AtBarrier(&batch);
      continue;
    }
    bool changed = true;
    if (batch.entry == nullptr) {
      changed = worker->Flush(intake_.entries(), &batch) != 0;
    } else {
      worker->Process(&batch);
    }
    writing = Deliver(worker);
    if (changed) ++changes_;
    turnstile_.Pass();
  }
  if (running_.fetch_sub(1) == 1 && done_) done_();
}

Pipeline::Moment Pipeline::Scrape() {
  Ledger ledger;
  for (const records::CompiledRule& rule : program_->rules) {
    ledger.rules.push_back(rule.name);
    const records::Transforms* const transforms = rule.transforms.get();
    ledger.drop_reasons.push_back(transforms != nullptr ? transforms->reasons
                                                        : std::vector<std::string>());
    ledger.rule_samples.push_back(transforms != nullptr && transforms->one_in > 1);
  }
  ledger.rule_sampled_out.resize(ledger.rules.size());
  ledger.rule_last_match.resize(ledger.rules.size());
  std::vector<SourceTally> tallies;
  const auto add_tallies = [&] {
    for (const auto& worker : workers_) {
      const WorkerTally& tally = worker->tally();
      if (tallies.size() < tally.sources.size()) tallies.resize(tally.sources.size());
      for (size_t n = 0; n < tally.sources.size(); ++n) Add(tally.sources[n], &tallies[n]);
      for (size_t n = 0; n < tally.rule_last_match.size(); ++n) {
        ledger.rule_last_match[n] = std::max(ledger.rule_last_match[n], tally.rule_last_match[n]);
        ledger.rule_sampled_out[n] += tally.rule_sampled_out[n];
      }
      ledger.continuation_lines += tally.continuation_lines;
      Add(worker->matcher_tally(), &ledger.matching);
      ledger.records.records += worker->json_tally().records;
      ledger.records.timestamp_errors += worker->json_tally().timestamp_errors;
    }
  };
  metrics::Snapshot snapshot = store_->TakeSnapshot(add_tallies, UnixMillis());
  std::unordered_map<std::string_view, size_t> rows;  // a name can come back as another source
  const auto row_of = [&](const std::string& name) -> SourceTally& {
    const auto [at, is_new] = rows.try_emplace(name, ledger.sources.size());
    if (is_new) ledger.sources.push_back({.name = name, .tally = {}});
    return ledger.sources[at->second].tally;
  };
  for (const SourceEntry* entry : intake_.entries()) {
    SourceTally& row = row_of(entry->name);
    Add(entry->earlier, &row);
    if (entry->index < tallies.size()) Add(tallies[entry->index], &row);
  }
  const std::vector<state::SavedSource> waiting = intake_.waiting();
  for (const state::SavedSource& source : waiting) Add(TallyOf(source), &row_of(source.name));
  ledger.output_bytes = output_bytes_.load(std::memory_order_relaxed);
  ledger.following = ByName(intake_.follow_tallies());
  ledger.watched = intake_.watched();
  AddEarlier(earlier_, &ledger);
  if (sink_ != nullptr) ledger.output = sink_->tally();
  return {std::move(snapshot), std::move(ledger)};
}

std::vector<std::string> Pipeline::failures() const {
  std::vector<std::string> failures = intake_.failures();
  if (output_failed_) failures.push_back(output_failure_);
  if (!state_failure_.empty()) failures.push_back(state_failure_);
  return failures;
}

}  // namespace parshall::pipeline
