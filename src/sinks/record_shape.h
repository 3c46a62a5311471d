#pragma once
// Which of a rule's fields a record has, and as what: its shape. Nearly all lines of a log have one
// of a few, and all that stands between the values of a shape (keys, quotes, nulls) is worked out
// once, into the steps of field_json.h.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "records/compile.h"
#include "records/record.h"
#include "sinks/field_json.h"

namespace parshall::sinks {

// What stands before a key: how many bytes of ","key":" are not to be written there. A text's
// closing quote is written with what follows.
enum class Joint : uint8_t {
  kAfterText = 0,   // ","host":"  the quote of the text before it is still missing
  kAfterOther = 1,  // ,"host":"
  kFirst = 2,       // "host":"
};

struct RecordShape {
  const FieldStep* steps = nullptr;
  Joint joint = Joint::kAfterText;  // what stands at the end
};

// One thread. Remembers at most kShapesMax shapes; when another comes, it forgets them all now and
// then, so that what is rare today makes room for what is usual tomorrow.
class RecordShapes {
 public:
  explicit RecordShapes(const records::CompiledRule& rule);

  // The steps for these values (one for each field of the rule). Valid until the next call.
  inline RecordShape Find(const records::Value* values, Joint joint);

  // Room for all that steps write but for the texts.
  size_t bytes_max() const { return bytes_max_; }
  // Whether a field that is written has this name and is there.
  bool Has(const records::Value* values, std::string_view name) const;

 private:
  static constexpr size_t kShapesMax = 32;
  static constexpr size_t kSlots = 128;
  static constexpr size_t kProbes = 4;
  static constexpr size_t kForgetEvery = 1024;  // unknown shapes
  // Of a shape's number: three bits a field, behind the joint. Rules with more fields have their
  // steps made for each record.
  static constexpr size_t kFieldsMax = 40;
  static constexpr size_t kFieldsInWord = 20;

  struct Number {
    uint64_t low = 0;  // never 0 for a shape
    uint64_t high = 0;
    bool operator==(const Number&) const = default;
  };
  struct Known {
    Number number;
    RecordShape shape;
    std::unique_ptr<FieldStep[]> steps;
  };
  struct Key {
    std::string text;  // ","host":"
    size_t slot = 0;
    FieldStep::Kind kind = FieldStep::Kind::kText;  // if the value is a text
  };

  static size_t SlotOf(const Number& number) {
    return static_cast<size_t>(
        (number.low ^ (number.high * 0xC2B2AE3D27D4EB4FULL)) * 0x9E3779B97F4A7C15ULL >> 57);
  }
  RecordShape Make(const records::Value* values, Joint joint, const Number& number);
  Joint Build(const records::Value* values, Joint joint);

  std::vector<Key> keys_;
  std::vector<std::string_view> names_;  // of the keys; the rule's
  size_t fields_ = 0;
  size_t bytes_max_ = 0;
  std::array<Known, kSlots> known_{};
  size_t known_count_ = 0;
  uint64_t unknown_ = 0;
  std::vector<FieldStep> steps_;  // being built
};

inline RecordShape RecordShapes::Find(const records::Value* values, Joint joint) {
  Number number{.low = static_cast<uint64_t>(joint) + 1};
  const auto kind = [values](size_t n) { return static_cast<uint64_t>(values[n].kind); };
  const size_t in_low = fields_ < kFieldsInWord ? fields_ : kFieldsInWord;
  size_t n = 0;
  for (; n + 4 <= in_low; n += 4) {
    const uint64_t two = kind(n) * 8 + kind(n + 1);
    number.low = number.low * 4096 + two * 64 + kind(n + 2) * 8 + kind(n + 3);
  }
  for (; n < in_low; ++n) number.low = number.low * 8 + kind(n);
  for (; n < fields_; ++n) number.high = number.high * 8 + kind(n);
  const size_t slot = SlotOf(number);
  for (size_t probe = 0; probe < kProbes; ++probe) {
    const Known& known = known_[(slot + probe) % kSlots];
    if (known.number == number) [[likely]]
      return known.shape;
  }
  return Make(values, joint, number);
}

}  // namespace parshall::sinks
