#include "base/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace parshall {
namespace {

char* AppendControl(char* out, unsigned char byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  char short_form = 0;
  switch (byte) {
    case '"':
      short_form = '"';
      break;
    case '\\':
      short_form = '\\';
      break;
    case '\b':
      short_form = 'b';
      break;
    case '\f':
      short_form = 'f';
      break;
    case '\n':
      short_form = 'n';
      break;
    case '\r':
      short_form = 'r';
      break;
    case '\t':
      short_form = 't';
      break;
    default:
      break;
  }
  *out++ = '\\';
  if (short_form != 0) {
    *out++ = short_form;
    return out;
  }
  std::memcpy(out, "u00", 3);
  out[3] = kHex[byte >> 4];
  out[4] = kHex[byte & 15];
  return out + 5;
}

struct Sequence {
  size_t size = 1;  // bytes to take from the input
  bool valid = false;
};

// The UTF-8 sequence at `at` (RFC 3629 §4), or the maximal part of one that cannot be completed.
Sequence SequenceAt(const unsigned char* at, const unsigned char* end) {
  const unsigned char lead = *at;
  size_t follow = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    follow = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    follow = 2;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    follow = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {};
  }
  size_t size = 1;
  for (; size <= follow; ++size) {
    if (at + size >= end || at[size] < low || at[size] > high) return {size, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

}  // namespace

char* AppendJsonSpecial(char* out, const char** at, const char* end) {
  const auto byte = static_cast<unsigned char>(**at);
  if (byte < ' ' || byte == '"' || byte == '\\') {
    ++*at;
    return AppendControl(out, byte);
  }
  if (byte < 0x80) {
    *out = *(*at)++;
    return out + 1;
  }
  const Sequence sequence = SequenceAt(reinterpret_cast<const unsigned char*>(*at),
                                       reinterpret_cast<const unsigned char*>(end));
  const char* const from = *at;
  *at += sequence.size;
  if (sequence.valid) {
    std::memcpy(out, from, 4);  // at most four; the rest is written over
    return out + sequence.size;
  }
  std::memcpy(out, "\xef\xbf\xbd", 3);
  return out + 3;
}

}  // namespace parshall
