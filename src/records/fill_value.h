#pragma once
// Captures → values, for the fields that most lines are made of: plain texts, short integers and
// decimals, a request's parts. Of the matcher, which does the rest in matcher_fill.cc.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "records/compile.h"
#include "records/plan.h"
#include "records/record.h"

namespace parshall::records {

// Of eight digits 0 to 9, the first of them the lowest byte.
inline uint64_t ValueOfDigits(uint64_t digits) {
  const uint64_t pairs = (digits * 10) + (digits >> 8);
  constexpr uint64_t kMask = 0x000000ff000000ff;
  constexpr uint64_t kHigh = 100 + (uint64_t{1000000} << 32);
  constexpr uint64_t kLow = 1 + (uint64_t{10000} << 32);
  return ((pairs & kMask) * kHigh + ((pairs >> 16) & kMask) * kLow) >> 32;
}

// 1 to 18 digits. Up to eight, the usual number, in one word, since loops of changing length are
// mispredicted. Reads eight bytes (padding is promised).
inline bool ParseDigits(const char* text, size_t size, int64_t* number) {
  if (size == 0 || size > 18) return false;
  if (size <= 8 && std::endian::native == std::endian::little) {
    uint64_t word;
    std::memcpy(&word, text, sizeof word);
    // The digits' values to the end of the number, zeros before them.
    const uint64_t digits = (word ^ 0x3030303030303030) << (64 - 8 * size);
    if (((digits + 0x7676767676767676) | digits) & 0x8080808080808080) return false;
    *number = static_cast<int64_t>(ValueOfDigits(digits));
    return true;
  }
  int64_t value = 0;
  for (size_t n = 0; n < size; ++n) {
    const unsigned digit = static_cast<unsigned char>(text[n]) - unsigned{'0'};
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  *number = value;
  return true;
}

// Text, most of it null only as "-": no branch.
inline void FillText(const Step& step, const Capture& capture, Value* value) {
  const bool there = capture.begin != nullptr;
  const auto size = static_cast<uint32_t>(capture.end - capture.begin);
  const bool null = there && HeadOf(capture.begin, size) == step.null_head;
  static_assert(static_cast<int>(ValueKind::kNull) + 1 == static_cast<int>(ValueKind::kString));
  const unsigned kind = static_cast<unsigned>(ValueKind::kString) - static_cast<unsigned>(null);
  value->data = capture.begin;
  value->size = size;
  value->kind = there ? static_cast<ValueKind>(kind) : ValueKind::kAbsent;
}

// The usual integers at once; false leaves the text to Convert().
inline bool FillDigits(const Capture& capture, Value* value) {
  const auto size = static_cast<size_t>(capture.end - capture.begin);
  int64_t number = 0;
  if (!ParseDigits(capture.begin, size, &number)) return false;
  value->data = capture.begin;
  value->size = static_cast<uint32_t>(size);
  value->kind = ValueKind::kInt;
  value->json_number = true;
  if (*capture.begin == '0' && size != 1) [[unlikely]]
    value->json_number = false;
  value->integer = number;
  return true;
}

// "0.012", of up to eight bytes, at once; false leaves the text to Convert(), which comes to the
// same: digits and a power of ten are exact, and their quotient is rounded once.
inline bool FillDecimal(const Capture& capture, Value* value) {
  const auto size = static_cast<size_t>(capture.end - capture.begin);
  if (size < 3 || size > 8 || std::endian::native != std::endian::little) return false;
  uint64_t word;
  std::memcpy(&word, capture.begin, sizeof word);
  const uint64_t dots = word ^ 0x2e2e2e2e2e2e2e2e;
  const uint64_t zeros = (dots - 0x0101010101010101) & ~dots & 0x8080808080808080;
  if (zeros == 0) return false;
  const auto point = static_cast<size_t>(std::countr_zero(zeros)) / 8;  // the first is exact
  if (point == 0 || point + 2 > size) return false;
  const uint64_t low = (uint64_t{1} << (8 * point)) - 1;
  const uint64_t all = word ^ 0x3030303030303030;
  const uint64_t digits = ((all & low) | ((all >> 8) & ~low)) << (72 - 8 * size);
  if (((digits + 0x7676767676767676) | digits) & 0x8080808080808080) return false;
  static constexpr std::array<double, 8> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  value->data = capture.begin;
  value->size = static_cast<uint32_t>(size);
  value->kind = ValueKind::kFloat;
  value->json_number = point == 1 || *capture.begin != '0';
  value->number = static_cast<double>(ValueOfDigits(digits)) / kPowers[size - 1 - point];
  return true;
}

// The method, the path or the protocol of a request; null when it is empty.
inline void SetRequestPart(const char* data, size_t size, Value* value) {
  value->kind = size != 0 ? ValueKind::kString : ValueKind::kNull;
  value->data = data;
  value->size = static_cast<uint32_t>(size);
}

}  // namespace parshall::records
