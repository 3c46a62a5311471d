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

IntakeOptions IntakeOptionsOf(const PipelineOptions& options, const records::RuleProgram& program) {
  return {.line_bytes_max = options.line_bytes_max,
          .carry_over = options.commit != nullptr,
          .line_before = LooksForTwins(program)};
}

constexpr int kReopenRetryMs = 100;

// While it is there, whoever has the turn may wait for what is outside of the program.
class WaitsOutside {
 public:
  explicit WaitsOutside(std::atomic<bool>* waits) : waits_(waits) { *waits_ = true; }
  ~WaitsOutside() { *waits_ = false; }
  WaitsOutside(const WaitsOutside&) = delete;
  WaitsOutside& operator=(const WaitsOutside&) = delete;

 private:
  std::atomic<bool>* const waits_;
};

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
    : threads_wanted_(std::max<size_t>(options.threads, 1)),
      line_bytes_max_(options.line_bytes_max),
      intake_(std::move(sources), IntakeOptionsOf(options, *program)) {
  now_.program = std::move(program);
  now_.store = std::move(store);
  now_.sink = std::move(sink);
  now_.config_hash = options.config_hash;
  MakeWorkers(&now_, options.schema, now_.sink != nullptr);
  if (options.commit != nullptr) {
    checkpointer_ = std::make_unique<Checkpointer>(std::move(options.commit), now_.sink.get(),
                                                   options.state_interval_ms);
  }
}

Pipeline::~Pipeline() {
  Stop();
  Wait();
}

std::vector<std::string> Pipeline::Restore(state::Snapshot snapshot) {
  now_.earlier = EarlierLedger(snapshot);
  // Called by the intake when a source is read for the first time, maybe after a reload.
  intake_.Restore(std::move(snapshot.sources), snapshot.files, EarlierGone(snapshot),
                  [this](const state::SavedSource& saved, SourceState* state) {
                    RestoreOpenLines(saved, *now_.program, state);
                  });
  return now_.store->Restore(snapshot.metrics);
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
  running_ = threads_wanted_;
  for (size_t n = 0; n < threads_wanted_; ++n) {
    threads_.emplace_back([this, n] { Work(n); });
  }
}

void Pipeline::Stop() {
  stopping_ = true;
  intake_.Stop();
  const std::lock_guard lock(now_mutex_);
  if (now_.sink != nullptr) now_.sink->RequestStop();
}

void Pipeline::RequestReopen() {
  const std::lock_guard lock(now_mutex_);
  if (now_.sink != nullptr) now_.sink->RequestReopen();
}

std::vector<std::string> Pipeline::TakeNotices() {
  std::vector<std::string> notices = intake_.TakeNotices();
  {
    const std::lock_guard lock(notices_mutex_);
    for (std::string& notice : notices_) notices.push_back(std::move(notice));
    notices_.clear();
  }
  const std::lock_guard lock(now_mutex_);
  if (now_.sink == nullptr) return notices;
  for (std::string& notice : now_.sink->TakeNotices()) notices.push_back(std::move(notice));
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
  snapshot.sources = SaveSources(intake_.entries(), moment.ledger.sources, *now_.program);
  SaveLedger(moment.ledger, &snapshot);
  SaveAbsent(intake_.absent(), &snapshot);
  if (now_.sink != nullptr) snapshot.output = now_.sink->position();
  return {.snapshot = std::move(snapshot),
          .series = std::move(moment.snapshot),
          .changes = changes,
          .number = ++checkpoints_};
}

// As often as it takes, up to a stop.
Status Pipeline::CommitPatiently() {
  const WaitsOutside waits(&waits_outside_);
  while (true) {
    Status committed = checkpointer_->CommitNow(TakeCheckpoint());
    if (committed.ok() || stopping_) return committed;
    std::this_thread::sleep_for(std::chrono::milliseconds(kReopenRetryMs));
  }
}

// At a barrier: no batch in hand knows a source that is gone.
void Pipeline::ForgetGone() {
  if (!intake_.any_gone()) return;
  const std::lock_guard lock(now_mutex_);
  intake_.ForgetGone([this](uint32_t index) {
    SourceTally sum;
    for (const auto& worker : now_.workers) Add(worker->TakeSource(index), &sum);
    return sum;
  });
}

// All batches before this one are counted and written, and none behind it was read.
void Pipeline::AtBarrier(LineWorker* worker, Batch* batch) {
  turnstile_.Wait(batch->ticket);
  if (!output_failed_) {
    if (checkpointer_ != nullptr && now_.sink != nullptr && now_.sink->ReopenDue()) {
      const WaitsOutside waits(&waits_outside_);
      if (const Status reopened = now_.sink->Reopen(); !reopened.ok()) {
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
    ForgetGone();
    SwapAtBarrier(worker, batch);
    if (checkpointer_ != nullptr) checkpointer_->Hand(TakeCheckpoint());
  }
  batch->hold.unlock();
  turnstile_.Pass();
}

// Writes what the worker made of its batch, at its turn. After a failed write nothing more is
// written or read.
bool Pipeline::Deliver(LineWorker* worker) {
  if (output_failed_.load(std::memory_order_relaxed)) return false;
  sinks::JsonLinesSink* const sink = now_.sink.get();
  if (sink != nullptr && sink->ReopenDue()) {
    if (checkpointer_ != nullptr) {
      intake_.RequestBarrier();  // there a snapshot can name the new file before it is written to
    } else if (const Status reopened = sink->Reopen(); !reopened.ok()) {
      return FailOutput(reopened);
    }
  }
  for (const std::string_view records : {worker->earlier_records(), worker->records()}) {
    if (records.empty() || sink == nullptr) continue;
    const WaitsOutside waits(&waits_outside_);
    const Status written = sink->Write(records);
    output_bytes_.store(sink->bytes_written(), std::memory_order_relaxed);
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

void Pipeline::Work(size_t index) {
  Batch batch;
  bool writing = true;
  while (writing && intake_.Take(&batch)) {
    LineWorker* const worker = now_.workers[index].get();  // until the next barrier
    if (batch.barrier) {
      AtBarrier(worker, &batch);
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
  if (running_.fetch_sub(1) != 1) return;
  EndSwaps();
  if (done_) done_();
}

Pipeline::Moment Pipeline::Scrape() {
  const std::lock_guard lock(now_mutex_);
  return ScrapeNow();
}

Pipeline::Moment Pipeline::ScrapeNow() {
  Ledger ledger;
  ledger.config_hash = now_.config_hash;
  for (const records::CompiledRule& rule : now_.program->rules) {
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
    for (const auto& worker : now_.workers) {
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
  metrics::Snapshot snapshot = now_.store->TakeSnapshot(add_tallies, UnixMillis());
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
  const AbsentSources absent = intake_.absent();
  for (const auto& [name, source] : absent.by_name()) Add(source.tally, &row_of(name));
  ledger.gone = absent.given_up();
  ledger.output_bytes = output_bytes_.load(std::memory_order_relaxed);
  std::vector<std::pair<std::string, bytes::FollowTally>> following = intake_.follow_tallies();
  for (const auto& [name, source] : absent.by_name()) {
    if (source.follow) following.emplace_back(name, *source.follow);
  }
  ledger.following = ByName(following);
  ledger.watched = intake_.watched();
  AddEarlier(now_.earlier, &ledger);
  if (now_.sink != nullptr) ledger.output = now_.sink->tally();
  Add(now_.earlier_output, &ledger.output);
  return {std::move(snapshot), std::move(ledger)};
}

std::vector<std::string> Pipeline::failures() const {
  std::vector<std::string> failures = intake_.failures();
  if (output_failed_) failures.push_back(output_failure_);
  if (!state_failure_.empty()) failures.push_back(state_failure_);
  return failures;
}

}  // namespace parshall::pipeline
