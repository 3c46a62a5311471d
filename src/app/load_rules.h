#pragma once
// From what the operator named (files, formats, the configuration, or nothing) to rules and metrics
// that run.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "metrics/store.h"
#include "records/compile.h"
#include "rules/config.h"
#include "rules/rule.h"

namespace parshall::app {

// What stands before the name of a rule file that travels in the program.
inline constexpr std::string_view kBuiltinPrefix = "builtin:";

// What runs. program and store are null when there are faults.
struct ActiveRules {
  rules::RuleSet set;
  std::shared_ptr<const records::RuleProgram> program;
  std::shared_ptr<metrics::Store> store;
  std::vector<Error> faults;  // all of them, with their places
  uint64_t hash = 0;          // of all texts that this came from
  std::vector<Error> warnings;
};

// --rules beats --format beats the configuration's rules; with none of them the builtin rules are
// active, and so they are when the files bring metrics only. Metrics come with the rules; when no
// file brings any, the builtin ones count.
ActiveRules LoadRules(const Options& options, const rules::Config& config);

// Only the hash: what LoadRules() would say of the files as they are now.
uint64_t HashOfFiles(const Options& options, const rules::Config& config);

// Whether the program brought the rule itself.
bool IsBuiltin(const rules::RuleSpec& rule);

// Names that --format takes, each with a sentence and a sample line.
struct FormatRow {
  std::string name;
  std::vector<std::string> names;  // by which people know it: "combined"
  std::string file;
  std::string also;  // the rule of another file that --format takes with this file; mostly empty
  std::string sample;
};
std::vector<FormatRow> Formats();

}  // namespace parshall::app
