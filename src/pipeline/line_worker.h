#pragma once
// The stations joined: one worker's way of a batch, from lines to counted records and their JSON.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "lines/newline_index.h"
#include "lines/unwrap.h"
#include "metrics/meter.h"
#include "metrics/store.h"
#include "pipeline/event_joiner.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/turnstile.h"
#include "records/matcher.h"
#include "records/unmatched.h"
#include "sinks/record_json.h"

namespace parshall::pipeline {

struct WorkerOptions {
  bool write_records = true;  // false: --output none
  size_t line_bytes_max = size_t{1} << 20;
  sinks::Schema schema = sinks::Schema::kFlat;
  records::UnmatchedStore* unmatched = nullptr;  // outlives the worker; null: none are kept
  // Takes a sentence for the log; at most one for each source. By whoever has the turn.
  std::function<void(std::string)> notice;
};

// One thread at a time calls Process() and Flush(). The tallies may be read by whoever holds all
// shards' locks (a scrape).
//
// Several workers share a file: most lines stand for themselves and are worked on in any order.
// What does not (a line that no rule matched may continue the event before it; a container's piece
// belongs to others) waits for the batch's turn, when everything before it is done; see Turn(). So
// the outcome never depends on the number of workers.
class LineWorker {
 public:
  LineWorker(std::shared_ptr<const records::RuleProgram> program,
             std::shared_ptr<metrics::Store> store, Turnstile* turnstile, WorkerOptions options);

  // Works on a batch; when it returns, the worker has the batch's turn and records() is what must
  // be written before the turn is passed on.
  void Process(Batch* batch);
  // An idle batch, likewise: closes the open events of these sources. Returns how many.
  size_t Flush(const std::vector<SourceEntry*>& entries, Batch* batch);

  // Whether the rule would begin an event with the line that this one begins with, and count it.
  bool Takes(uint32_t rule, OpenEvent* event, std::string_view source);
  // For the holder of a barrier: counts of sources that workers before this one have made.
  void AddSources(const std::vector<SourceTally>& sources);

  // What must be written, in order. Valid until the next call of Process() or Flush().
  std::string_view earlier_records() const { return earlier_.view(); }
  std::string_view records() const { return out_.view(); }

  // Under the lock of all shards only.
  const WorkerTally& tally() const { return tally_; }
  // At a barrier, while nobody looks: hands over what it counted of a source, and forgets it.
  SourceTally TakeSource(uint32_t index);
  const records::MatcherTally& matcher_tally() const { return matcher_.tally(); }
  const sinks::RecordJsonTally& json_tally() const { return json_.tally(); }

 private:
  struct Line {
    std::string_view text;
    std::span<const lines::EnvelopeField> envelope;
    uint64_t lines = 1;  // physical lines it stood in
    bool oversized = false;
    bool unwrapped = false;  // the text may stand in scratch that the next line overwrites
  };

  void Begin(Batch* batch);
  void Commit();
  void Turn();
  void Cut(const lines::Cut& cut);
  void Physical(std::string_view text);
  void Logical(const Line& line);
  records::Outcome Match(std::string_view text, records::Record* record);
  void Handle(const Line& line, records::Outcome outcome, const records::Record& record);
  void Join(const Line& line);
  bool SeeTwin(const Line& line);
  void LookBack(const Line& line);
  void KeepLineBefore();
  void Emit(const records::Record& record, std::span<const lines::EnvelopeField> envelope,
            Buffer* out);
  void EmitLine(const Line& line, records::Outcome outcome);
  void Count(records::Outcome outcome, uint64_t lines) {
    source_tally_->outcomes[static_cast<size_t>(outcome)] += lines;
    in_hand_ = 0;
  }
  void CloseEvent(OpenEvent* event, Buffer* out);
  bool IsDropped(OpenEvent* event);
  void FlushPieces();
  void EndFile();
  void SetEntry(SourceEntry* entry);
  sinks::RecordContext Context(std::span<const lines::EnvelopeField> envelope) const;
  SourceTally& TallyOf(const SourceEntry& entry);

  const std::shared_ptr<const records::RuleProgram> program_;
  const std::shared_ptr<metrics::Store> store_;
  const WorkerOptions options_;
  metrics::Shard& shard_;
  metrics::Meter meter_;
  records::Matcher matcher_;
  // For joined events: matcher_ holds the record of the line that ends one.
  records::Matcher event_matcher_;
  sinks::RecordJson json_;
  lines::Unwrapper unwrapper_;
  lines::Unwrapped unwrapped_;
  Turnstile* const turnstile_;

  // Of the batch at hand.
  Batch* batch_ = nullptr;
  SourceEntry* entry_ = nullptr;
  SourceTally* source_tally_ = nullptr;
  std::optional<metrics::Shard::Batch>
      section_;  // the shard is ours; given up while waiting for the turn
  bool has_turn_ = false;
  bool adopted_ = false;     // event_ is the source's, not only this batch's
  uint64_t lines_done_ = 0;  // logical lines that ended what was open before this batch
  uint64_t in_hand_ = 0;     // physical lines that were framed and have no outcome yet
  OpenEvent event_;
  int64_t now_ms_ = 0;
  Moment now_;
  uint64_t entries_set_ = 0;
  sinks::RecordContext plain_;  // of the entry's records without a wrapping
  std::vector<uint64_t> matches_before_;
  std::vector<uint8_t> alone_;  // by rule: no line of it begins an event of several, or has a twin

  // Twins: the last line of a rule with `dedupe:`, and its number among the logical lines
  // (sample_). Only the line with the next number can be its twin.
  std::string_view before_;
  bool before_second_ = false;  // it is the second of a pair
  uint64_t before_at_ = 0;
  std::string before_text_;    // holds it, if it does not stand in the batch
  uint64_t first_line_ = 0;    // the number of the batch's first line
  uint64_t twin_lines_ = 0;    // of the batch: lines of such rules,
  uint64_t twin_seconds_ = 0;  // second lines,
  uint64_t twin_pairs_ = 0;    // and of these, of pairs that were not like the one before
  bool before_fresh_ = false;  // `before_` is not like the line before it
  lines::Unwrapper back_unwrapper_;
  lines::Unwrapped back_;

  std::vector<uint32_t> newlines_;  // of the block at hand
  Buffer earlier_;                  // closes what batches before this one left open
  Buffer out_;
  uint64_t sample_ = 0;
  WorkerTally tally_;
};

// For metrics::Meter: the fields of each rule of the program.
std::vector<metrics::RuleFields> RuleFieldsOf(const records::RuleProgram& program);

}  // namespace parshall::pipeline
