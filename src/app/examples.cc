#include "app/examples.h"

#include <nlohmann/json.hpp>

#include "app/rule_trial.h"

namespace parshall::app {
namespace {

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

}  // namespace

size_t CheckExamples(const ActiveRules& active, std::vector<Error>* faults) {
  size_t examples = 0;
  RuleTrial trial(active.program, active.store);
  // A format of the command line stands before the builtin rules on purpose; what it takes from
  // them is no fault of theirs.
  const bool custom = !active.set.rules.empty() && active.set.rules[0].where.line == 0 &&
                      active.set.rules[0].log_format.has_value();
  for (const rules::RuleSpec& rule : active.set.rules) {
    if (custom && IsBuiltin(rule)) continue;
    for (const rules::Example& example : rule.examples) {
      ++examples;
      const RuleTrial::Outcome outcome = trial.Run(example.line);
      if (outcome.rule_name != rule.name) {
        const std::string instead =
            outcome.rule_name.empty()
                ? "no rule does"
                : "the rule \"" + outcome.rule_name +
                      "\" takes it first (put this rule before it, or make one of them stricter)";
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
      ++examples;
      if (trial.Matches(rule.name, line)) {
        faults->push_back(Fail(
            "the rule \"" + rule.name + "\" matches a line of its `not:` list: " + Shortened(line),
            rule.where.ToString()));
      }
    }
  }
  return examples;
}

}  // namespace parshall::app
