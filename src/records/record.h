#pragma once
// A record: what a rule made of one line, as typed views. metrics/ counts it, sinks/ writes it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace parshall::records {

enum class ValueKind : uint8_t {
  kAbsent,  // the group took no part in the match, or the event has no such key: not written
  kNull,
  kString,
  kInt,    // `integer` is valid; the text is the number as logged
  kFloat,  // `number` is valid
  kBool,   // `integer` is 0 or 1
};

// One typed value. The text points into the line (or the matcher's scratch) and is valid until the
// next Match(). One thread.
struct Value {
  static constexpr char kMistyped[] = "";  // its address is the mark; nobody reads it

  const char* data = nullptr;
  uint32_t size = 0;
  ValueKind kind = ValueKind::kAbsent;
  // True when the text may be written to JSON as a number without change ("200", not "0200").
  bool json_number = false;
  union {
    int64_t integer = 0;
    double number;
  };

  std::string_view text() const { return {data, size}; }
  bool there() const { return kind > ValueKind::kNull; }
  // A null that stands for a JSON event's value that is not of its field's type ("soon", where a
  // duration is wanted). The event keeps it as it came; a metric that wants the value refuses it.
  bool mistyped() const { return kind == ValueKind::kNull && data == kMistyped; }
  void SetMistyped() {
    kind = ValueKind::kNull;
    data = kMistyped;
    size = 0;
  }
  // The value as a number; 0 for what is none. Never throws.
  double AsDouble() const {
    if (kind == ValueKind::kFloat) return number;
    if (kind == ValueKind::kInt || kind == ValueKind::kBool) return static_cast<double>(integer);
    return 0.0;
  }
};

// Three bits for the kind of each value, the first one's lowest: what a record looks like, in a
// word. Values from kKindsMax on have no bits of their own.
inline constexpr size_t kKindsMax = 20;
inline uint8_t KindShift(size_t slot) {
  return static_cast<uint8_t>(slot < kKindsMax ? 3 * slot : 3 * kKindsMax);
}
inline uint64_t KindBits(ValueKind kind, size_t slot) {
  return slot < kKindsMax ? static_cast<uint64_t>(kind) << KindShift(slot) : 0;
}
// Of the first `count` values, at most kKindsMax.
inline uint64_t KindsOf(const Value* values, size_t count) {
  uint64_t kinds = 0;
  for (size_t n = 0; n < count; ++n) kinds |= KindBits(values[n].kind, n);
  return kinds;
}

// What the fields of a rule are called and are. Immutable; lives as long as the compiled rule set.
struct FieldInfo {
  std::string name;  // in the record and for metrics
  rules::FieldType type = rules::FieldType::kString;
  bool in_record = true;
};

enum class JsonKind : uint8_t { kString, kNumber, kTrue, kFalse, kNull, kObject, kArray };

// One key of a JSON event as it stood in the line: valid JSON, valid UTF-8. `key` and `value` are
// raw JSON text, the quotes of strings included.
struct JsonMember {
  std::string_view key;
  std::string_view value;
  JsonKind kind = JsonKind::kNull;
  bool key_escaped = false;  // there are backslashes in it
  bool value_escaped = false;
};

// Views into the line, the matcher's scratch and the compiled rules. One thread; valid until the
// matcher's next Match().
struct Record {
  uint32_t rule = 0;  // index into the compiled rule set
  rules::EventKind event = rules::EventKind::kLog;
  const Value* values = nullptr;  // one for each FieldInfo of the rule, in its order
  uint32_t values_count = 0;
  const JsonMember* members = nullptr;  // the event's own keys, if the line was a JSON event
  uint32_t members_count = 0;
  // The event brought these keys itself; they are among `members` and are not written a second
  // time.
  bool own_timestamp = false;
  bool own_source = false;
  bool sampled_out = false;  // counted, but not written (`sample:` of its rule)
  // KindsOf() the values, if the matcher came by it; then the parts of a request lie within it
  // where its recipe says that they follow. 0: it did not.
  uint64_t kinds = 0;
  // No shorter than the texts of all values that were captured, one behind the other: the size of
  // the line.
  size_t text_size = 0;
};

}  // namespace parshall::records
