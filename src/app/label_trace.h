#pragma once
// Where a series shows another text than the field that its label is made of, for `explain`.

#include <string>
#include <string_view>
#include <vector>

#include "app/rule_trial.h"
#include "rules/rule.h"

namespace parshall::app {

struct LabelChange {
  std::string metric;
  std::string label;
  std::string field;
  std::string before;  // the field's text; "null" if it has none
  std::string after;   // as the series shows it
  std::string why;     // "template: path", "null", "not in values:", …
};

// For the series that the record changes (Outcome::metrics). Limits and budgets are those of this
// moment: `explain` has counted nothing before the lines it was given.
std::vector<LabelChange> TraceLabels(const std::vector<rules::MetricSpec>& metrics,
                                     const RuleTrial::Outcome& outcome);

// `a="x",b="y"` → names and values without escapes. For series as `explain` prints them.
std::vector<std::pair<std::string, std::string>> ParseLabels(std::string_view text);

}  // namespace parshall::app
