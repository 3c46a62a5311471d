#pragma once
// The named groups of an expression, found by a plain scan: no expression engine is needed to warn.
// \Q…\E is not known.

#include <string>
#include <string_view>
#include <vector>

namespace parshall::rules {

// A named group and the expression inside of it, a view of the pattern.
struct NamedGroup {
  std::string name;
  std::string_view body;
};

// Every (?P<name>…) and (?<name>…), in their order. A group that is never closed reaches to the
// end.
std::vector<NamedGroup> NamedGroups(std::string_view pattern);

// Their names.
std::vector<std::string> GroupNames(std::string_view pattern);

// Whether the expression takes text of any length that it only says the end of: `.*`, `[^"]*`,
// `\S+`. What lists its bytes ([A-Z]+, \d+, \w{1,9}) or its words is not free.
bool TakesFreeText(std::string_view expression);

}  // namespace parshall::rules
