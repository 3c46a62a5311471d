#pragma once
// What is legal in a rule set but hardly meant: a rule without examples, a metric that nothing can
// feed, a field that nothing uses, a label without a bound. Needs no expression engine; group names
// are found by a plain scan of the patterns.

#include <vector>

#include "base/result.h"
#include "rules/rule.h"

namespace parshall::rules {

// Warnings with their places, by file and line. The rule set must have been read without faults.
std::vector<Error> Lint(const RuleSet& set);

}  // namespace parshall::rules
