#pragma once
// What the tests of log formats share: one rule that is a server's format string.

#include <string>

#include "rules/rule.h"

namespace parshall::records::testing {

inline rules::RuleSet LogFormatRule(const std::string& server, const std::string& text,
                                    bool decode = false) {
  rules::RuleSpec rule;
  rule.name = "made";
  rule.kind = rules::RuleKind::kPattern;
  rule.event = rules::EventKind::kRequest;
  rule.log_format = rules::LogFormatSpec{
      .server = server, .text = text, .decode = decode, .where = {"f.yaml", 3, 10}};
  rules::RuleSet set;
  set.rules.push_back(std::move(rule));
  return set;
}

}  // namespace parshall::records::testing
