#include "pipeline/event_joiner.h"

namespace parshall::pipeline {

void OpenEvent::Start(uint32_t rule_index, std::string_view line,
                      std::span<const lines::EnvelopeField> fields, bool any) {
  open = true;
  dropped = false;
  resumed = false;
  rule = rule_index;
  text.assign(line);
  first_line_size = line.size();
  any ? continuation.OpenForAny() : continuation.Open(line);
  envelope_text.clear();
  size_t bytes = lines::kPadBytes;
  for (const lines::EnvelopeField& field : fields) bytes += field.text.size();
  envelope_text.reserve(bytes);  // so that the views below stay valid
  envelope.clear();
  for (const lines::EnvelopeField& field : fields) {
    const size_t begin = envelope_text.size();
    envelope_text.append(field.text);
    envelope.push_back({field.name, std::string_view(envelope_text).substr(begin)});
  }
  // Every view must have readable bytes behind it.
  envelope_text.append(lines::kPadBytes, '\0');
}

void OpenEvent::Resume(uint32_t rule_index, std::string_view joined, size_t first_line,
                       uint8_t continuation_position,
                       std::span<const lines::EnvelopeField> fields) {
  Start(rule_index, joined, fields, false);
  first_line_size = first_line <= joined.size() ? first_line : joined.size();
  continuation.Resume(continuation_position);
  resumed = true;
}

bool OpenEvent::Add(std::string_view line, size_t bytes_max) {
  if (text.size() + 1 + line.size() > bytes_max) return false;
  text += '\n';
  text += line;
  return true;
}

void OpenEvent::Close() {
  open = false;
  continuation.Close();
  constexpr size_t kKeptBytes = 64 << 10;
  if (text.capacity() > kKeptBytes) std::string().swap(text);
}

std::string_view OpenEvent::Padded() {
  const size_t size = text.size();
  text.append(lines::kPadBytes, '\0');
  text.resize(size);
  return text;
}

}  // namespace parshall::pipeline
