// Of the matcher: captures and keys become typed values, whatever they are.

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>

#include "base/timestamp.h"
#include "records/convert.h"
#include "records/fill_value.h"
#include "records/http_request.h"
#include "records/matcher.h"
#include "records/unescape.h"

namespace parshall::records {

using rules::FieldType;

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

void Matcher::SetPart(int slot, const char* data, size_t size) {
  SetRequestPart(data, size, &values_[static_cast<size_t>(slot)]);
}

void Matcher::SplitRequest(const Recipe& recipe) {
  const Value& request = values_[static_cast<size_t>(recipe.slot)];
  HttpRequest parts;
  if (request.kind != ValueKind::kString || !SplitHttpRequest(request.text(), &parts)) parts = {};
  SetPart(recipe.method_slot, parts.method.data(), parts.method.size());
  SetPart(recipe.path_slot, parts.path.data(), parts.path.size());
  SetPart(recipe.protocol_slot, parts.protocol.data(), parts.protocol.size());
}

// One recipe: a capture or a key becomes a value. False: it is not of its field's type.
bool Matcher::FillStep(const CompiledRule& rule, const Step& step) {
  Value* const value = ValueOf(step);
  if (step.shared_slot && value->kind != ValueKind::kAbsent) return true;
  bool typed = true;
  if (step.capture_at > 0) {
    const Capture& capture = CaptureOf(step);
    if (step.way == Recipe::Way::kText) {
      if (step.shared_slot && capture.begin == nullptr) return true;
      FillText(step, capture, value);
    } else if (capture.begin == nullptr) {
      value->kind = ValueKind::kAbsent;
    } else if (!(step.way == Recipe::Way::kDigits && FillDigits(capture, value))) {
      typed = FillSlowly(rule.recipes[step.recipe], capture, value);
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
  if (step.request) SplitRequest(rule.recipes[step.recipe]);
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

void Matcher::FillDefault(const Recipe& recipe) {
  Value& value = values_[static_cast<size_t>(recipe.slot)];
  if (value.kind != ValueKind::kAbsent) return;
  ConvertNull(recipe.conversion, &value);
  if (recipe.method_slot >= 0) SplitRequest(recipe);
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

}  // namespace parshall::records
