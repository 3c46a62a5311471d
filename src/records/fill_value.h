#pragma once
// Captures → values, for the fields that most lines are made of: plain texts and short integers. Of
// the matcher, which does the rest in matcher_fill.cc.

#include <bit>
#include <cstdint>
#include <cstring>

#include "records/compile.h"
#include "records/plan.h"
#include "records/record.h"

namespace parshall::records {

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
    const uint64_t pairs = (digits * 10) + (digits >> 8);
    constexpr uint64_t kMask = 0x000000ff000000ff;
    constexpr uint64_t kHigh = 100 + (uint64_t{1000000} << 32);
    constexpr uint64_t kLow = 1 + (uint64_t{10000} << 32);
    *number =
        static_cast<int64_t>(((pairs & kMask) * kHigh + ((pairs >> 16) & kMask) * kLow) >> 32);
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

// The method, the path or the protocol of a request; null when it is empty.
inline void SetRequestPart(const char* data, size_t size, Value* value) {
  value->kind = size != 0 ? ValueKind::kString : ValueKind::kNull;
  value->data = data;
  value->size = static_cast<uint32_t>(size);
}

}  // namespace parshall::records
