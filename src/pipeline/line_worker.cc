#include "pipeline/line_worker.h"

#include <time.h>

#include <algorithm>
#include <array>

#include "records/event_time.h"

namespace parshall::pipeline {
namespace {

using records::Outcome;

constexpr size_t kOutputKeptBytes = size_t{2} << 20;

uint64_t MonotonicNanos() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

Moment RealTime() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {.seconds = now.tv_sec, .nanos = static_cast<uint32_t>(now.tv_nsec)};
}

// The wrapping's own time stands in for that of a line without one. RFC 3164 leaves the year out;
// it is not taken.
bool EnvelopeMoment(std::span<const lines::EnvelopeField> envelope, Moment* moment) {
  for (const lines::EnvelopeField& field : envelope) {
    if ((field.name == lines::kContainerTime || field.name == lines::kSyslogTime) &&
        ParseRfc3339(field.text, moment)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<metrics::RuleFields> RuleFieldsOf(const records::RuleProgram& program) {
  std::vector<metrics::RuleFields> all;
  for (const records::CompiledRule& rule : program.rules) {
    all.push_back({.rule_name = rule.name, .event = rule.event, .fields = rule.fields});
  }
  return all;
}

LineWorker::LineWorker(std::shared_ptr<const records::RuleProgram> program,
                       std::shared_ptr<metrics::Store> store, Turnstile* turnstile,
                       WorkerOptions options)
    : program_(std::move(program)),
      store_(std::move(store)),
      options_(options),
      shard_(store_->AddShard()),
      meter_(*store_, shard_, RuleFieldsOf(*program_)),
      matcher_(program_, options.write_records),
      event_matcher_(program_),
      json_(program_, options.schema),
      turnstile_(turnstile) {
  newlines_.resize(lines::kIndexRoom);
  tally_.rule_last_match.resize(program_->rules.size());
  tally_.rule_sampled_out.resize(program_->rules.size());
  matches_before_.resize(program_->rules.size());
  for (const records::CompiledRule& rule : program_->rules) {
    alone_.push_back(!rule.multiline && rule.dedupe == rules::Dedupe::kOff ? 1 : 0);
  }
}

SourceTally& LineWorker::TallyOf(const SourceEntry& entry) {
  if (tally_.sources.size() <= entry.index) tally_.sources.resize(size_t{entry.index} + 1);
  return tally_.sources[entry.index];
}

SourceTally LineWorker::TakeSource(uint32_t index) {
  if (index >= tally_.sources.size()) return {};
  return std::exchange(tally_.sources[index], {});
}

void LineWorker::SetEntry(SourceEntry* entry) {
  entry_ = entry;
  source_tally_ = &TallyOf(*entry);
  plain_ = {.read_at = now_, .source = entry->label, .source_id = ++entries_set_, .envelope = {}};
}

void LineWorker::Begin(Batch* batch) {
  batch_ = batch;
  now_ = RealTime();
  now_ms_ = now_.seconds * 1000 + now_.nanos / 1'000'000;
  earlier_.clear();
  out_.clear();
  out_.ShrinkTo(kOutputKeptBytes);
  adopted_ = false;
  lines_done_ = 0;
  has_turn_ = false;
  in_hand_ = 0;
  first_line_ = sample_ + 1;
  before_ = {};
  before_at_ = 0;
  twin_lines_ = twin_seconds_ = twin_pairs_ = 0;
  section_.emplace(shard_, batch->ticket + 1, now_ms_);
}

// Waits until everything before this batch is done. The shard is given up meanwhile: the worker
// that is waited for may itself wait for a scrape, and the scrape for this shard.
void LineWorker::Turn() {
  if (!has_turn_) {
    if (!turnstile_->IsTurn(batch_->ticket)) {
      // A scrape may look now: the line at hand is read and has no outcome yet.
      if (source_tally_ != nullptr) source_tally_->lines_waiting += in_hand_;
      section_.reset();
      turnstile_->Wait(batch_->ticket);
      section_.emplace(shard_, batch_->ticket + 1, now_ms_);
      if (source_tally_ != nullptr) source_tally_->lines_waiting -= in_hand_;
    }
    has_turn_ = true;
  }
  if (adopted_ || entry_ == nullptr) return;
  adopted_ = true;
  OpenEvent& left_open = entry_->state.event;
  if (!left_open.open) return;
  if (lines_done_ > 0) {
    CloseEvent(&left_open, &earlier_);  // a line of this batch has ended it
  } else {
    std::swap(event_, left_open);
    left_open.Close();
  }
}

void LineWorker::Process(Batch* batch) {
  Begin(batch);
  SetEntry(batch->entry);
  source_tally_->bytes_read += batch->bytes;
  source_tally_->bytes_skipped += batch->bytes_skipped;
  if (batch->file_began) EndFile();
  for (const lines::Cut& cut : batch->cuts) Cut(cut);
  if (batch->file_ended) EndFile();
  Commit();
}

size_t LineWorker::Flush(const std::vector<SourceEntry*>& entries, Batch* batch) {
  size_t closed = 0;
  entry_ = nullptr;
  Begin(batch);
  Turn();
  for (SourceEntry* entry : entries) {
    SetEntry(entry);
    closed += entry->state.event.open ? 1U : 0U;
    CloseEvent(&entry->state.event, &out_);
  }
  entry_ = nullptr;
  Commit();
  return closed;
}

// The batch is counted; takes the turn and leaves behind what is still open.
void LineWorker::Commit() {
  for (size_t rule = 0; rule < matches_before_.size(); ++rule) {
    const uint64_t matches = matcher_.tally().rules[rule].matches;
    if (matches != matches_before_[rule]) {
      tally_.rule_last_match[rule] = static_cast<double>(now_ms_) / 1e3;  // exact to print
      matches_before_[rule] = matches;
    }
  }
  // What an earlier batch left open is either part of event_ by now or ended by this batch's lines.
  Turn();
  if (entry_ != nullptr) KeepLineBefore();
  if (entry_ != nullptr && event_.open) {
    std::swap(entry_->state.event, event_);
    event_.Close();
  }
  section_.reset();
}

void LineWorker::Cut(const lines::Cut& cut) {
  if (cut.oversized) {
    ++source_tally_->lines_framed;
    in_hand_ = 1;
    Logical({.text = {cut.begin, cut.size()}, .envelope = {}, .lines = 1, .oversized = true});
    return;
  }
  const char* line = cut.begin;
  for (const char* block = cut.begin; block < cut.end;) {
    const size_t left = static_cast<size_t>(cut.end - block);
    const char* const block_end = block + std::min(left, lines::kIndexBlockBytes);
    const size_t count = lines::IndexNewlines(block, block_end, newlines_.data());
    for (size_t n = 0; n < count; ++n) {
      const char* const newline = block + newlines_[n];
      const char* end = newline;
      if (end != line && end[-1] == '\r') --end;
      Physical({line, static_cast<size_t>(end - line)});
      line = newline + 1;
    }
    block = block_end;
  }
  // The last line of its file, without a newline: a '\r' at its end is data.
  if (line < cut.end) Physical({line, static_cast<size_t>(cut.end - line)});
}

// One in so many lines says what time its rules took.
inline Outcome LineWorker::Match(std::string_view text, records::Record* record) {
  const bool sample = ++sample_ % kTimedEvery == 0;
  return matcher_.Match(text, entry_->name, record, sample ? MonotonicNanos : nullptr);
}

void LineWorker::Emit(const records::Record& record, std::span<const lines::EnvelopeField> envelope,
                      Buffer* out) {
  if (record.sampled_out) [[unlikely]] {
    ++tally_.rule_sampled_out[record.rule];
    return;
  }
  if (envelope.empty()) [[likely]] {
    json_.Append(record, plain_, out);
  } else {
    json_.Append(record, Context(envelope), out);
  }
}

void LineWorker::Physical(std::string_view text) {
  ++source_tally_->lines_framed;
  in_hand_ = 1;
  if (!unwrapper_.Unwrap(text, &unwrapped_)) {
    records::Record record;
    const Outcome outcome = Match(text, &record);
    if (outcome == Outcome::kMatched && alone_[record.rule] != 0 && !event_.open) [[likely]] {
      ++lines_done_;
      Count(outcome, 1);
      meter_.Apply(record);
      if (options_.write_records) Emit(record, {}, &out_);
      return;
    }
    Handle({.text = text, .envelope = {}}, outcome, record);
    return;
  }
  if (!unwrapped_.pieces) {
    Logical({.text = unwrapped_.payload, .envelope = unwrapped_.fields(), .unwrapped = true});
    return;
  }
  Turn();
  lines::JoinedLine joined;
  ++source_tally_->lines_waiting;
  in_hand_ = 0;
  if (!entry_->state.pieces.Add(unwrapped_, &joined)) return;
  source_tally_->lines_waiting -= joined.lines;
  Logical({.text = joined.text,
           .envelope = joined.fields,
           .lines = joined.lines,
           .oversized = joined.oversized,
           .unwrapped = true});
}

// What is open in the file before or behind the lines of this batch ends here.
void LineWorker::EndFile() {
  Turn();
  FlushPieces();
  CloseEvent(&event_, &out_);
}

void LineWorker::FlushPieces() {
  lines::JoinedLine joined;
  while (entry_->state.pieces.Flush(&joined)) {
    source_tally_->lines_waiting -= joined.lines;
    Logical({.text = joined.text,
             .envelope = joined.fields,
             .lines = joined.lines,
             .oversized = joined.oversized,
             .unwrapped = true});
  }
}

void LineWorker::Logical(const Line& line) {
  if (line.oversized) {
    ++sample_;
    CloseEvent(&event_, &out_);
    ++lines_done_;
    EmitLine(line, Outcome::kOversized);
    return;
  }
  records::Record record;
  const Outcome outcome = Match(line.text, &record);
  Handle(line, outcome, record);
}

// A line that was matched, or not.
void LineWorker::Handle(const Line& line, Outcome outcome, const records::Record& record) {
  if (outcome == Outcome::kUnmatched) return Join(line);
  const rules::Dedupe dedupe = program_->rules[record.rule].dedupe;
  bool duplicate = false;
  if (dedupe != rules::Dedupe::kOff && outcome != Outcome::kDropped) {
    duplicate = SeeTwin(line) && dedupe == rules::Dedupe::kAdjacent;
  }
  if (event_.open) CloseEvent(&event_, &out_);
  ++lines_done_;
  if (duplicate) {
    Count(Outcome::kDuplicate, line.lines);
    return;
  }
  Count(outcome, line.lines);
  if (outcome == Outcome::kDropped) {
    if (!program_->rules[record.rule].multiline) return;
    event_.Start(record.rule, line.text, {}, program_->rules[record.rule].multiline_any);
    event_.dropped = true;
    return;
  }
  if (outcome == Outcome::kMatched) {
    if (program_->rules[record.rule].multiline) {
      event_.Start(record.rule, line.text, line.envelope,
                   program_->rules[record.rule].multiline_any);
      return;
    }
    meter_.Apply(record);
  }
  if (options_.write_records) Emit(record, line.envelope, &out_);
}

void LineWorker::AddSources(const std::vector<SourceTally>& sources) {
  if (tally_.sources.size() < sources.size()) tally_.sources.resize(sources.size());
  for (size_t n = 0; n < sources.size(); ++n) Add(sources[n], &tally_.sources[n]);
}

sinks::RecordContext LineWorker::Context(std::span<const lines::EnvelopeField> envelope) const {
  sinks::RecordContext context = plain_;
  context.envelope = envelope;
  context.has_envelope_moment = EnvelopeMoment(envelope, &context.envelope_moment);
  return context;
}

void LineWorker::EmitLine(const Line& line, Outcome outcome) {
  Count(outcome, line.lines);
  if (outcome == Outcome::kUnmatched && options_.unmatched != nullptr) {
    options_.unmatched->Add(line.text, entry_->name, line.lines, now_ms_);
  }
  if (!options_.write_records) return;
  json_.AppendLine(line.text, records::OutcomeName(outcome), Context(line.envelope), &out_);
}

}  // namespace parshall::pipeline
