#pragma once
// One rule as it stands in its file, before `extends:` is resolved.

#include <string>
#include <vector>

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

struct RuleDraft {
  RuleSpec spec;
  bool has_form = false;  // it says itself what it matches: `pattern:`, `log_format:`, `json: true`
                          // or `logfmt: true`
  Where extends_where;
};

// Reads the rule at `node`. Whatever is wrong goes to `faults`; the draft holds the rest.
RuleDraft ReadRule(const std::string& file, const YamlNode& node, Faults* faults);

// `when:` of a rule or a metric: {field: text or list, …}; '*' asks only that the field is there.
std::vector<Condition> ReadConditions(Section* section);

// `event:` of a rule or a metric.
std::optional<EventKind> ReadEvent(Section* section);

}  // namespace parshall::rules
