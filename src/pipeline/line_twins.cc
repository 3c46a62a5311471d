// The line worker's part in twins (twins.h): which line may be the second of a pair, also over the
// border of two batches.
//
// Whether a line is a second one depends on the line before it, and, in a row of equal lines, on
// how many stand before that. Inside of a batch that is at hand. For its first line the intake has
// kept the text of the line before: most are not alike, and that is all. Only if they are does the
// worker wait for its turn, when the batch before it is done, and the source's state says whether
// its last line was a first one or a second one. So the outcome is the same for any number of
// workers, and the workers hardly wait in logs that are written once.

#include <fmt/format.h>

#include "pipeline/line_worker.h"

namespace parshall::pipeline {

// Whether the line is the second of a pair; counts it. Called for lines of rules with `dedupe:`.
bool LineWorker::SeeTwin(const Line& line) {
  if (sample_ == first_line_) LookBack(line);
  ++twin_lines_;
  const bool alike =
      before_at_ + 1 == sample_ && MayBeTwins(before_, line.text) && IsTwin(before_, line.text);
  const bool twin = alike && !before_second_;
  if (twin) {
    ++source_tally_->twins;
    ++twin_seconds_;
    if (before_fresh_) ++twin_pairs_;
  }
  before_second_ = twin;
  before_fresh_ = !alike;
  before_at_ = sample_;
  before_ = line.text;
  if (line.unwrapped) {
    before_text_.assign(line.text);
    before_ = before_text_;
  }
  return twin;
}

// The batch's first line: takes the line before it from the source's state, should it matter.
void LineWorker::LookBack(const Line& line) {
  if (!batch_->first && !has_turn_) {
    std::string& kept = batch_->line_before;
    if (kept.empty()) return;
    const size_t size = kept.size();
    kept.append(lines::kPadBytes, '\0');
    std::string_view text = std::string_view(kept).substr(0, size);
    const bool wrapped = back_unwrapper_.Unwrap(text, &back_);
    if (wrapped) text = back_.payload;
    // A piece is not yet a line: the line before is another.
    const bool piece = wrapped && back_.pieces;
    if (!piece && !IsTwin(text, line.text)) return;
  }
  Turn();
  const LineBefore& before = entry_->state.line_before;
  if (before.text.empty()) return;
  before_text_ = before.text;
  before_ = before_text_;
  before_second_ = before.second;
  before_fresh_ = true;
  before_at_ = sample_ - 1;
}

// The batch is done, and the turn is ours.
void LineWorker::KeepLineBefore() {
  SourceState& state = entry_->state;
  if (sample_ + 1 == first_line_) return;  // there was no line
  if (before_at_ == sample_ && before_.size() <= kTwinBytesMax) {
    state.line_before.Set(before_, before_second_);
  } else {
    state.line_before.Clear();
  }
  if (twin_lines_ == 0 || !state.twin_evidence.Add(twin_lines_, twin_seconds_, twin_pairs_)) return;
  if (!options_.notice) return;
  options_.notice(fmt::format(
      "{}: access lines stand there twice, one behind the other ({} of {} so far are the second of "
      "two), so requests count double. gunicorn's loggers pass their events on to the root logger: "
      "give \"gunicorn.access\" and \"gunicorn.error\" `\"propagate\": False` in logconfig_dict. "
      "Until then --dedupe adjacent counts each pair once",
      entry_->name, state.twin_evidence.twins(), state.twin_evidence.lines()));
}

}  // namespace parshall::pipeline
