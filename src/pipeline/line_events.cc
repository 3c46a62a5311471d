// Of the line worker: events of several lines. The line that begins one waits for those that belong
// to it, and is counted and written with them.

#include "pipeline/line_worker.h"

namespace parshall::pipeline {

using records::Outcome;

// A line that no rule knows: it continues the event before it, or is unmatched.
void LineWorker::Join(const Line& line) {
  if (!event_.open) Turn();  // that event may stand in an earlier batch
  if (event_.open && event_.continuation.Belongs(line.text)) {
    tally_.continuation_lines += line.lines;
    if (IsDropped(&event_)) {
      Count(Outcome::kDropped, line.lines);
    } else if (event_.Add(line.text, options_.line_bytes_max)) {
      Count(Outcome::kMatched, line.lines);
    } else {
      Count(Outcome::kOversized, line.lines);
    }
    return;
  }
  CloseEvent(&event_, &out_);
  ++lines_done_;
  EmitLine(line, Outcome::kUnmatched);
}

// Counts and writes a joined event. The whole text is matched again by its rule; where the pattern
// does not reach over line ends, the first line makes the record and the rest is kept beside it.
void LineWorker::CloseEvent(OpenEvent* event, Buffer* out) {
  if (!event->open) return;
  if (IsDropped(event)) {
    event->Close();
    return;
  }
  records::Record record;
  const std::string_view text = event->Padded();
  Outcome outcome = event_matcher_.MatchRule(event->rule, text, entry_->name, &record);
  std::vector<lines::EnvelopeField> envelope = event->envelope;
  if (outcome == Outcome::kUnmatched) {
    outcome = event_matcher_.MatchRule(event->rule, text.substr(0, event->first_line_size),
                                       entry_->name, &record);
    if (text.size() > event->first_line_size) {
      envelope.push_back({"continuation", text.substr(event->first_line_size + 1)});
    }
  }
  if (outcome == Outcome::kMatched || outcome == Outcome::kRejected) {
    if (outcome == Outcome::kMatched) meter_.Apply(record);
    if (options_.write_records) Emit(record, envelope, out);
  }
  event->Close();
}

bool LineWorker::Takes(uint32_t rule, OpenEvent* event, std::string_view source) {
  records::Record ignored;
  const std::string_view first = event->Padded().substr(0, event->first_line_size);
  const Outcome outcome = event_matcher_.MatchRule(rule, first, source, &ignored, true);
  return outcome == Outcome::kMatched || outcome == Outcome::kRejected;
}

// Whether its rule drops the event; the line that begins it decides.
bool LineWorker::IsDropped(OpenEvent* event) {
  if (!event->resumed) return event->dropped;
  records::Record ignored;
  event->resumed = false;
  const std::string_view first = event->Padded().substr(0, event->first_line_size);
  event->dropped = event_matcher_.MatchRule(event->rule, first, entry_->name, &ignored, true) ==
                   Outcome::kDropped;
  return event->dropped;
}

}  // namespace parshall::pipeline
