// Built with the vectors of its name on x86-64 (src/CMakeLists.txt); elsewhere never chosen.
#include "records/json_event.h"
#include "records/json_scan.h"

#if defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

namespace parshall::records {

extern const bool kVbmi2Built;

#if defined(__AVX512VBMI2__)
const bool kVbmi2Built = true;

// Where the only escapes are \", \\ and \/, unescaping is leaving bytes out: 64 at once.
char* UnescapeJsonVbmi2(std::string_view raw, char* out) {
  const char* at = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  uint64_t carried = 0;  // the first byte is escaped by the last one of the block before
  for (; at < end; at += 64) {
    const auto left = static_cast<uint64_t>(end - at);
    const uint64_t valid = left < 64 ? (uint64_t{1} << left) - 1 : ~uint64_t{0};
    const __m512i bytes = _mm512_loadu_si512(at);
    const uint64_t backslashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) & valid;
    if ((backslashes | carried) == 0) {
      _mm512_storeu_si512(out, bytes);
      out += left < 64 ? left : 64;
      continue;
    }
    // Of a row of backslashes each second one is escaped (simdjson's way to find them).
    constexpr uint64_t kOdd = 0xaaaaaaaaaaaaaaaa;
    const uint64_t begins = backslashes & ~carried;
    const uint64_t marks = (((begins << 1) | kOdd) - begins) ^ kOdd;
    const uint64_t escaped = marks ^ (backslashes | carried);
    const uint64_t escapes = marks & backslashes;
    const uint64_t itself = backslashes | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
                            _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('/'));
    if ((escaped & valid & ~itself) != 0) {
      // Something else: the rest goes byte by byte, from the backslash on that was left out.
      const char* const from = at - carried - 1;
      return UnescapeJson({from, static_cast<size_t>(end + 1 - from)}, out);
    }
    const uint64_t kept = valid & ~escapes;
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, bytes));
    out += _mm_popcnt_u64(kept);
    carried = escapes >> 63;
  }
  return out;
}
#else
const bool kVbmi2Built = false;

char* UnescapeJsonVbmi2(std::string_view raw, char* out) { return UnescapeJson(raw, out); }
#endif

}  // namespace parshall::records
