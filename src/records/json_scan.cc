#include "records/json_scan.h"

#include <array>
#include <cstring>

#include "records/json_event.h"
#include "records/plan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall::records {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The next byte that a string scan must look at: a quote, a backslash or a control character, or
// `end`.
const char* NextSpecial(const char* at, const char* end, JsonSeen* seen) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  int high = 0;
  for (; at < end; at += 16) {  // may read behind `end`: padding is promised
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const int mask = _mm_movemask_epi8(special);
    high |= _mm_movemask_epi8(bytes);
    if (mask != 0) {
      at += __builtin_ctz(static_cast<unsigned>(mask));
      break;
    }
  }
  if (high != 0) seen->high_bytes = true;
  return at < end ? at : end;
#else
  for (; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) break;
    if (byte >= 0x80) seen->high_bytes = true;
  }
  return at;
#endif
}

const char* SkipDigits(const char* at, const char* end) {
  while (at < end && IsDigit(*at)) ++at;
  return at;
}

const char* SkipNumber(const char* at, const char* end) {
  if (at < end && *at == '-') ++at;
  if (at >= end || !IsDigit(*at)) return nullptr;
  at = *at == '0' ? at + 1 : SkipDigits(at, end);
  if (at < end && *at == '.') {
    const char* fraction = ++at;
    at = SkipDigits(at, end);
    if (at == fraction) return nullptr;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    const char* exponent = at;
    at = SkipDigits(at, end);
    if (at == exponent) return nullptr;
  }
  return at;
}

const char* SkipWord(const char* at, const char* end, std::string_view word) {
  if (static_cast<size_t>(end - at) < word.size() ||
      std::memcmp(at, word.data(), word.size()) != 0) {
    return nullptr;
  }
  return at + word.size();
}

}  // namespace

const char* SkipJsonBlanks(const char* at, const char* end) {
  while (at < end && IsBlank(*at)) ++at;
  return at;
}

int JsonHexUnit(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int unit = 0;
  for (int n = 0; n < 4; ++n) {
    const int digit = HexDigit(at[n]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

const char* SkipJsonString(const char* at, const char* end, JsonSeen* seen) {
  ++at;
  while (true) {
    at = NextSpecial(at, end, seen);
    if (at >= end) return nullptr;
    if (*at == '"') return at + 1;
    if (*at != '\\' || end - at < 2) return nullptr;
    seen->escapes = true;
    switch (at[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        at += 2;
        break;
      case 'u': {
        const int unit = JsonHexUnit(at + 2, end);
        if (unit < 0) return nullptr;
        at += 6;
        if (IsHighSurrogate(unit) && end - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
            IsLowSurrogate(JsonHexUnit(at + 2, end))) {
          at += 6;
        } else if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
          seen->lone_surrogate = true;
        }
        break;
      }
      default:
        return nullptr;
    }
  }
}

namespace {

const char* SkipScalar(const char* at, const char* end, JsonKind* kind, JsonSeen* seen) {
  switch (*at) {
    case '"':
      *kind = JsonKind::kString;
      return SkipJsonString(at, end, seen);
    case 't':
      *kind = JsonKind::kTrue;
      return SkipWord(at, end, "true");
    case 'f':
      *kind = JsonKind::kFalse;
      return SkipWord(at, end, "false");
    case 'n':
      *kind = JsonKind::kNull;
      return SkipWord(at, end, "null");
    default:
      *kind = JsonKind::kNumber;
      return SkipNumber(at, end);
  }
}

}  // namespace

// An array or an object, `at` on its bracket. No recursion: one flag a level.
const char* SkipJsonContainer(const char* at, const char* end, JsonSeen* seen) {
  std::array<bool, kJsonDepthMax> in_object;
  size_t depth = 0;
  enum { kValue, kValueOrClose, kKey, kKeyOrClose, kCommaOrClose } expected = kValue;
  while (true) {
    at = SkipJsonBlanks(at, end);
    if (at >= end) return nullptr;
    switch (expected) {
      case kValueOrClose:
        if (*at == ']') {
          ++at;
          --depth;
          expected = kCommaOrClose;
          break;
        }
        [[fallthrough]];
      case kValue:
        if (*at == '{' || *at == '[') {
          if (depth == kJsonDepthMax) return nullptr;
          in_object[depth++] = *at == '{';
          expected = *at == '{' ? kKeyOrClose : kValueOrClose;
          ++at;
          continue;
        } else {
          JsonKind ignored;
          at = SkipScalar(at, end, &ignored, seen);
          if (at == nullptr) return nullptr;
        }
        expected = kCommaOrClose;
        break;
      case kKeyOrClose:
        if (*at == '}') {
          ++at;
          --depth;
          expected = kCommaOrClose;
          break;
        }
        [[fallthrough]];
      case kKey:
        if (*at != '"' || (at = SkipJsonString(at, end, seen)) == nullptr) return nullptr;
        at = SkipJsonBlanks(at, end);
        if (at >= end || *at != ':') return nullptr;
        ++at;
        expected = kValue;
        continue;
      case kCommaOrClose:
        if (*at == ',') {
          ++at;
          expected = in_object[depth - 1] ? kKey : kValue;
          continue;
        }
        if (*at != (in_object[depth - 1] ? '}' : ']')) return nullptr;
        ++at;
        --depth;
        break;
    }
    if (depth == 0) return at;
  }
}

const char* SkipJsonValue(const char* at, const char* end, JsonKind* kind, JsonSeen* seen) {
  if (at >= end) return nullptr;
  if (*at == '{' || *at == '[') {
    *kind = *at == '{' ? JsonKind::kObject : JsonKind::kArray;
    return SkipJsonContainer(at, end, seen);
  }
  return SkipScalar(at, end, kind, seen);
}

ScanEvent BestScanEvent() { return HasAvx2() ? ScanEventAvx2 : nullptr; }

}  // namespace parshall::records
