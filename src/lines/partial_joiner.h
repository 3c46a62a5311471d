#pragma once
// Joins the pieces into which Docker (16 KiB) and CRI runtimes split a long line, each stream
// (stdout, stderr) for itself. Several physical lines become one; `lines` says how many, so that
// each of them gets its outcome.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lines/unwrap.h"

namespace parshall::lines {

// A line that is whole. All views are valid until the next Add() or Flush(), those of a line that
// was no piece (lines is 1) also only as long as the Unwrapped that was added. kPadBytes bytes can
// be read behind the text.
struct JoinedLine {
  std::string_view text;
  uint64_t lines = 0;      // physical lines that it stood in
  bool oversized = false;  // cut to the first line_bytes_max bytes
  uint8_t unwrapper = 0;
  std::span<const EnvelopeField> fields;  // of the first piece
};

// A line of which only some pieces have come, as data: for a state that outlives the run.
struct PartialLine {
  uint8_t slot = 0;  // which stream's
  uint8_t unwrapper = 0;
  bool oversized = false;
  uint64_t lines = 0;  // pieces so far, at least one
  std::string text;
  std::vector<std::pair<std::string, std::string>> envelope;  // fields of the first piece
};

struct JoinerTally {
  uint64_t pieces = 0;         // physical lines that were joined to others
  uint64_t joined = 0;         // lines made of them
  uint64_t oversized = 0;      // of those, cut
  uint64_t bytes_skipped = 0;  // behind the cuts
};

// One for each source (a container's pieces stand in one file). One thread.
// Holds at most four lines of line_bytes_max bytes, and gives the memory of long ones back.
class PartialJoiner {
 public:
  explicit PartialJoiner(size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  // Takes a line with piece.pieces. True: *out is a whole line, the piece itself or what it
  // completed. False: the piece is kept until its line is complete.
  bool Add(const Unwrapped& piece, JoinedLine* out);

  // At the end of the stream: gives a line whose last piece never came. Call until false.
  bool Flush(JoinedLine* out);

  // The lines that wait for their last piece; and one of them put back into a joiner without any.
  std::vector<PartialLine> Waiting() const;
  void Restore(const PartialLine& from);

  // Whether a line waits for its last piece.
  bool waiting() const;
  const JoinerTally& tally() const { return tally_; }

 private:
  // A line in the making.
  struct Line {
    std::vector<char> text;
    std::string fields_text;  // what `fields` point into, from the first piece
    std::array<EnvelopeField, Unwrapped::kFieldsMax> fields;
    uint8_t fields_count = 0;
    uint8_t unwrapper = 0;
    bool oversized = false;
    uint64_t lines = 0;  // 0: none in the making

    void Begin(const Unwrapped& piece);
    void Begin(std::span<const EnvelopeField> envelope, uint8_t from);
    void Clear();
  };
  enum Slot : size_t { kStdout, kStderr, kOther, kSlots };

  static Slot SlotOf(const Unwrapped& piece);
  void Append(std::string_view text, Line* line);
  void Finish(Line* line, JoinedLine* out);

  const size_t line_bytes_max_;
  std::array<Line, kSlots> lines_;
  Line done_;  // the line handed out last
  JoinerTally tally_;
};

}  // namespace parshall::lines
