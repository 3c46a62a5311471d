// The plan interpreter, written once and compiled twice: plan_run_baseline.cc (any
// x86-64, or plain C++ elsewhere) and plan_run_avx2.cc, which defines PARSHALL_AVX2 and is built
// with -mavx2. Everything is in an unnamed namespace: no function of one may be linked into the
// other.
//
// Scans load a vector at a time and may read up to 63 bytes behind the text (kPaddingBytes are
// promised); what they find there is cut off by comparing with `end`, never trusted.

#include <cstdint>
#include <cstring>

#include "records/plan.h"

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
  const __m256i care = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.care.data()));
  const __m256i lows = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
  const __m256i highs =
      _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
  // A byte is in its class when it shares a rectangle with it.
  const __m256i shared = _mm256_and_si256(_mm256_and_si256(lows, highs), need);
  const __m256i literal = _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.literal.data()));
  const __m256i is_literal =
      _mm256_load_si256(reinterpret_cast<const __m256i*>(shape.is_literal.data()));
  const __m256i no_class = _mm256_cmpeq_epi8(shared, _mm256_setzero_si256());
  const __m256i equal = _mm256_and_si256(_mm256_cmpeq_epi8(bytes, literal), is_literal);
  const __m256i wrong = _mm256_and_si256(_mm256_andnot_si256(equal, no_class), care);
  return _mm256_testz_si256(wrong, wrong) != 0;
}
#else
inline bool HasShape(const PlanShape& shape, const char* at) {
  uint8_t wrong = 0;
  for (size_t i = 0; i < shape.size; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    const bool right = shape.is_literal[i] != 0
                           ? byte == shape.literal[i]
                           : (shape.low[byte & 15] & shape.high[byte >> 4] & shape.need[i]) != 0;
    wrong |= static_cast<uint8_t>(!right);
  }
  return wrong == 0;
}
#endif

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

// A lazy run: the nearest place at or behind `at` where the literal stands, all bytes before it in
// the class. Null when there is none.
inline const char* FindLiteral(const PlanOp& op, const PlanClass& allowed, const char* at,
                               const char* end) {
  for (uint32_t n = 0; n < op.min; ++n, ++at) {
    if (at >= end || !allowed[static_cast<unsigned char>(*at)]) return nullptr;
  }
  const bool vectored = op.max != 0;
  while (true) {
    if (vectored) {
      at = ScanUntil<3>(at, end, op.stop.data());
    } else {
      while (at < end && static_cast<unsigned char>(*at) != op.stop[0] &&
             allowed[static_cast<unsigned char>(*at)]) {
        ++at;
      }
    }
    if (at >= end) return nullptr;
    if (static_cast<unsigned char>(*at) == op.stop[0] && end - at >= op.count &&
        ((Load64(at) ^ op.literal) & op.mask) == 0) {
      return at;
    }
    if (!allowed[static_cast<unsigned char>(*at)]) return nullptr;
    ++at;
  }
}

// A run up to a stop byte, and the literal that was fused to it. On failure the place stays where
// it was.
template <int kStops>
inline bool RunUntil(const PlanOp& op, const char* end, const char** place, Capture* captures) {
  const char* const at = *place;
  const char* const stop = ScanUntil<kStops>(at, end, op.stop.data());
  if (static_cast<uint64_t>(stop - at) < op.min) return false;
  if (end - stop < op.count || ((Load64(stop) ^ op.literal) & op.mask) != 0) return false;
  if (op.capture != kNoCapture) captures[op.capture] = {at, stop};
  *place = stop + op.count;
  return true;
}

inline PlanVerdict RunPlanImpl(const Plan& plan, const char* at, const char* const end,
                               Capture* captures) {
  const PlanOp* const ops = plan.ops.data();
  const char* slots[kTrySlotsMax];
  for (const uint8_t group : plan.optional_groups) captures[group] = {nullptr, nullptr};
  const PlanOp* op = ops;
  const auto next_byte = [&at, end] {
    return at < end ? static_cast<size_t>(static_cast<unsigned char>(*at)) : size_t{256};
  };
  while (true) {
    switch (op->code) {
      case OpCode::kLiteral:
        if (end - at < op->count || ((Load64(at) ^ op->literal) & op->mask) != 0) break;
        at += op->count;
        ++op;
        continue;
      case OpCode::kShape: {
        const PlanShape& shape = plan.shapes[op->table];
        if (end - at < shape.size || !HasShape(shape, at)) break;
        for (size_t n = 0; n < shape.saves_count; ++n) {
          const PlanShape::Save& save = shape.saves[n];
          const char* place = at + save.offset;
          if (save.end) {
            captures[save.capture].end = place;
          } else {
            captures[save.capture].begin = place;
          }
        }
        at += shape.size;
        ++op;
        continue;
      }
      case OpCode::kRunUntil1:
        if (!RunUntil<1>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunUntil2:
        if (!RunUntil<2>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunUntil3:
        if (!RunUntil<3>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunRest:
        if (op->capture != kNoCapture) captures[op->capture] = {at, end};
        at = end;
        ++op;
        continue;
      case OpCode::kRunDigits: {
        const char* const stop = ScanDigits(at, end);
        if (stop == at) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, stop};
        at = stop;
        ++op;
        continue;
      }
      case OpCode::kRunClass: {
        const PlanClass& allowed = plan.classes[op->table];
        const char* limit = static_cast<uint64_t>(end - at) > op->max ? at + op->max : end;
        const char* stop = at;
        while (stop < limit && allowed[static_cast<unsigned char>(*stop)]) ++stop;
        if (static_cast<uint64_t>(stop - at) < op->min) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, stop};
        at = stop;
        ++op;
        continue;
      }
      case OpCode::kFind: {
        const char* found = FindLiteral(*op, plan.classes[op->table], at, end);
        if (found == nullptr) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, found};
        at = found;
        ++op;
        continue;
      }
      case OpCode::kBranch: {
        const uint16_t target = plan.branches[op->table][next_byte()];
        if (target >= kFailNoMatch) {
          return target == kFailNoMatch ? PlanVerdict::kNoMatch : PlanVerdict::kUnknown;
        }
        op = ops + target;
        continue;
      }
      case OpCode::kTry:
        slots[op->count] = at;
        ++op;
        continue;
      case OpCode::kResume:
        at = slots[op->count];
        ++op;
        continue;
      case OpCode::kPeek:
        if (!plan.peeks[op->table][next_byte()]) break;
        ++op;
        continue;
      case OpCode::kJump:
        op = ops + op->target;
        continue;
      case OpCode::kSaveBegin:
        captures[op->capture].begin = at;
        ++op;
        continue;
      case OpCode::kSaveEnd:
        captures[op->capture].end = at;
        ++op;
        continue;
      case OpCode::kClear:
        captures[op->capture] = {nullptr, nullptr};
        ++op;
        continue;
      case OpCode::kEnd:
        if (at != end) break;
        ++op;
        continue;
      case OpCode::kAccept:
        return PlanVerdict::kMatch;
    }
    // The op failed.
    if (op->on_fail >= kFailNoMatch) {
      return op->on_fail == kFailNoMatch ? PlanVerdict::kNoMatch : PlanVerdict::kUnknown;
    }
    op = ops + op->on_fail;
  }
}

}  // namespace
}  // namespace parshall::records
