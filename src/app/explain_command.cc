// parshall explain [LINE]: every rule tried and where it stopped, the fields, the record, the
// metric changes.

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/load_rules.h"
#include "app/rule_trial.h"
#include "app/settings.h"
#include "base/quoted.h"

namespace parshall::app {
namespace {

// Escape sequences for a terminal, or nothing.
struct Colours {
  const char* good = "";
  const char* bad = "";
  const char* faint = "";
  const char* off = "";
};

Colours ColoursFor(int fd) {
  const char* term = std::getenv("TERM");
  if (::isatty(fd) == 0 || std::getenv("NO_COLOR") != nullptr ||
      (term != nullptr && std::string_view(term) == "dumb"))
    return {};
  return {.good = "\033[32m", .bad = "\033[31m", .faint = "\033[2m", .off = "\033[0m"};
}

void PrintForPeople(const std::string& line, const RuleTrial::Outcome& outcome,
                    const Colours& colours) {
  std::string out = "line     " + Quoted(line) + "\n";
  for (const auto& [name, text] : outcome.envelope)
    out += "wrapping " + name + " = " + Quoted(text) + "\n";
  for (const RuleTrial::Attempt& attempt : outcome.attempts) {
    if (attempt.matched) {
      out += std::string("rule     ") + colours.good + attempt.rule + ": matched" + colours.off +
             (attempt.by_plan ? " (by its plan)" : "") + "\n";
    } else {
      out += std::string("rule     ") + colours.faint + attempt.rule + ": no, " + attempt.why +
             colours.off + "\n";
    }
  }
  if (outcome.rule_name.empty())
    out += std::string(colours.bad) + "no rule matched" + colours.off + "\n";
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.type == "absent") continue;
    const bool text = field.type == "string";
    out += "field    " + field.name + " (" + field.type + ")";
    if (field.type != "null") out += " = " + (text ? Quoted(field.text) : field.text);
    if (!field.in_record) out += std::string(colours.faint) + "  for metrics only" + colours.off;
    out += "\n";
  }
  out += "record   " +
         (outcome.record_json.empty() ? "none: the rule drops the line" : outcome.record_json) +
         "\n";
  for (const std::string& metric : outcome.metrics) out += "metric   " + metric + "\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void PrintForMachines(const std::string& line, const RuleTrial::Outcome& outcome) {
  nlohmann::ordered_json json;
  json["line"] = line;
  json["outcome"] = outcome.outcome;
  json["rule"] = outcome.rule_name.empty() ? nlohmann::ordered_json()
                                           : nlohmann::ordered_json(outcome.rule_name);
  json["tried"] = nlohmann::ordered_json::array();
  for (const RuleTrial::Attempt& attempt : outcome.attempts) {
    nlohmann::ordered_json row{{"rule", attempt.rule}, {"matched", attempt.matched}};
    if (attempt.matched) {
      row["by_plan"] = attempt.by_plan;
    } else {
      row["why"] = attempt.why;
      row["matched_bytes"] = attempt.matched_bytes;
    }
    json["tried"].push_back(std::move(row));
  }
  json["fields"] = nlohmann::ordered_json::array();
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.type == "absent") continue;
    json["fields"].push_back({{"name", field.name},
                              {"type", field.type},
                              {"text", field.text},
                              {"in_record", field.in_record}});
  }
  json["record"] = outcome.record_json.empty()
                       ? nlohmann::ordered_json()
                       : nlohmann::ordered_json::parse(outcome.record_json, nullptr, false);
  json["metrics"] = outcome.metrics;
  const std::string text =
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

int ExplainCommand(const Options& options, const rules::Config& config) {
  const Result<Settings> settings = MergeSettings(options, config);
  if (!settings.ok()) {
    PrintFaults({settings.error()});
    return kExitWrong;
  }
  ActiveRules active = LoadRules(options, config);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  RuleTrial trial(active.program, active.store);
  const Colours colours = ColoursFor(STDOUT_FILENO);
  bool all_matched = true;
  bool first = true;
  const auto explain = [&](const std::string& line) {
    const RuleTrial::Outcome outcome = trial.Run(line);
    all_matched = all_matched && !outcome.rule_name.empty();
    if (options.json) {
      PrintForMachines(line, outcome);
    } else {
      if (!first) std::fputc('\n', stdout);
      PrintForPeople(line, outcome, colours);
    }
    first = false;
  };
  if (!options.paths.empty()) {
    explain(options.paths[0]);
  } else {
    std::string line;
    while (std::getline(std::cin, line)) {
      if (line.ends_with('\r')) line.pop_back();
      if (line.size() > settings->line_bytes_max) line.resize(settings->line_bytes_max);
      explain(line);
    }
  }
  return all_matched ? kExitDone : kExitFailed;
}

}  // namespace parshall::app
