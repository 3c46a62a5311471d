// parshall check: configuration and rules are loaded, and every example is run.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/load_rules.h"
#include "app/rule_trial.h"
#include "app/settings.h"
#include "app/web_access.h"

namespace parshall::app {
namespace {

// "1 rule", "2 rules".
std::string Counted(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Shortened(const std::string& line) {
  constexpr size_t kShown = 100;
  return line.size() <= kShown ? line : line.substr(0, kShown) + "…";
}

// What differs between the record that an example asks for and the one it gave; empty: nothing.
std::string Difference(const std::string& wanted_json, const std::string& record_json) {
  const nlohmann::json wanted = nlohmann::json::parse(wanted_json, nullptr, false);
  const nlohmann::json record = nlohmann::json::parse(record_json, nullptr, false);
  if (record.is_discarded()) return "the record is not JSON: " + record_json;
  for (const auto& [key, value] : wanted.items()) {
    if (!record.contains(key)) return "the record has no \"" + key + "\"";
    if (record[key] != value) {
      return "\"" + key + "\" is " +
             record[key].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + ", not " +
             value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  }
  for (const auto& [key, value] : record.items()) {
    if (key != "@timestamp" && !wanted.contains(key)) {
      return "the record also has \"" + key +
             "\": " + value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  }
  return {};
}

void CheckExamples(const ActiveRules& active, std::vector<Error>* faults, size_t* examples) {
  RuleTrial trial(active.program, active.store);
  // A format of the command line stands before the builtin rules on purpose; what it takes from
  // them is no fault of theirs.
  const bool custom = !active.set.rules.empty() && active.set.rules[0].where.line == 0 &&
                      active.set.rules[0].log_format.has_value();
  for (const rules::RuleSpec& rule : active.set.rules) {
    if (custom && IsBuiltin(rule)) continue;
    for (const rules::Example& example : rule.examples) {
      ++*examples;
      const RuleTrial::Outcome outcome = trial.Run(example.line);
      if (outcome.rule_name != rule.name) {
        const std::string instead = outcome.rule_name.empty()
                                        ? "no rule does"
                                        : "the rule \"" + outcome.rule_name + "\" takes it first";
        faults->push_back(Fail("the rule \"" + rule.name + "\" does not match its example, " +
                                   instead + ": " + Shortened(example.line),
                               example.where.ToString()));
        continue;
      }
      if (example.record_json.empty() || rule.drop) continue;
      const std::string difference = Difference(example.record_json, outcome.record_json);
      if (!difference.empty()) {
        faults->push_back(Fail(
            "the rule \"" + rule.name + "\" makes another record of its example: " + difference,
            example.where.ToString()));
      }
    }
    for (const std::string& line : rule.not_examples) {
      ++*examples;
      if (trial.Matches(rule.name, line)) {
        faults->push_back(Fail(
            "the rule \"" + rule.name + "\" matches a line of its `not:` list: " + Shortened(line),
            rule.where.ToString()));
      }
    }
  }
}

// An expression without a plan runs on RE2 for each line: what is in the way, and what would help.
void WarnOfSlowRules(const ActiveRules& active, std::vector<Error>* warnings) {
  for (const records::CompiledRule& rule : active.program->rules) {
    if (rule.regex == nullptr || rule.plan) continue;
    for (const rules::RuleSpec& spec : active.set.rules) {
      if (spec.name != rule.name || spec.where.file.starts_with(kBuiltinPrefix)) continue;
      const bool anchored = spec.pattern.starts_with('^');
      warnings->push_back(Fail(
          "rule \"" + rule.name +
              "\" can only run on RE2, dozens of times slower than as a plan: " + rule.why_no_plan +
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
  ActiveRules active = LoadRules(with_files, config);
  std::string web;
  if (!settings->web_config_file.empty()) {
    web = CheckWebConfig(settings->web_config_file, &active.faults);
  }
  size_t examples = 0;
  if (active.faults.empty()) CheckExamples(active, &active.faults, &examples);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  WarnOfSlowRules(active, &active.warnings);
  for (const Error& warning : active.warnings)
    std::fprintf(stderr, "%s (warning)\n", warning.ToString().c_str());
  if (options.plans) PrintPlans(*active.program);
  if (!web.empty()) std::printf("%s\n", web.c_str());
  std::printf("%s, %s, %s: all fine\n", Counted(active.set.rules.size(), "rule").c_str(),
              Counted(active.set.metrics.size(), "metric").c_str(),
              Counted(examples, "example").c_str());
  return kExitDone;
}

}  // namespace parshall::app
