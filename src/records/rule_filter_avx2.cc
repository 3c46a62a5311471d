// Built with -mavx2 on x86-64 (src/CMakeLists.txt); elsewhere it is never called. Nothing here but
// the entry function may have a name that another file could link to.

#include "records/rule_filter.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace parshall::records {

#if defined(__AVX2__)
namespace {

inline __m256i Twice(const std::array<uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// 32 times 0xff, 32 times 0: read from 32 - n on, the first n bytes count.
alignas(32) constexpr std::array<uint8_t, 64> kFirst = [] {
  std::array<uint8_t, 64> bytes{};
  for (size_t n = 0; n < 32; ++n) bytes[n] = 0xff;
  return bytes;
}();

}  // namespace

uint8_t FindBucketsAvx2(const FilterTables& tables, const char* begin, const char* end) {
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i low0 = Twice(tables.places[0].low), high0 = Twice(tables.places[0].high);
  const __m256i low1 = Twice(tables.places[1].low), high1 = Twice(tables.places[1].high);
  const __m256i low2 = Twice(tables.places[2].low), high2 = Twice(tables.places[2].high);
  const auto at_place = [nibble](const char* at, __m256i low, __m256i high) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)));
  };
  const auto buckets_at = [&](const char* at) {
    return _mm256_and_si256(
        at_place(at, low0, high0),
        _mm256_and_si256(at_place(at + 1, low1, high1), at_place(at + 2, low2, high2)));
  };
  // Windows that would reach over the end do not count: what stands there is not the line's.
  if (end - begin < 3) return 0;
  const char* const stop = end - 2;
  __m256i seen = _mm256_setzero_si256();
  const char* at = begin;
  for (; stop - at >= 32; at += 32) seen = _mm256_or_si256(seen, buckets_at(at));
  const __m256i counted =
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kFirst.data() + (32 - (stop - at))));
  seen = _mm256_or_si256(seen, _mm256_and_si256(buckets_at(at), counted));
  __m128i half = _mm_or_si128(_mm256_castsi256_si128(seen), _mm256_extracti128_si256(seen, 1));
  half = _mm_or_si128(half, _mm_srli_si128(half, 8));
  auto word = static_cast<uint64_t>(_mm_cvtsi128_si64(half));
  word |= word >> 32;
  word |= word >> 16;
  word |= word >> 8;
  return static_cast<uint8_t>(word);
}
#else
uint8_t FindBucketsAvx2(const FilterTables&, const char*, const char*) { return 0xff; }
#endif

}  // namespace parshall::records
