#include "lines/partial_joiner.h"

#include <algorithm>
#include <utility>

#include "lines/newline_framer.h"

namespace parshall::lines {
namespace {

// Above this the memory of a long line is given back when it is through.
constexpr size_t kTextKeptBytes = 64 * 1024;

}  // namespace

void PartialJoiner::Line::Begin(const Unwrapped& piece) { Begin(piece.fields(), piece.unwrapper); }

void PartialJoiner::Line::Begin(std::span<const EnvelopeField> envelope, uint8_t from) {
  // The fields point into the piece's line, which is gone when the last piece comes: copy them.
  // First all the bytes, since a growing string moves.
  fields_text.clear();
  for (const EnvelopeField& field : envelope) fields_text += field.text;
  fields_text.append(kPadBytes, '\0');  // behind each of them, as behind the fields of a line
  size_t at = 0;
  fields_count = 0;
  for (const EnvelopeField& field : envelope) {
    fields[fields_count++] = {field.name,
                              std::string_view(fields_text).substr(at, field.text.size())};
    at += field.text.size();
  }
  unwrapper = from;
}

void PartialJoiner::Line::Clear() {
  if (text.capacity() > kTextKeptBytes) std::vector<char>().swap(text);
  text.clear();
  fields_text.clear();
  fields_count = 0;
  oversized = false;
  lines = 0;
}

PartialJoiner::Slot PartialJoiner::SlotOf(const Unwrapped& piece) {
  const std::string_view stream = piece.Field(kStream);
  return stream == "stdout" ? kStdout : stream == "stderr" ? kStderr : kOther;
}

bool PartialJoiner::waiting() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.lines > 0; });
}

void PartialJoiner::Append(std::string_view text, Line* line) {
  const size_t room = line_bytes_max_ - line->text.size();
  const std::string_view taken = text.substr(0, room);
  line->text.insert(line->text.end(), taken.begin(), taken.end());
  if (taken.size() < text.size()) {
    line->oversized = true;
    tally_.bytes_skipped += text.size() - taken.size();
  }
  ++line->lines;
  ++tally_.pieces;
}

bool PartialJoiner::Add(const Unwrapped& piece, JoinedLine* out) {
  Line& line = lines_[SlotOf(piece)];
  if (line.lines == 0) {
    if (!piece.partial) {
      *out = {piece.payload, 1, false, piece.unwrapper, piece.fields()};
      return true;
    }
    line.Begin(piece);
  }
  Append(piece.payload, &line);
  if (piece.partial) return false;
  // "\r\n" was split between the last two pieces.
  if (piece.payload.empty() && !line.oversized && !line.text.empty() && line.text.back() == '\r') {
    line.text.pop_back();
  }
  Finish(&line, out);
  return true;
}

void PartialJoiner::Finish(Line* line, JoinedLine* out) {
  // The strings that `fields` point into move with the swap only as far as short ones are kept
  // inside of the string object: point again.
  done_.Clear();
  std::swap(*line, done_);
  size_t at = 0;
  for (uint8_t i = 0; i < done_.fields_count; ++i) {
    const size_t size = done_.fields[i].text.size();
    done_.fields[i].text = std::string_view(done_.fields_text).substr(at, size);
    at += size;
  }
  const size_t size = done_.text.size();
  done_.text.resize(size + kPadBytes);
  *out = {{done_.text.data(), size},
          done_.lines,
          done_.oversized,
          done_.unwrapper,
          {done_.fields.data(), done_.fields_count}};
  ++tally_.joined;
  if (done_.oversized) ++tally_.oversized;
}

std::vector<PartialLine> PartialJoiner::Waiting() const {
  std::vector<PartialLine> waiting;
  for (uint8_t slot = 0; slot < kSlots; ++slot) {
    const Line& line = lines_[slot];
    if (line.lines == 0) continue;
    PartialLine& into = waiting.emplace_back();
    into.slot = slot;
    into.unwrapper = line.unwrapper;
    into.oversized = line.oversized;
    into.lines = line.lines;
    into.text.assign(line.text.begin(), line.text.end());
    for (uint8_t n = 0; n < line.fields_count; ++n) {
      into.envelope.emplace_back(line.fields[n].name, line.fields[n].text);
    }
  }
  return waiting;
}

void PartialJoiner::Restore(const PartialLine& from) {
  if (from.slot >= kSlots || from.lines == 0) return;
  Line& line = lines_[from.slot];
  line.Clear();
  std::vector<EnvelopeField> envelope;
  for (const auto& [name, text] : from.envelope) {
    const std::string_view known = EnvelopeName(name);
    if (!known.empty() && envelope.size() < Unwrapped::kFieldsMax)
      envelope.push_back({known, text});
  }
  line.Begin(envelope, from.unwrapper);
  const size_t size = std::min(from.text.size(), line_bytes_max_);
  line.text.assign(from.text.begin(), from.text.begin() + static_cast<std::ptrdiff_t>(size));
  line.oversized = from.oversized || size < from.text.size();
  line.lines = from.lines;
}

bool PartialJoiner::Flush(JoinedLine* out) {
  for (Line& line : lines_) {
    if (line.lines == 0) continue;
    Finish(&line, out);
    return true;
  }
  return false;
}

}  // namespace parshall::lines
