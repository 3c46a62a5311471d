#pragma once
// What is legal in a rule set but hardly meant: a rule without examples, a metric that nothing can
// feed. Needs no expression engine; group names are found by a plain scan of the patterns.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"

namespace parshall::rules {

// Warnings with their places, by file and line. The rule set must have been read without faults.
std::vector<Error> Lint(const RuleSet& set);

// The names of (?P<name>…) and (?<name>…) in an expression, in their order; \Q…\E is not known.
std::vector<std::string> GroupNames(std::string_view pattern);

}  // namespace parshall::rules
