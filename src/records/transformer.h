#pragma once
// Runs a rule's transforms on the record that the matcher has made.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "records/arena.h"
#include "records/json_edit.h"
#include "records/record.h"
#include "records/redact.h"
#include "records/transform.h"
#include "records/user_agent_cache.h"

namespace parshall::records {

// One thread. What it makes is valid until its next Begin(). Its memory is bounded by the line's
// size: a text grows by at most RedactSpans::kSpansMax replacements a redaction.
class Transformer {
 public:
  static constexpr int kPassed = -1;

  // Runs the steps on `values`, one for each of `slots` fields. `from` is the text of the JSON
  // event that the pattern was matched against, or empty. Returns the reason for which the record
  // is dropped (an index into Transforms::reasons), or kPassed. Without `filters` nothing is
  // dropped.
  int Run(const Transforms& transforms, bool filters, std::string_view from, Value* values,
          size_t slots);

  // The event's own keys as the steps leave them. `found` are the keys of the program in this
  // event.
  void EditMembers(const Transforms& transforms, const std::vector<JsonMember>& found,
                   const Value* values, Record* record);

  // Whether the record is one of those that are written.
  static bool Sampled(const Transforms& transforms, std::string_view line, const Value* values);

 private:
  static bool Holds(const TransformOp& op, const Value* values);
  void Redact(const Redactor& redactor, int slot, Value* values, size_t slots);
  void Split(const TransformOp& op, Value* values);
  void FindAgent(const Transforms& transforms, const TransformOp& op, Value* values);
  static const JsonMember* TopOf(const JsonEdit& edit, const Record& record);
  static void Replace(std::string_view raw, JsonMember* member);
  bool EditMember(JsonMember* member);
  std::string_view RawString(std::string_view text);
  std::string_view RawInside(const KeyEdit& edit, std::string_view raw);
  std::string_view Redacted(const Redactor& redactor, std::string_view text);

  Arena arena_;
  std::unique_ptr<UserAgentCache> agents_;  // null: no step has asked for it
  RedactSpans spans_;
  Value from_;
  bool from_changed_ = false;
  std::vector<uint8_t> changed_;  // by slot
  std::vector<JsonEdit> pending_;
  std::vector<const KeyEdit*> pending_keys_;  // of each of them
  std::vector<std::string_view> top_keys_;    // and the key of the event that it is, or is in
  std::vector<JsonMember> members_;
  std::string raw_;
};

}  // namespace parshall::records
