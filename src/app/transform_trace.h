#pragma once
// What each transform of a rule does to one record, for `explain`.
//
// A run settles names when rules are compiled and has no steps for rename, remove and add. So the
// trace compiles the rule with its first transform, its first two, and so on, and tells the records
// apart: it shows what really happens, and a run pays nothing for it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace parshall::app {

struct TransformChange {
  std::string field;
  std::optional<std::string> before;  // JSON text; nothing: there was no such field
  std::optional<std::string> after;
};

struct TransformStep {
  std::string word;  // "rename", "redact", …
  std::string where;
  std::vector<TransformChange> changes;  // empty: it left the record as it was
  std::string drop_reason;               // it dropped the record; no step follows
};

// The steps of the rule called `rule_name` on a line that it matches. `wanted_fields` as for
// records::CompileRules.
std::vector<TransformStep> TraceTransforms(const rules::RuleSet& set, std::string_view rule_name,
                                           const std::vector<std::string>& wanted_fields,
                                           const std::string& line);

}  // namespace parshall::app
