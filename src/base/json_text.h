#pragma once
// Bytes → the inside of a JSON string: escaped, and valid UTF-8 whatever came in.

#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall {

// Room that AppendJsonText may need for a text: a control character becomes six bytes, and vector
// stores run over the end.
constexpr size_t JsonTextBytesMax(size_t size) { return size * 6 + 128; }

// The byte at `at` needs more than copying: escapes it, or takes its UTF-8 sequence. Moves *at behind it.
char* AppendJsonSpecial(char* out, const char** at, const char* end);

// Writes `text` without quotes around it and returns the end of what was written. Needs
// JsonTextBytesMax() bytes of room, and 64 readable bytes behind the text. Invalid UTF-8 becomes
// U+FFFD, one for each maximal invalid part (Unicode 3.9, as Python's "replace" does).
inline char* AppendJsonText(char* out, std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
#if defined(__SSE2__)
    // Sixteen plain bytes at a time. What is stored behind the end is written over by whatever
    // comes next.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    // Signed: bytes over 0x7f are below ' ' as well.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
    const int mask = _mm_movemask_epi8(special);
    const ptrdiff_t left = end - at;
    const ptrdiff_t plain = mask == 0 ? 16 : __builtin_ctz(static_cast<unsigned>(mask));
    if (plain >= left) return out + left;
    at += plain;
    out += plain;
    if (mask == 0) continue;
#endif
    out = AppendJsonSpecial(out, &at, end);
  }
  return out;
}

}  // namespace parshall
