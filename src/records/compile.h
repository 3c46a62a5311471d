#pragma once
// Rules as the matcher runs them: expressions compiled to RE2 and, where possible, to plans; fields
// to recipes.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/plan.h"
#include "records/record.h"
#include "records/regex.h"
#include "records/rule_filter.h"
#include "records/transform.h"
#include "rules/rule.h"

namespace parshall::records {

// How one field's text becomes its value.
struct Conversion {
  rules::FieldType type = rules::FieldType::kString;
  bool typed = false;         // declared in the rule; otherwise JSON's own type is kept
  bool plain_nulls = true;    // no null text is made of digits
  bool dash_is_null = false;  // the only null text is "-", the usual case
  std::vector<std::string> nulls;
  std::optional<std::string> fallback;
  double unit = 1.0;
  bool sum = false;  // a list of numbers: FieldSpec::sum
  rules::Escapes escapes = rules::Escapes::kNone;
};

// Fills one slot of the record. Recipes with one slot are alternatives: the first that is there,
// fills it.
struct Recipe {
  int slot = 0;
  int capture = 0;  // a group of the pattern; 0: a key of the JSON event
  int key = 0;      // index into RuleProgram::keys
  Conversion conversion;
  // How the matcher goes about it: most fields are text that only "-" makes null, or short
  // integers or decimals whose null texts are no digits.
  enum class Way : uint8_t { kText, kDigits, kDecimal, kGeneral } way = Way::kGeneral;
  bool shared_slot = false;  // other recipes may fill the slot, too
  // Text that no metric and no condition asks for: not needed when records are not written.
  bool record_only = false;
  // kHttpRequest: where its parts go, -1 for nowhere.
  int method_slot = -1;
  int path_slot = -1;
  int protocol_slot = -1;
  bool parts_follow = false;  // they go to the next three slots, nothing else does, and each time
  int count_slot = -1;        // of a sum: where the number of items goes, -1 for nowhere
};

// A recipe as the matcher walks over it for each line: small, and in a row. Where its capture and
// its value stand are bytes from the first of them.
struct Step {
  Recipe::Way way = Recipe::Way::kGeneral;
  bool shared_slot = false;
  bool request = false;     // its parts have slots of their own
  uint8_t kind_shift = 0;   // KindShift() of its slot
  uint16_t capture_at = 0;  // 0: a key of the JSON event
  uint16_t recipe = 0;      // index into CompiledRule::recipes
  uint32_t value_at = 0;
  int32_t null_head = -1;  // HeadOf() the text that is null; -1: none is
};

// Of a text, which may be empty but not null: its size and the byte it begins with, never negative.
inline int64_t HeadOf(const char* text, uint32_t size) {
  return (int64_t{size} << 8) | static_cast<unsigned char>(*text);
}

// The steps of a rule: plain texts first, those that are null as "-" behind them, then plain
// integers, then decimals, then requests whose parts stand behind them; each has a value of its
// own.
struct Steps {
  Steps() = default;
  Steps(Steps&&) = default;  // what points into `all` stays right
  Steps& operator=(Steps&&) = default;

  std::vector<Step> all;
  const Step* begin = nullptr;  // of all, and where each kind of them ends
  const Step* texts_end = nullptr;
  const Step* dashed_end = nullptr;
  const Step* digits_end = nullptr;
  const Step* decimals_end = nullptr;
  const Step* requests_end = nullptr;
  const Step* end = nullptr;
  uint64_t usual_kinds = 0;  // KindBits() of all these, when they are there and not null
};

struct CompiledCondition {
  int slot = -1;                    // a field of the rule
  int key = -1;                     // or a key of the JSON event
  bool source = false;              // or the name of the source
  std::vector<std::string> values;  // empty: it only has to be there
};

struct TimestampField {
  int slot = 0;
  std::string format;  // FieldSpec::format; empty: RFC 3339, CLF or epoch, whichever fits
};

struct CompiledRule {
  std::string name;
  rules::EventKind event = rules::EventKind::kLog;
  bool json = false;    // only lines that are JSON events
  bool logfmt = false;  // and those are made of logfmt lines
  int from_key = -1;    // the key whose text the pattern is matched against; -1: the line
  bool multiline = false;
  bool multiline_any = false;
  bool drop = false;
  // An expression and at most kKindsMax fields, and nothing else: no key, no condition, no
  // transform. The matcher has a way of its own for such rules, if they have a plan.
  bool straight = false;
  rules::Dedupe dedupe = rules::Dedupe::kOff;
  std::unique_ptr<Regex> regex;  // null: no pattern
  std::optional<Plan> plan;
  std::string why_no_plan;
  std::vector<CompiledCondition> key_conditions;    // checked before the pattern is tried
  std::vector<CompiledCondition> field_conditions;  // checked on the fields
  std::vector<FieldInfo> fields;                    // by slot
  uint32_t slots = 0;                               // the number of fields
  uint64_t record_name_buckets = 0;                 // KeyBucket() of the names that records show
  std::vector<Recipe> recipes;
  std::vector<size_t> key_defaults;  // recipes of keys that have a default
  std::vector<int> shared_slots;     // that may stay as they are: they begin each record as absent
  Steps steps;                       // of all recipes
  Steps metric_steps;                // without those that only records need
  std::vector<TimestampField> timestamp;
  std::unique_ptr<Transforms> transforms;  // null: none
};

// All rules and what they share. Immutable; any thread. Held by shared_ptr, since a reload replaces
// it.
struct RuleProgram {
  std::vector<CompiledRule> rules;
  // Keys of JSON events that some rule looks at, [0] "@timestamp", [1] "source".
  std::vector<std::string> keys;
  // Keys by a cheap hash of their text (KeyBucket), so that most members of an event are passed
  // over.
  std::array<std::vector<uint16_t>, 64> key_buckets;
  bool any_json = false;
  // Rules that can match a line that begins with this byte ([256]: an empty line); rules over 63
  // always may.
  std::array<uint64_t, 257> rules_by_first_byte{};
  // And what else tells beforehand that a rule cannot match, asked when one has failed.
  RuleFilter filter;
};

inline constexpr int kTimestampKey = 0;
inline constexpr int kSourceKey = 1;

inline size_t KeyBucket(std::string_view key) {
  if (key.empty()) return 0;
  const auto first = static_cast<unsigned char>(key.front());
  const auto last = static_cast<unsigned char>(key.back());
  return (key.size() * 7 + first + last * 3u) & 63;
}

struct CompileOutcome {
  std::shared_ptr<const RuleProgram> program;  // null when there are faults
  std::vector<Error> faults;                   // all of them
};

// `wanted_fields` are the fields that metrics need: rules for JSON events look them up among the
// event's keys.
CompileOutcome CompileRules(const rules::RuleSet& rules,
                            const std::vector<std::string>& wanted_fields);

}  // namespace parshall::records
