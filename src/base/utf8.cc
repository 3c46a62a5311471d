#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace parshall {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr uint64_t kHighBits = 0x8080808080808080u;

uint8_t ByteAt(const char* p) { return static_cast<uint8_t>(*p); }

// How many bytes from p are ASCII.
size_t AsciiPrefix(const char* p, const char* end) {
  const char* at = p;
  while (end - at >= 16) {
    uint64_t low = 0;
    uint64_t high = 0;
    std::memcpy(&low, at, 8);
    std::memcpy(&high, at + 8, 8);
    if (((low | high) & kHighBits) != 0) break;
    at += 16;
  }
  while (at < end && ByteAt(at) < 0x80) ++at;
  return static_cast<size_t>(at - p);
}

// One step over a byte >= 0x80 and what belongs to it.
struct Step {
  size_t size;  // of the sequence, or of the maximal subpart of an ill-formed one (at least 1)
  bool valid;
};

// Table 3-7: the first byte says how many follow and in which range the second must be; the others
// are 80..BF.
Step StepAt(const char* p, const char* end) {
  const uint8_t first = ByteAt(p);
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  size_t size = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (size_t i = 1; i < size; ++i) {
    if (p + i == end || ByteAt(p + i) < low || ByteAt(p + i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

}  // namespace

size_t ValidPrefix(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (;;) {
    p += AsciiPrefix(p, end);
    if (p == end) return text.size();
    // Texts of other scripts come in runs: stay here until the next ASCII byte.
    do {
      const Step step = StepAt(p, end);
      if (!step.valid) return static_cast<size_t>(p - text.data());
      p += step.size;
    } while (p < end && ByteAt(p) >= 0x80);
  }
}

void AppendValidUtf8(std::string_view text, std::string* out) {
  for (;;) {
    const size_t valid = ValidPrefix(text);
    out->append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return;
    const Step step = StepAt(text.data(), text.data() + text.size());
    out->append(kReplacement);
    text.remove_prefix(step.size);
  }
}

}  // namespace parshall
