// Pipeline's part of a reload. Workers of the new rules are made beside the old ones, which run on;
// then one of the next batches is a barrier. There nothing is read and nothing is in hand, so that
// everything can be copied as for a snapshot and put into the new rules as a restart would do it,
// without leaving the process: no line is lost or counted twice.

#include "pipeline/swap.h"

#include <algorithm>
#include <utility>

#include "metrics/saved_metrics.h"
#include "pipeline/carried.h"
#include "pipeline/pipeline.h"

namespace parshall::pipeline {
namespace {

// The rule that goes on with an event of this one; none if it is gone or joins no lines any more.
std::optional<uint32_t> SuccessorOf(const std::string& name, const records::RuleProgram& program) {
  for (size_t rule = 0; rule < program.rules.size(); ++rule) {
    if (program.rules[rule].name != name) continue;
    if (!program.rules[rule].multiline) return std::nullopt;
    return static_cast<uint32_t>(rule);
  }
  return std::nullopt;
}

}  // namespace

void Pipeline::MakeWorkers(Generation* generation, sinks::Schema schema, bool write_records) {
  const WorkerOptions options{.write_records = write_records,
                              .line_bytes_max = line_bytes_max_,
                              .schema = schema,
                              .unmatched = &unmatched_,
                              .notice = [this](std::string text) {
                                const std::lock_guard lock(notices_mutex_);
                                notices_.push_back(std::move(text));
                              }};
  for (size_t n = 0; n < threads_wanted_; ++n) {
    generation->workers.push_back(
        std::make_unique<LineWorker>(generation->program, generation->store, &turnstile_, options));
  }
}

Result<std::vector<std::string>> Pipeline::Swap(Change change, std::chrono::milliseconds patience) {
  const std::lock_guard one_at_a_time(swapping_mutex_);
  const auto swap = std::make_shared<PendingSwap>();
  swap->next.program = std::move(change.program);
  swap->next.store = std::move(change.store);
  swap->next.config_hash = change.config_hash;
  swap->new_output = change.output.has_value();
  swap->open_sources = std::move(change.open_sources);
  bool writes = false;
  if (change.output) {
    swap->next.sink = std::move(*change.output);
    writes = swap->next.sink != nullptr;
  } else {
    const std::lock_guard lock(now_mutex_);
    writes = now_.sink != nullptr;
  }
  MakeWorkers(&swap->next, change.schema, writes);

  std::unique_lock lock(swap_mutex_);
  if (!over_) {
    pending_ = swap;
    lock.unlock();
    intake_.RequestBarrier();
    lock.lock();
    const auto settled = [&] { return over_ || swap->stage == PendingSwap::Stage::kDone; };
    swapped_.wait_for(lock, patience, settled);
    // Once it is taken it is a matter of milliseconds.
    if (swap->stage == PendingSwap::Stage::kTaken) swapped_.wait(lock, settled);
    pending_ = nullptr;
  }
  if (swap->stage != PendingSwap::Stage::kDone) {
    if (over_) return Fail("the program is ending");
    return Fail(
        "the lines in hand were not done with in time, so nothing was changed; most likely the "
        "output takes no more records (a full disk, a reader that stands still)");
  }
  if (!swap->status.ok()) return swap->status.error();
  return std::move(swap->notices);
}

// For the holder of a barrier: everything before it is counted and written.
void Pipeline::SwapAtBarrier(LineWorker* worker, Batch* batch) {
  std::shared_ptr<PendingSwap> swap;
  {
    const std::lock_guard lock(swap_mutex_);
    if (pending_ == nullptr || pending_->stage != PendingSwap::Stage::kWaiting) return;
    swap = pending_;
    swap->stage = PendingSwap::Stage::kTaken;
  }
  Generation old;  // ends outside of all locks
  swap->status = PutInPlace(swap.get(), worker, batch, &old);
  ++changes_;  // a snapshot from before knows other rules
  {
    const std::lock_guard lock(swap_mutex_);
    swap->stage = PendingSwap::Stage::kDone;
  }
  swapped_.notify_all();
}

Status Pipeline::PutInPlace(PendingSwap* swap, LineWorker* worker, Batch* batch, Generation* old) {
  std::unique_ptr<bytes::SourceSet> sources;
  if (swap->open_sources) {
    Result<std::unique_ptr<bytes::SourceSet>> opened = intake_.Open(swap->open_sources);
    if (!opened.ok()) return opened.error();
    sources = std::move(*opened);
  }
  if (!CloseEndedEvents(swap->next, worker, batch)) return Fail("records cannot be written");
  // What the old output holds is known to a snapshot before records go anywhere else.
  if (swap->new_output && checkpointer_ != nullptr) {
    if (const Status committed = checkpointer_->CommitNow(TakeCheckpoint()); !committed.ok())
      return committed;
  }
  {
    // Nobody looks while two generations know the same lines.
    const std::lock_guard lock(now_mutex_);
    CarryOver(swap);
    intake_.KeepLinesBefore(LooksForTwins(*swap->next.program));
    if (sources != nullptr) intake_.Replace(std::move(sources));
    std::swap(now_, swap->next);
    *old = std::move(swap->next);
    if (stopping_ && now_.sink != nullptr) now_.sink->RequestStop();
  }
  if (!swap->new_output) return Ok();
  output_bytes_ = 0;
  if (checkpointer_ == nullptr) return Ok();
  checkpointer_->SetSink(now_.sink.get());
  // Nothing is written to the new file before a snapshot names it.
  static_cast<void>(CommitPatiently());
  return Ok();
}

// Open events go on under the new rules if these take the line that begins them. The others end
// here, with the rules that began them.
bool Pipeline::CloseEndedEvents(const Generation& next, LineWorker* worker, Batch* batch) {
  std::vector<SourceEntry*> ending;
  for (SourceEntry* entry : intake_.entries()) {
    OpenEvent& event = entry->state.event;
    if (!event.open) continue;
    const std::optional<uint32_t> rule =
        SuccessorOf(now_.program->rules[event.rule].name, *next.program);
    const bool goes_on =
        rule && (event.dropped || next.workers[0]->Takes(*rule, &event, entry->name));
    if (!goes_on) ending.push_back(entry);
  }
  if (ending.empty()) return true;
  worker->Flush(ending, batch);
  return Deliver(worker);
}

void Pipeline::CarryOver(PendingSwap* swap) {
  Generation& next = swap->next;
  Moment moment = ScrapeNow();
  swap->notices = next.store->Restore(metrics::Save(moment.snapshot), "the old rules");
  state::Snapshot saved;
  SaveLedger(moment.ledger, &saved);
  next.earlier = EarlierLedger(saved);
  for (const auto& worker : now_.workers) next.workers[0]->AddSources(worker->tally().sources);
  for (SourceEntry* entry : intake_.entries()) {
    OpenEvent& event = entry->state.event;
    if (event.open) {
      event.rule = *SuccessorOf(now_.program->rules[event.rule].name, *next.program);
    }
  }
  next.earlier_output = now_.earlier_output;
  if (!swap->new_output) {
    // Its own count of bytes goes on.
    next.earlier.output_bytes = now_.earlier.output_bytes;
    next.sink = std::move(now_.sink);
    return;
  }
  if (now_.sink == nullptr) return;
  Add(now_.sink->tally(), &next.earlier_output);
  for (std::string& notice : now_.sink->TakeNotices()) swap->notices.push_back(std::move(notice));
}

// The last worker has ended: whoever waits for a barrier waits in vain.
void Pipeline::EndSwaps() {
  {
    const std::lock_guard lock(swap_mutex_);
    over_ = true;
  }
  swapped_.notify_all();
}

}  // namespace parshall::pipeline
