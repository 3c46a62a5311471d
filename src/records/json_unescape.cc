// The texts of JSON strings, without their escapes.
#include <cstring>
#include <string_view>

#include "records/json_event.h"
#include "records/json_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall::records {

extern const bool kVbmi2Built;  // json_unescape_vbmi2.cc

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

char* AppendUtf8(char* out, int code) {
  const auto byte = [](int value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    *out++ = byte(code);
  } else if (code < 0x800) {
    *out++ = byte(0xc0 | (code >> 6));
    *out++ = byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = byte(0xe0 | (code >> 12));
    *out++ = byte(0x80 | ((code >> 6) & 0x3f));
    *out++ = byte(0x80 | (code & 0x3f));
  } else {
    *out++ = byte(0xf0 | (code >> 18));
    *out++ = byte(0x80 | ((code >> 12) & 0x3f));
    *out++ = byte(0x80 | ((code >> 6) & 0x3f));
    *out++ = byte(0x80 | (code & 0x3f));
  }
  return out;
}

}  // namespace

char* UnescapeJson(std::string_view raw, char* out) {
  const char* at = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  while (at < end) {
#if defined(__SSE2__)
    if (end - at >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
      const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
      const int plain = mask == 0 ? 16 : __builtin_ctz(static_cast<unsigned>(mask));
      at += plain;
      out += plain;
      if (mask == 0) continue;
    }
#endif
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    const char c = at[1];
    at += 2;
    switch (c) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        const int unit = JsonHexUnit(at, end);
        at += 4;
        if (!IsHighSurrogate(unit) && !IsLowSurrogate(unit)) {
          out = AppendUtf8(out, unit);
          break;
        }
        const int low =
            end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? JsonHexUnit(at + 2, end) : -1;
        if (IsHighSurrogate(unit) && IsLowSurrogate(low)) {
          out = AppendUtf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
          at += 6;
        } else {
          std::memcpy(out, kReplacement.data(), kReplacement.size());
          out += kReplacement.size();
        }
        break;
      }
      default:
        *out++ = c;  // " \ /
    }
  }
  return out;
}

bool HasVbmi2() {
#if defined(__x86_64__)
  return kVbmi2Built && __builtin_cpu_supports("avx512vbmi2") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("popcnt") != 0;
#else
  return false;
#endif
}

UnescapePadded BestUnescapePadded() { return HasVbmi2() ? UnescapeJsonVbmi2 : UnescapeJson; }

}  // namespace parshall::records
