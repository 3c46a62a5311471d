#pragma once
// What of a source is still open between two batches: an event that may get continuation lines, and
// lines of which only pieces have come. Whoever has the turn (turnstile.h) owns all of it.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "lines/continuation.h"
#include "lines/newline_framer.h"
#include "lines/partial_joiner.h"

namespace parshall::pipeline {

// A line that a multiline rule matched, and what was joined to it. Plain data; copied out of the
// batch it came in.
struct OpenEvent {
  bool open = false;
  bool dropped = false;  // its rule drops it: the lines that continue it are, too
  bool resumed = false;  // from an earlier run; whether it is dropped has to be found out
  uint32_t rule = 0;
  std::string text;  // lines joined by '\n'; room for padding is reserved behind it
  size_t first_line_size = 0;
  lines::Continuation continuation;
  std::string envelope_text;  // what `envelope` points into
  std::vector<lines::EnvelopeField> envelope;

  // `any`: every line that no rule matches continues it.
  void Start(uint32_t rule_index, std::string_view line,
             std::span<const lines::EnvelopeField> fields, bool any);
  // Goes on with an event of an earlier run. `fields` name constants of lines/unwrap.h.
  void Resume(uint32_t rule_index, std::string_view joined, size_t first_line,
              uint8_t continuation_position, std::span<const lines::EnvelopeField> fields);
  // False when the line does not fit any more.
  bool Add(std::string_view line, size_t bytes_max);
  void Close();
  // The joined text, with lines::kPadBytes readable behind it.
  std::string_view Padded();
};

// One source's. Handed over with the turn.
struct SourceState {
  explicit SourceState(size_t line_bytes_max) : pieces(line_bytes_max) {}

  OpenEvent event;
  lines::PartialJoiner pieces;
};

}  // namespace parshall::pipeline
