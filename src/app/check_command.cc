// parshall check: configuration and rules are loaded, and every example is run.

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/check_sets.h"
#include "app/commands.h"
#include "app/examples.h"
#include "app/load_rules.h"
#include "app/settings.h"
#include "app/web_access.h"
#include "records/plan_advice.h"

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
      const std::string_view advice = records::PlanAdvice(spec.pattern, rule.why_no_plan);
      warnings->push_back(Fail(
          "rule \"" + rule.name +
              "\" can only run on RE2, dozens of times slower than as a plan: " + rule.why_no_plan +
              "; " +
              (advice.empty() ? "docs/RULES.md (\"Patterns\") says what a plan can be made of"
                              : std::string(advice)),
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

// What a run only warns of, an expired certificate, is a fault for somebody who asks. What the file
// comes to.
std::string CheckWebConfig(const std::string& path, std::vector<Error>* faults) {
  const WebAccessOutcome web = LoadWebAccess(path);
  faults->insert(faults->end(), web.faults.begin(), web.faults.end());
  if (web.access == nullptr) return {};
  for (const Error& warning : web.warnings) {
    const bool of_tls =
        web.access->tls != nullptr &&
        std::any_of(web.access->tls->warnings().begin(), web.access->tls->warnings().end(),
                    [&](const Error& other) { return other.ToString() == warning.ToString(); });
    if (of_tls) {
      faults->push_back(warning);
    } else {
      std::fprintf(stderr, "%s (warning)\n", warning.ToString().c_str());
    }
  }
  return path + ": " + Describe(*web.access);
}

}  // namespace

namespace {

struct Counts {
  size_t rules = 0;
  size_t metrics = 0;
  size_t examples = 0;
};

// One set of rules, as a run would take it. Its warnings are printed, its faults are added.
Counts CheckSet(const Options& options, const rules::Config& config, std::vector<Error>* faults) {
  ActiveRules active = LoadRules(options, config);
  Counts counts;
  if (active.faults.empty()) counts.examples = CheckExamples(active, &active.faults);
  counts.rules = active.set.rules.size();
  counts.metrics = active.set.metrics.size();
  if (!active.faults.empty()) {
    for (Error& fault : active.faults) faults->push_back(std::move(fault));
    return counts;
  }
  WarnOfSlowRules(active, &active.warnings);
  for (const Error& warning : active.warnings)
    std::fprintf(stderr, "%s (warning)\n", warning.ToString().c_str());
  if (options.plans) PrintPlans(*active.program);
  return counts;
}

void PrintCounts(const std::string& what, const Counts& counts, const char* verdict) {
  std::printf("%s%s, %s, %s: %s\n", what.c_str(), Counted(counts.rules, "rule").c_str(),
              Counted(counts.metrics, "metric").c_str(),
              Counted(counts.examples, "example").c_str(), verdict);
}

}  // namespace

int CheckCommand(const Options& options, const rules::Config& config) {
  // The files to check may be named as arguments, too.
  Options with_files = options;
  with_files.rules.insert(with_files.rules.end(), options.paths.begin(), options.paths.end());
  with_files.paths.clear();
  const Result<Settings> settings = MergeSettings(with_files, config);
  if (!settings.ok()) {
    PrintFaults({settings.error()});
    return kExitWrong;
  }
  // With --rules it is what a run with these flags would do.
  std::vector<Error> faults;
  std::vector<std::vector<std::string>> sets;
  const bool one_set = !options.rules.empty() || !NeedsSets(options.paths);
  if (!one_set) sets = CheckSets(options.paths, &faults);
  if (one_set || sets.size() == 1) sets = {with_files.rules};
  std::vector<Counts> counts;
  for (const std::vector<std::string>& files : sets) {
    with_files.rules = files;
    counts.push_back(CheckSet(with_files, config, &faults));
  }
  std::string web;
  if (!settings->web_config_file.empty()) web = CheckWebConfig(settings->web_config_file, &faults);
  if (!faults.empty()) {
    PrintFaults(faults);
    return kExitWrong;
  }
  if (!web.empty()) std::printf("%s\n", web.c_str());
  if (sets.size() == 1) {
    PrintCounts("", counts[0], "all fine");
    return kExitDone;
  }
  size_t files = 0;
  for (size_t n = 0; n < sets.size(); ++n) {
    std::string names;
    for (const std::string& file : sets[n]) names += (names.empty() ? "" : ", ") + file;
    files += sets[n].size();
    PrintCounts(names + ": ", counts[n], "fine");
  }
  std::printf("%s in %s of rules that run together: all fine\n", Counted(files, "file").c_str(),
              Counted(sets.size(), "set").c_str());
  return kExitDone;
}

}  // namespace parshall::app
