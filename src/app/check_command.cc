// parshall check: configuration and rules are loaded, and every example is run.

#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/examples.h"
#include "app/load_rules.h"
#include "app/settings.h"

namespace parshall::app {
namespace {

// "1 rule", "2 rules".
std::string Counted(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// An expression without a plan runs on RE2 for each line: what is in the way, and what would help.
void WarnOfSlowRules(const ActiveRules& active, std::vector<Error>* warnings) {
  for (const records::CompiledRule& rule : active.program->rules) {
    if (rule.regex == nullptr || rule.plan) continue;
    for (const rules::RuleSpec& spec : active.set.rules) {
      if (spec.name != rule.name || spec.where.file.starts_with(kBuiltinPrefix)) continue;
      const bool anchored = spec.pattern.starts_with('^');
      warnings->push_back(Fail(
          "rule \"" + rule.name + "\" can only run on RE2, dozens of times slower than as a plan: " +
              rule.why_no_plan +
              (anchored ? "; docs/RULES.md (\"Patterns\") says what a plan can be made of"
                        : "; begin it with ^, and with ^.*? if what stands before does not matter"),
          spec.pattern_where.ToString()));
    }
  }
}

void PrintPlans(const records::RuleProgram& program) {
  for (const records::CompiledRule& rule : program.rules) {
    if (rule.regex == nullptr) {
      std::printf("%s: reads the JSON event\n", rule.name.c_str());
      continue;
    }
    if (rule.plan) {
      std::printf("%s: runs as a plan of %zu steps; RE2 decides where the plan cannot\n%s",
                  rule.name.c_str(), rule.plan->ops.size(), rule.plan->ToString().c_str());
      continue;
    }
    std::printf("%s: runs on RE2, captures in %zu piece%s, because of %s\n", rule.name.c_str(),
                rule.regex->pieces(), rule.regex->pieces() == 1 ? "" : "s",
                rule.why_no_plan.c_str());
  }
}

}  // namespace

int CheckCommand(const Options& options, const rules::Config& config) {
  // The files to check may be named as arguments, too.
  Options with_files = options;
  with_files.rules.insert(with_files.rules.end(), options.paths.begin(), options.paths.end());
  with_files.paths.clear();
  if (const Result<Settings> settings = MergeSettings(with_files, config); !settings.ok()) {
    PrintFaults({settings.error()});
    return kExitWrong;
  }
  ActiveRules active = LoadRules(with_files, config);
  size_t examples = 0;
  if (active.faults.empty()) examples = CheckExamples(active, &active.faults);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  WarnOfSlowRules(active, &active.warnings);
  for (const Error& warning : active.warnings)
    std::fprintf(stderr, "%s (warning)\n", warning.ToString().c_str());
  if (options.plans) PrintPlans(*active.program);
  std::printf("%s, %s, %s: all fine\n", Counted(active.set.rules.size(), "rule").c_str(),
              Counted(active.set.metrics.size(), "metric").c_str(),
              Counted(examples, "example").c_str());
  return kExitDone;
}

}  // namespace parshall::app
