#pragma once
// The rule files of rules/, carried in the program (written by cmake/embed_rules.cmake at build
// time).

#include <span>
#include <string_view>

namespace parshall::app {

struct BuiltinFile {
  std::string_view name;  // "access", for --format and as "builtin:access.yaml" in faults
  std::string_view text;
};

// Those that are active when no rules are named, in the order in which they are tried.
std::span<const BuiltinFile> BuiltinRules();

// Those that are asked for by name: --format nginx. In the order of their names; a pack of
// rules/compat is called "compat/…".
std::span<const BuiltinFile> RulePacks();

// The metrics that count when no rule file brings any.
const BuiltinFile& BuiltinMetrics();

}  // namespace parshall::app
