#include "sinks/record_shape.h"

#include <algorithm>
#include <cstring>

#include "base/json_text.h"

namespace parshall::sinks {
namespace {

using records::Value;
using records::ValueKind;
using Kind = FieldStep::Kind;

constexpr size_t kNumberBytes = 40;
constexpr size_t kShortBytes = 32;

// A request is whole, and its method, path and protocol are parts of it.
Kind TextKindOf(const records::CompiledRule& rule, size_t slot) {
  const auto is = [slot](int other) { return other >= 0 && static_cast<size_t>(other) == slot; };
  for (const records::Recipe& recipe : rule.recipes) {
    if (recipe.method_slot < 0) continue;
    if (is(recipe.slot)) return Kind::kWhole;
    if (is(recipe.method_slot) || is(recipe.path_slot) || is(recipe.protocol_slot)) {
      return Kind::kPart;
    }
  }
  return Kind::kText;
}

std::string Escaped(std::string_view name) {
  const std::string padded = std::string(name) + std::string(64, '\0');
  std::string escaped(JsonTextBytesMax(name.size()), '\0');
  const char* const end =
      AppendJsonText(escaped.data(), std::string_view(padded).substr(0, name.size()));
  escaped.resize(static_cast<size_t>(end - escaped.data()));
  return escaped;
}

bool HasParts(const Value* request) {
  return std::all_of(request + 1, request + 4,
                     [](const Value& part) { return part.kind == ValueKind::kString; });
}

// The literal, and what it stands before.
void Push(std::string_view literal, Kind kind, size_t slot, std::vector<FieldStep>* steps) {
  while (true) {
    FieldStep& step = steps->emplace_back();
    const size_t size = std::min(literal.size(), FieldStep::kLiteralBytes);
    std::memcpy(step.literal.data(), literal.data(), size);
    step.literal_size = static_cast<uint8_t>(size);
    literal.remove_prefix(size);
    if (literal.empty()) {
      step.kind = kind;
      step.value_offset = static_cast<uint32_t>(slot * sizeof(Value));
      return;
    }
    step.kind = Kind::kNothing;
  }
}

}  // namespace

RecordShapes::RecordShapes(const records::CompiledRule& rule) : fields_(rule.fields.size()) {
  for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
    const records::FieldInfo& field = rule.fields[slot];
    if (!field.in_record) continue;
    keys_.push_back({.text = "\",\"" + Escaped(field.name) + "\":\"",
                     .slot = slot,
                     .kind = TextKindOf(rule, slot)});
    names_.push_back(field.name);
    // A literal's copy runs over its end, and so does a text's.
    bytes_max_ +=
        keys_.back().text.size() + kNumberBytes + FieldStep::kLiteralBytes + JsonTextBytesMax(0);
  }
  for (const records::Recipe& recipe : rule.recipes) {
    if (recipe.parts_follow) TellParts(static_cast<size_t>(recipe.slot));
  }
}

// The request in this slot can be written together with its parts if all of them are written, each
// behind a key that is one step's literal.
void RecordShapes::TellParts(size_t slot) {
  const auto request =
      std::find_if(keys_.begin(), keys_.end(), [slot](const Key& key) { return key.slot == slot; });
  if (keys_.end() - request <= 3) return;
  for (size_t part = 1; part <= 3; ++part) {
    const Key& key = request[static_cast<std::ptrdiff_t>(part)];
    if (key.slot != slot + part || key.text.size() > FieldStep::kLiteralBytes) return;
  }
  request->parts_follow = true;
}

bool RecordShapes::Has(const Value* values, std::string_view name) const {
  for (size_t n = 0; n < keys_.size(); ++n) {
    if (values[keys_[n].slot].kind != ValueKind::kAbsent && names_[n] == name) return true;
  }
  return false;
}

Joint RecordShapes::Build(const Value* values, Joint joint, bool parts_within) {
  steps_.clear();
  std::string literal;
  for (const Key& key : keys_) {
    const ValueKind kind = values[key.slot].kind;
    if (kind == ValueKind::kAbsent) continue;
    literal.append(key.text, static_cast<size_t>(joint));
    if (kind == ValueKind::kString) {
      // What is long in the first record of a shape mostly is in the others.
      Kind way = key.kind;
      if (way == Kind::kText && values[key.slot].size > kShortBytes) way = Kind::kLong;
      if (key.parts_follow && parts_within && HasParts(&values[key.slot])) way = Kind::kRequest;
      Push(literal, way, key.slot, &steps_);
      literal.clear();
      joint = Joint::kAfterText;
      continue;
    }
    literal.pop_back();
    joint = Joint::kAfterOther;
    if (kind == ValueKind::kNull) {
      literal.append("null");
      continue;
    }
    Push(literal, Kind::kNumber, key.slot, &steps_);
    literal.clear();
  }
  Push(literal, Kind::kEnd, 0, &steps_);
  return joint;
}

[[gnu::noinline]] RecordShape RecordShapes::Make(const Value* values, Joint joint,
                                                 const Number& number) {
  const Joint end = Build(values, joint, (number.high & kPartsWithin) != 0);
  const RecordShape built{.steps = steps_.data(), .joint = end};
  if (fields_ > kFieldsMax) return built;
  if (known_count_ == kShapesMax) {
    if (++unknown_ % kForgetEvery != 0) return built;
    for (Known& known : known_) known = {};
    known_count_ = 0;
  }
  for (size_t probe = 0; probe < kProbes; ++probe) {
    Known& known = known_[(SlotOf(number) + probe) % kSlots];
    if (known.steps != nullptr) continue;
    known.number = number;
    known.steps = std::make_unique<FieldStep[]>(steps_.size());
    std::copy(steps_.begin(), steps_.end(), known.steps.get());
    known.shape = {.steps = known.steps.get(), .joint = built.joint};
    ++known_count_;
    return known.shape;
  }
  return built;
}

}  // namespace parshall::sinks
