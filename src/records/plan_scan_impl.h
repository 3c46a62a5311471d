#pragma once
// How a plan looks at bytes: runs, shapes, digits, texts. Written once and compiled twice, see
// plan_run_impl.h. Scans load a vector at a time and may read up to 95 bytes behind the text
// (kPaddingBytes are promised); what they find there is cut off by comparing with `end`, never
// trusted.

#include <cstdint>
#include <cstring>

#include "records/plan.h"
#include "records/plan_step.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace parshall::records {
namespace {

inline uint64_t Load64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#if defined(PARSHALL_AVX2)
// The first of up to three bytes at or behind `at`, or `end`.
template <int kStops>
inline const char* ScanUntil(const char* at, const char* end, const unsigned char* stop) {
  const __m256i a = _mm256_set1_epi8(static_cast<char>(stop[0]));
  const __m256i b = _mm256_set1_epi8(static_cast<char>(stop[kStops > 1 ? 1 : 0]));
  const __m256i c = _mm256_set1_epi8(static_cast<char>(stop[kStops > 2 ? 2 : 0]));
  const auto hits = [&](const char* from) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    __m256i hit = _mm256_cmpeq_epi8(bytes, a);
    if constexpr (kStops > 1) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, b));
    if constexpr (kStops > 2) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, c));
    return uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(hit))};
  };
  // Two vectors a round: most fields end in the first, and a loop that goes round once is not
  // mispredicted. (AVX-512, tried with rounds of 64 and 128 bytes, was 5 ns a line slower.)
  for (; at < end; at += 64) {
    const uint64_t mask = hits(at) | (hits(at + 32) << 32);
    if (mask != 0) {
      const char* found = at + __builtin_ctzll(mask);
      return found < end ? found : end;
    }
  }
  return end;
}
#elif defined(__x86_64__)
template <int kStops>
inline const char* ScanUntil(const char* at, const char* end, const unsigned char* stop) {
  const __m128i a = _mm_set1_epi8(static_cast<char>(stop[0]));
  const __m128i b = _mm_set1_epi8(static_cast<char>(stop[kStops > 1 ? 1 : 0]));
  const __m128i c = _mm_set1_epi8(static_cast<char>(stop[kStops > 2 ? 2 : 0]));
  for (; at < end; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i hit = _mm_cmpeq_epi8(bytes, a);
    if constexpr (kStops > 1) hit = _mm_or_si128(hit, _mm_cmpeq_epi8(bytes, b));
    if constexpr (kStops > 2) hit = _mm_or_si128(hit, _mm_cmpeq_epi8(bytes, c));
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(hit));
    if (mask != 0) {
      const char* found = at + __builtin_ctz(mask);
      return found < end ? found : end;
    }
  }
  return end;
}
#else
template <int kStops>
inline const char* ScanUntil(const char* at, const char* end, const unsigned char* stop) {
  for (; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == stop[0] || (kStops > 1 && byte == stop[1]) || (kStops > 2 && byte == stop[2]))
      return at;
  }
  return end;
}
#endif

#if defined(PARSHALL_AVX2)
inline bool HasShape(const PlanShape& shape, const char* at) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i low = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.low.data()));
  const __m256i high = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.high.data()));
  const __m256i need = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.need.data()));
  const __m256i literal = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.literal.data()));
  const __m256i lows = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
  const __m256i highs =
      _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
  // A byte is in its class when it shares a rectangle with it.
  const __m256i shared = _mm256_and_si256(_mm256_and_si256(lows, highs), need);
  const __m256i no_class = _mm256_cmpeq_epi8(shared, _mm256_setzero_si256());
  const __m256i wrong = _mm256_andnot_si256(_mm256_cmpeq_epi8(bytes, literal), no_class);
  return (static_cast<uint32_t>(_mm256_movemask_epi8(wrong)) & shape.care) == 0;
}
#else
inline bool HasShape(const PlanShape& shape, const char* at) {
  uint8_t wrong = 0;
  for (size_t i = 0; i < shape.size; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    const bool right = byte == shape.literal[i] ||
                       (shape.low[byte & 15] & shape.high[byte >> 4] & shape.need[i]) != 0;
    wrong |= static_cast<uint8_t>(!right);
  }
  return wrong == 0;
}
#endif

// A byte that is as it has to be is 0 to 9, or 0 for a literal; what is added makes more than that
// reach 0x80. What carries over to the next byte comes of one that is wrong itself.
inline bool DigitRowAt(const char* at, const PlanStep& step) {
  const uint64_t word = Load64(at) ^ step.literal;
  return ((word | (word + step.min)) & step.mask) == 0;
}

// The first byte that is no digit. Numbers are short, and their lengths vary: no loop, no branch,
// for up to 16 digits.
inline const char* ScanDigits(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(9)), shifted);
  const auto others = static_cast<uint32_t>(_mm_movemask_epi8(digits)) ^ 0xffffu;
  if (others != 0) {
    const char* const stop = at + __builtin_ctz(others);
    return stop < end ? stop : end;
  }
#endif
  while (at < end && static_cast<unsigned char>(*at - '0') < 10) ++at;
  return at;
}

// For steps: the first stop byte at or behind `at`, or a place behind `end` when there is none
// before it. What is found behind the end is behind it.
#if defined(PARSHALL_AVX2)
template <int kStops, bool kShort>
inline const char* ScanPast(const char* at, const char* end, const unsigned char* stop) {
  const __m256i a = _mm256_set1_epi8(static_cast<char>(stop[0]));
  const __m256i b = _mm256_set1_epi8(static_cast<char>(stop[kStops > 1 ? 1 : 0]));
  const __m256i c = _mm256_set1_epi8(static_cast<char>(stop[kStops > 2 ? 2 : 0]));
  const auto hits = [&](const char* from) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    __m256i hit = _mm256_cmpeq_epi8(bytes, a);
    if constexpr (kStops > 1) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, b));
    if constexpr (kStops > 2) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, c));
    return static_cast<uint32_t>(_mm256_movemask_epi8(hit));
  };
  if constexpr (kShort) {
    const uint32_t mask = hits(at);
    if (mask != 0) [[likely]]
      return at + __builtin_ctz(mask);
    at += 32;
    if (at >= end) return end + 1;
  }
  // Two vectors a round: see ScanUntil().
  do {
    const uint64_t mask = hits(at) | (uint64_t{hits(at + 32)} << 32);
    if (mask != 0) return at + __builtin_ctzll(mask);
    at += 64;
  } while (at < end);
  return end + 1;
}

// The nearest place where the first two bytes of the literal stand, or one of the stops.
template <int kOutside>
inline const char* ScanPair(const char* at, const char* end, const PlanStep& step) {
  const char* const literal = reinterpret_cast<const char*>(&step.literal);
  const __m256i first = _mm256_set1_epi8(literal[0]);
  const __m256i second = _mm256_set1_epi8(literal[1]);
  const __m256i x = _mm256_set1_epi8(static_cast<char>(step.stop[0]));
  const __m256i y = _mm256_set1_epi8(static_cast<char>(step.stop[1]));
  do {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 1));
    __m256i hit =
        _mm256_and_si256(_mm256_cmpeq_epi8(bytes, first), _mm256_cmpeq_epi8(next, second));
    if constexpr (kOutside > 0) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, x));
    if constexpr (kOutside > 1) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(bytes, y));
    const auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(hit));
    if (mask != 0) return at + __builtin_ctz(mask);
    at += 32;
  } while (at < end);
  return end + 1;
}
#else
template <int kStops, bool kShort>
inline const char* ScanPast(const char* at, const char* end, const unsigned char* stop) {
  const char* const found = ScanUntil<kStops>(at, end, stop);
  return found < end ? found : end + 1;
}

template <int kOutside>
inline const char* ScanPair(const char* at, const char* end, const PlanStep& step) {
  const auto first = static_cast<unsigned char>(step.literal);
  const std::array<unsigned char, 3> stops = {first, kOutside > 0 ? step.stop[0] : first,
                                              kOutside > 1 ? step.stop[1] : first};
  const char second = static_cast<char>(step.literal >> 8);
  for (; at < end; ++at) {
    at = ScanUntil<3>(at, end, stops.data());
    if (at >= end) break;
    const auto byte = static_cast<unsigned char>(*at);
    if (byte != first || (kOutside > 0 && byte == step.stop[0]) ||
        (kOutside > 1 && byte == step.stop[1]) || at[1] == second) {
      return at;
    }
  }
  return end + 1;
}
#endif

// As ScanDigits(), for steps: for as many digits as a vector has, and what is behind `end` is not
// looked at. Longer numbers, and none: a place behind `end`.
inline const char* ScanDigitsPast(const char* at, const char* end) {
#if defined(__SSE2__)
  // Up to seven at once in a word: what comes behind waits for this. A digit is 0 to 9 here, and
  // stays below 0x80; what carries over comes of a byte that is none itself.
  const uint64_t word = Load64(at) ^ 0x3030303030303030;
  const uint64_t none = (word | (word + 0x7676767676767676)) & 0x8080808080808080;
  if (none != 0) [[likely]] {
    const auto digits_end = static_cast<size_t>(__builtin_ctzll(none)) / 8;
    return digits_end != 0 ? at + digits_end : end + 1;
  }
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(9)), shifted);
  const auto others = static_cast<uint32_t>(_mm_movemask_epi8(digits)) ^ 0xffffu;
  // Not one digit: bit 0. Sixteen: no bit.
  if (others == 0 || (others & 1) != 0) return end + 1;
  return at + __builtin_ctz(others);
#else
  const char* const stop = ScanDigits(at, end);
  return stop != at ? stop : end + 1;
#endif
}

}  // namespace
}  // namespace parshall::records
