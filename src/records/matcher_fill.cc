// Of the matcher: captures and keys become typed values.

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cstring>

#include "base/timestamp.h"
#include "records/convert.h"
#include "records/http_request.h"
#include "records/matcher.h"
#include "records/unescape.h"

namespace parshall::records {
namespace {

using rules::FieldType;

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

}  // namespace

// For captures without their server's escapes, and counts. Only those of the rule that matches in
// the end are looked at, so each try begins anew; the block is sized at the first use of a try.
char* Matcher::Decoded(size_t bytes) {
  if (decoded_used_ == 0) {
    const size_t whole = line_size_ + values_.size() * kNumberBytes + kPaddingBytes;
    if (decoded_.size() < whole) decoded_.resize(whole);
  }
  assert(decoded_used_ + bytes + kPaddingBytes <= decoded_.size());  // captures do not overlap
  char* const place = decoded_.data() + decoded_used_;
  decoded_used_ += bytes;
  return place;
}

inline void Matcher::SetPart(int slot, const char* data, size_t size) {
  Value& value = values_[static_cast<size_t>(slot)];
  value.kind = size != 0 ? ValueKind::kString : ValueKind::kNull;
  value.data = data;
  value.size = static_cast<uint32_t>(size);
}

inline void Matcher::SplitRequest(const Recipe& recipe) {
  const Value& request = values_[static_cast<size_t>(recipe.slot)];
  const size_t method =
      request.kind == ValueKind::kString ? UsualMethodSize(request.text()) : size_t{0};
  if (method == 0) return SplitUnusualRequest(recipe);
  const char* const text = request.data;
  const size_t size = request.size;
  SetPart(recipe.method_slot, text, method);
  SetPart(recipe.path_slot, text + method + 1, size - method - 10);
  SetPart(recipe.protocol_slot, text + size - 8, 8);
}

// Text, most of it null only as "-": no branch.
inline void Matcher::FillText(const Step& step, const Capture& capture, Value* value) {
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
inline bool Matcher::FillDigits(const Capture& capture, Value* value) {
  const auto size = static_cast<size_t>(capture.end - capture.begin);
  int64_t number = 0;
  if (!ParseDigits(capture.begin, size, &number)) return false;
  value->data = capture.begin;
  value->size = static_cast<uint32_t>(size);
  value->kind = ValueKind::kInt;
  value->json_number = *capture.begin != '0' || size == 1;
  value->integer = number;
  return true;
}

bool Matcher::Fill(const CompiledRule& rule) {
  Value* const values = values_.data();
  const auto value_of = [values](const Step& step) {
    return reinterpret_cast<Value*>(reinterpret_cast<char*>(values) + step.value_at);
  };
  const auto capture_of = [this](const Step& step) -> const Capture& {
    return *reinterpret_cast<const Capture*>(reinterpret_cast<const char*>(captures_) +
                                             step.capture_at);
  };
  for (const int slot : rule.shared_slots) values[slot].kind = ValueKind::kAbsent;
  bool typed = true;
  decoded_used_ = 0;
  const Steps& steps = all_fields_ ? rule.steps : rule.metric_steps;
  const Step* at = steps.all.data();
  const Step* const end = at + steps.all.size();
  const Step* const texts_end = at + steps.texts_end;
  const Step* const digits_end = at + steps.digits_end;
  for (; at < texts_end; ++at) FillText(*at, capture_of(*at), value_of(*at));
  for (; at < digits_end; ++at) {
    const Capture& capture = capture_of(*at);
    Value* const value = value_of(*at);
    if (capture.begin == nullptr) {
      value->kind = ValueKind::kAbsent;
    } else if (!FillDigits(capture, value) &&
               !FillSlowly(rule.recipes[at->recipe], capture, value)) {
      typed = false;
    }
  }
  for (; at < end; ++at) {
    const Step& step = *at;
    Value* const value = value_of(step);
    if (step.shared_slot && value->kind != ValueKind::kAbsent) continue;
    if (step.capture_at > 0) {
      const Capture& capture = capture_of(step);
      if (step.way == Recipe::Way::kText) {
        if (step.shared_slot && capture.begin == nullptr) continue;
        FillText(step, capture, value);
      } else if (capture.begin == nullptr) {
        value->kind = ValueKind::kAbsent;
      } else if (!(step.way == Recipe::Way::kDigits && FillDigits(capture, value)) &&
                 !FillSlowly(rule.recipes[step.recipe], capture, value)) {
        typed = false;
      }
    } else {
      value->kind = ValueKind::kAbsent;
      // A JSON key of another type than declared is the event's own affair: it is written as it
      // came, and is null for labels and conditions. A metric that wants it says so in its tally.
      const Recipe& recipe = rule.recipes[step.recipe];
      if (!FillFromKey(recipe, value)) {
        ConvertNull(recipe.conversion, value);
        if (!recipe.conversion.fallback) value->SetMistyped();
      }
    }
    if (step.request >= 0) SplitRequest(rule.recipes[step.recipe]);
  }
  // A default stands for a field that the event has under none of its keys.
  for (const size_t index : rule.key_defaults) {
    const Recipe& recipe = rule.recipes[index];
    Value& value = values_[static_cast<size_t>(recipe.slot)];
    if (value.kind != ValueKind::kAbsent) continue;
    ConvertNull(recipe.conversion, &value);
    if (recipe.method_slot >= 0) SplitRequest(recipe);
  }
  return typed;
}

bool Matcher::FillSlowly(const Recipe& recipe, const Capture& capture, Value* value) {
  std::string_view text(capture.begin, static_cast<size_t>(capture.end - capture.begin));
  if (recipe.conversion.escapes != rules::Escapes::kNone &&
      text.find('\\') != std::string_view::npos) {
    char* const out = Decoded(text.size());
    text = {out, static_cast<size_t>(Unescape(recipe.conversion.escapes, text, out) - out)};
  }
  const bool typed = Convert(recipe.conversion, text, value);
  if (recipe.count_slot >= 0) CountTries(recipe, *value);
  return typed;
}

// A list that says nothing ("-") has no count either.
void Matcher::CountTries(const Recipe& recipe, const Value& list) {
  Value& count = values_[static_cast<size_t>(recipe.count_slot)];
  count = {};
  count.kind = ValueKind::kNull;
  if (!list.there()) return;
  count.kind = ValueKind::kInt;
  count.integer = CountItems(list.text());
  char* const out = Decoded(kNumberBytes);
  const std::to_chars_result digits = std::to_chars(out, out + kNumberBytes, count.integer);
  count.data = out;
  count.size = static_cast<uint32_t>(digits.ptr - out);
  count.json_number = true;
}

bool Matcher::FillFromKey(const Recipe& recipe, Value* value) {
  const JsonMember& member = found_[static_cast<size_t>(recipe.key)];
  std::string_view text;
  if (member.key.empty()) return true;  // absent
  if (member.kind == JsonKind::kNull) return ConvertNull(recipe.conversion, value);
  if (!KeyText(recipe.key, &text)) return false;
  if (recipe.conversion.typed) {
    if (!Convert(recipe.conversion, text, value)) return false;
    if (value->kind == ValueKind::kInt && !value->json_number) {
      // 200.0 is the status 200, as a label too.
      char* out = Scratch(kNumberBytes);
      const std::to_chars_result digits = std::to_chars(out, out + kNumberBytes, value->integer);
      value->data = out;
      value->size = static_cast<uint32_t>(digits.ptr - out);
    }
    return true;
  }
  Conversion as_json;
  if (member.kind == JsonKind::kNumber) as_json.type = FieldType::kInt;
  if (member.kind == JsonKind::kTrue || member.kind == JsonKind::kFalse)
    as_json.type = FieldType::kBool;
  if (Convert(as_json, text, value)) return true;
  as_json.type = FieldType::kFloat;
  return Convert(as_json, text, value);
}

[[gnu::noinline]] void Matcher::SplitUnusualRequest(const Recipe& recipe) {
  const Value& request = values_[static_cast<size_t>(recipe.slot)];
  HttpRequest parts;
  if (request.kind != ValueKind::kString || !SplitHttpRequest(request.text(), &parts)) parts = {};
  SetPart(recipe.method_slot, parts.method.data(), parts.method.size());
  SetPart(recipe.path_slot, parts.path.data(), parts.path.size());
  SetPart(recipe.protocol_slot, parts.protocol.data(), parts.protocol.size());
}

}  // namespace parshall::records
