// Built with -mavx2 on x86-64 (src/CMakeLists.txt); elsewhere the same as the baseline and never
// chosen.
#include "lines/newline_index.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace parshall::lines {

#if defined(__AVX2__)
extern const bool kIndexAvx2Built;
const bool kIndexAvx2Built = true;

size_t IndexNewlinesAvx2(const char* begin, const char* end, uint32_t* offsets) {
  const __m256i newline = _mm256_set1_epi8('\n');
  uint32_t* out = offsets;
  const auto size = static_cast<size_t>(end - begin);
  const auto hits = [&](size_t from) {
    const auto half = [&](size_t at) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + at));
      return uint64_t{
          static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, newline)))};
    };
    return half(from) | (half(from + 32) << 32);
  };
  const auto put = [&out](size_t at, uint64_t mask) {
    // Two are written whether they are there or not, so that no branch depends on it: lines are
    // seldom shorter than that.
    const auto count = static_cast<size_t>(_mm_popcnt_u64(mask));
    const auto base = static_cast<uint32_t>(at);
    out[0] = base + static_cast<uint32_t>(_tzcnt_u64(mask));
    mask &= mask - 1;
    out[1] = base + static_cast<uint32_t>(_tzcnt_u64(mask));
    for (size_t n = 2; n < count; ++n) {
      mask &= mask - 1;
      out[n] = base + static_cast<uint32_t>(_tzcnt_u64(mask));
    }
    out += count;
  };
  size_t at = 0;
  for (; at + 128 <= size; at += 128) {
    const uint64_t low = hits(at);
    const uint64_t high = hits(at + 64);
    put(at, low);
    put(at + 64, high);
  }
  for (; at < size; at += 64) {
    uint64_t mask = hits(at);
    // What stands behind the end is not ours.
    if (size - at < 64) mask &= (uint64_t{1} << (size - at)) - 1;
    put(at, mask);
  }
  return static_cast<size_t>(out - offsets);
}
#else
extern const bool kIndexAvx2Built;
const bool kIndexAvx2Built = false;

size_t IndexNewlinesAvx2(const char* begin, const char* end, uint32_t* offsets) {
  return IndexNewlinesBaseline(begin, end, offsets);
}
#endif

}  // namespace parshall::lines
