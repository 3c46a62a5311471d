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
  // `kinds`: as Record::kinds.
  // Where they are given, the parts of a request lie within it.
  inline RecordShape Find(const records::Value* values, uint64_t kinds, Joint joint);

  // Room for all that steps write but for the texts.
  size_t bytes_max() const { return bytes_max_; }
  // Whether a field that is written has this name and is there.
  bool Has(const records::Value* values, std::string_view name) const;

 private:
  static constexpr size_t kShapesMax = 32;
  static constexpr size_t kSlots = 128;
  static constexpr size_t kProbes = 4;
  static constexpr size_t kForgetEvery = 1024;  // unknown shapes
  // A shape's number: the joint, and the kinds in two words. Rules with more fields have their
  // steps made for each record.
  static constexpr size_t kFieldsMax = 2 * records::kKindsMax;
  static constexpr uint64_t kPartsWithin = uint64_t{1} << 63;  // of Number::high

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
    bool parts_follow = false;  // a request: the next three keys are those of its parts
  };

  static size_t SlotOf(const Number& number) {
    return static_cast<size_t>(
        (number.low ^ (number.high * 0xC2B2AE3D27D4EB4FULL)) * 0x9E3779B97F4A7C15ULL >> 57);
  }
  void TellParts(size_t slot);
  RecordShape Make(const records::Value* values, Joint joint, const Number& number);
  Joint Build(const records::Value* values, Joint joint, bool parts_within);

  std::vector<Key> keys_;
  std::vector<std::string_view> names_;  // of the keys; the rule's
  size_t fields_ = 0;
  size_t bytes_max_ = 0;
  std::array<Known, kSlots> known_{};
  size_t known_count_ = 0;
  uint64_t unknown_ = 0;
  std::vector<FieldStep> steps_;  // being built
};

inline RecordShape RecordShapes::Find(const records::Value* values, uint64_t kinds, Joint joint) {
  using records::kKindsMax;
  Number number;
  if (kinds != 0) [[likely]] {
    number.high = kPartsWithin;
  } else {
    kinds = records::KindsOf(values, fields_ < kKindsMax ? fields_ : kKindsMax);
    if (fields_ > kKindsMax && fields_ <= kFieldsMax) {
      number.high = records::KindsOf(values + kKindsMax, fields_ - kKindsMax);
    }
  }
  number.low = kinds | (static_cast<uint64_t>(joint) + 1) << (3 * kKindsMax);
  const size_t slot = SlotOf(number);
  for (size_t probe = 0; probe < kProbes; ++probe) {
    const Known& known = known_[(slot + probe) % kSlots];
    if (known.number == number) [[likely]]
      return known.shape;
  }
  return Make(values, joint, number);
}

}  // namespace parshall::sinks
