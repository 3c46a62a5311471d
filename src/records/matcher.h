#pragma once
// Lines → records: asks the rules in order; the first that matches makes the record.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "records/compile.h"
#include "records/json_event.h"
#include "records/record.h"
#include "records/transformer.h"

namespace parshall::records {

// What became of a line; the names are the values of the label `outcome`.
enum class Outcome : uint8_t { kMatched, kUnmatched, kOversized, kDropped, kRejected, kDuplicate };
inline constexpr size_t kOutcomes = 6;
std::string_view OutcomeName(Outcome outcome);

// What a matcher has counted about one rule. The pipeline publishes it.
struct RuleTally {
  uint64_t matches = 0;
  uint64_t plan_matches = 0;      // of these, by plan alone
  uint64_t sampled_nanos = 0;     // time spent trying it, on the sampled lines
  std::vector<uint64_t> dropped;  // by its transforms: by index of Transforms::reasons
};
struct MatcherTally {
  std::vector<RuleTally> rules;
  uint64_t lines = 0;          // asked about
  uint64_t sampled_lines = 0;  // of these, timed
  uint64_t regex_lines = 0;    // on which RE2 had to run at least once
};

// One thread. Holds the rule program, and the scratch that a record's views point into.
class Matcher {
 public:
  using NanosClock = uint64_t (*)();

  // Without `all_fields` only what metrics and conditions ask for is filled in: for runs that write
  // no records. Outcomes are the same either way.
  explicit Matcher(std::shared_ptr<const RuleProgram> program, bool all_fields = true);

  // Matches one line, without its line end; kPaddingBytes behind it must be readable. On kMatched
  // and kRejected `record` is filled and valid until the next call. kRejected: a rule matched, but
  // a value is not of its field's type; the record has the value as text. kDropped: a rule with
  // `drop: true` matched, or one with a transform that drops this record; record->rule says which.
  // `source` is for conditions on the source. A clock makes this line a sample of the rules' cost.
  Outcome Match(std::string_view line, std::string_view source, Record* record,
                NanosClock clock = nullptr);

  // One rule alone, not tallied: for joined events, `explain` and examples. Its keep: and drop:
  // are passed over without `filters`: they are decided on the line that begins an event.
  Outcome MatchRule(size_t rule, std::string_view line, std::string_view source, Record* record,
                    bool filters = false);

  // When the last line was dropped by a transform of its rule: by which, an index into
  // Transforms::reasons. kPassed: it was not, or its rule drops all.
  int drop_reason() const { return drop_reason_; }

  const RuleProgram& program() const { return *program_; }
  const MatcherTally& tally() const { return tally_; }

 private:
  static constexpr size_t kNumberBytes = 24;    // an int64 in decimal
  static constexpr size_t kUnescapeSlack = 16;  // UnescapeJson may write so much behind its text

  enum class Verdict : uint8_t { kNo, kYes, kRejected };

  Outcome MatchAny(std::string_view line, std::string_view source, Record* record, NanosClock clock,
                   std::optional<PlanVerdict> first_verdict);
  uint64_t LeaveOut(std::string_view line, uint64_t waiting, NanosClock clock);
  Verdict Try(const CompiledRule& rule, std::string_view line, std::string_view source,
              std::optional<PlanVerdict> verdict);
  Outcome Finish(const CompiledRule& rule, size_t index, Verdict verdict, std::string_view line,
                 bool filters, Record* record);
  void FinishPlain(const CompiledRule& rule, size_t index, Record* record) const {
    *record = {.rule = static_cast<uint32_t>(index),
               .event = rule.event,
               .values = values_.data(),
               .values_count = rule.slots,
               .text_size = line_size_};
  }
  Outcome FinishTransformed(const CompiledRule& rule, size_t index, Verdict verdict,
                            std::string_view line, bool filters, Record* record);
  bool ParseEvent(std::string_view line);
  bool ParseRepaired(std::string_view line);
  bool ParseLogfmt(std::string_view line);
  void FindKeys();
  struct KnownKey;
  void LearnKey(const JsonMember& member, KnownKey* known) const;
  bool KeyText(int key, std::string_view* text);
  bool Holds(const CompiledCondition& condition, std::string_view source);
  bool Fill(const CompiledRule& rule);
  bool FillAll(const CompiledRule& rule, uint64_t* kinds);
  bool FillStep(const CompiledRule& rule, const Step& step);
  void FillDefault(const Recipe& recipe);
  bool FillFromKey(const Recipe& recipe, Value* value);
  bool FillSlowly(const Recipe& recipe, const Capture& capture, Value* value);
  void CountTries(const Recipe& recipe, const Value& list);
  void SplitRequest(const Recipe& recipe);
  void SetPart(int slot, const char* data, size_t size);
  char* Scratch(size_t bytes);
  char* Decoded(size_t bytes);
  const Steps& StepsOf(const CompiledRule& rule) const {
    return all_fields_ ? rule.steps : rule.metric_steps;
  }
  Value* ValueOf(const Step& step) {
    return reinterpret_cast<Value*>(reinterpret_cast<char*>(values_.data()) + step.value_at);
  }
  const Capture& CaptureOf(const Step& step) const {
    return *reinterpret_cast<const Capture*>(reinterpret_cast<const char*>(captures_) +
                                             step.capture_at);
  }
  // Values that several recipes may fill begin as absent.
  void BeginFill(const CompiledRule& rule) {
    for (const int slot : rule.shared_slots) {
      values_[static_cast<size_t>(slot)].kind = ValueKind::kAbsent;
    }
    decoded_used_ = 0;
  }
  void HideOverwritten(const CompiledRule& rule, Record* record);

  // What each line needs stands together, and what only JSON events need behind it: these are some
  // KiB.
  std::shared_ptr<const RuleProgram> program_;
  const PlanRunner run_plan_ = BestPlanRunner();
  const bool all_fields_;
  bool by_plan_ = false;
  bool crowded_ = false;  // the line before had rules to be left out by the program's filter
  MatcherTally tally_;
  uint64_t member_buckets_ = 0;  // KeyBucket() of the members' names, a bit each
  enum class Event : uint8_t { kNotParsed, kNone, kParsed } event_ = Event::kNotParsed;
  Event logfmt_ = Event::kNotParsed;
  std::vector<char> logfmt_json_;        // the JSON event made of a logfmt line, with its padding
  std::string repaired_;                 // an event that was not UTF-8, with its padding
  std::vector<JsonMember> found_;        // by key of the program; an empty key: not there
  std::vector<std::string_view> texts_;  // their unescaped texts, once asked for
  std::vector<uint16_t> found_keys_;     // which of them are there, to be cleared
  std::vector<JsonMember>
      members_;  // the event's members, when some are not to be written as they came
  std::vector<Value> values_;
  std::vector<char> scratch_;  // unescaped texts of one line
  size_t scratch_used_ = 0;
  std::vector<char> decoded_;  // captures without the server's escapes
  size_t decoded_used_ = 0;
  size_t line_size_ = 0;
  int drop_reason_ = Transformer::kPassed;
  Capture captures_[kCapturesMax];
  std::unique_ptr<Transformer> transformer_;  // null: no rule has transforms
  const UnescapePadded unescape_ = BestUnescapePadded();
  // The n-th key of the event before, as it stood there, and what is known of it: most events have
  // the same keys in the same order.
  struct KnownKey {
    static constexpr size_t kBytesMax = 32;
    std::array<char, kBytesMax> text{};
    uint8_t size = 0;     // 0: nothing is known
    uint8_t bucket = 0;   // KeyBucket() of its name
    int16_t wanted = -1;  // which of the program's keys it is
  };
  std::array<KnownKey, 16> known_keys_;
  JsonEventParser events_;
};

}  // namespace parshall::records
