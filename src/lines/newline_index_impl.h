#pragma once
// The loop of newline_index.h, written once and compiled for two vector widths
// (newline_index_avx2.cc, newline_index_avx512.cc, which defines PARSHALL_AVX512). In an unnamed
// namespace: no function of one may be linked into the other.

#include <immintrin.h>

#include "lines/newline_index.h"

namespace parshall::lines {
namespace {

// The newlines among 64 bytes, the first as bit 0.
inline uint64_t NewlineHits(const char* at) {
#if defined(PARSHALL_AVX512)
  return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(at), _mm512_set1_epi8('\n'));
#else
  const auto half = [](const char* from) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return uint64_t{static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n'))))};
  };
  return half(at) | (half(at + 32) << 32);
#endif
}

inline size_t IndexNewlinesImpl(const char* begin, const char* end, uint32_t* offsets) {
  uint32_t* out = offsets;
  const auto size = static_cast<size_t>(end - begin);
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
    const uint64_t low = NewlineHits(begin + at);
    const uint64_t high = NewlineHits(begin + at + 64);
    put(at, low);
    put(at + 64, high);
  }
  for (; at < size; at += 64) {
    uint64_t mask = NewlineHits(begin + at);
    // What stands behind the end is not ours.
    if (size - at < 64) mask &= (uint64_t{1} << (size - at)) - 1;
    put(at, mask);
  }
  return static_cast<size_t>(out - offsets);
}

}  // namespace
}  // namespace parshall::lines
