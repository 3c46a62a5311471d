// parshall explain [LINE]: every rule tried and where it stopped, the fields, the record, the
// metric changes.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/label_trace.h"
#include "app/load_rules.h"
#include "app/rule_trial.h"
#include "app/settings.h"
#include "app/transform_trace.h"
#include "app/unmatched.h"
#include "base/quoted.h"
#include "lines/continuation.h"

namespace parshall::app {
namespace {

// The next line of standard input, without its end. What is longer than bytes_max is left out, so
// that a line without end does no harm. False: there is none.
bool ReadLine(uint64_t bytes_max, std::string* line) {
  line->clear();
  int c = std::getc(stdin);
  if (c == EOF) return false;
  for (; c != EOF && c != '\n'; c = std::getc(stdin)) {
    if (line->size() <= bytes_max) line->push_back(static_cast<char>(c));  // room for a '\r'
  }
  if (line->ends_with('\r')) line->pop_back();
  if (line->size() > bytes_max) line->resize(bytes_max);
  return true;
}

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

// What stands beside the trial: how the record and its labels came to be.
struct Story {
  std::vector<TransformStep> steps;
  std::vector<LabelChange> labels;
};

std::string StepText(const TransformStep& step) {
  if (!step.drop_reason.empty()) return "drops the record, reason " + step.drop_reason;
  if (step.changes.empty()) return "changes nothing";
  std::string text;
  for (const TransformChange& change : step.changes) {
    text += (text.empty() ? "" : "; ") + change.field + ": ";
    if (change.before) text += *change.before + " → ";
    text += change.after ? *change.after : "gone";
    if (!change.before) text += " (new)";
  }
  return text;
}

void PrintForPeople(const std::string& line, const RuleTrial::Outcome& outcome, const Story& story,
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
  if (outcome.nearest != RuleTrial::kNone) {
    const RuleTrial::Attempt& nearest = outcome.attempts[outcome.nearest];
    out += "nearest  " + nearest.rule + ": matched " + Quoted(outcome.nearest_prefix) + ", then " +
           nearest.why + "\n";
  }
  for (const TransformStep& step : story.steps) {
    out += "step     " + step.word + ": " + StepText(step) + "\n";
  }
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.type == "absent") continue;
    const bool text = field.type == "string";
    out += "field    " + field.name + " (" + field.type + ")";
    if (field.type != "null") out += " = " + (text ? Quoted(field.text) : field.text);
    if (!field.in_record) out += std::string(colours.faint) + "  for metrics only" + colours.off;
    out += "\n";
  }
  const std::string dropped = outcome.drop_reason.empty()
                                  ? "none: the rule drops the line"
                                  : "none: a transform drops it, reason " + outcome.drop_reason;
  out += "record   " + (outcome.record_json.empty() ? dropped : outcome.record_json) +
         (outcome.sampled_out ? "\nsample   not written: it is none of the sample" : "") + "\n";
  // Metrics mostly share their labels.
  std::vector<std::string> told;
  for (const LabelChange& change : story.labels) {
    const bool null = change.before == "null";
    std::string text = "label    " + change.label + ": " + change.field + " " +
                       (null ? change.before : Quoted(change.before)) + " → " +
                       Quoted(change.after) + " (" + change.why + ")\n";
    if (std::find(told.begin(), told.end(), text) != told.end()) continue;
    out += text;
    told.push_back(std::move(text));
  }
  for (const std::string& metric : outcome.metrics) out += "metric   " + metric + "\n";
  out += "cost     " + std::to_string(outcome.nanos) + " ns\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void PrintJson(const nlohmann::ordered_json& json) {
  const std::string text =
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

nlohmann::ordered_json StepsJson(const std::vector<TransformStep>& steps) {
  const auto value = [](const std::optional<std::string>& text) {
    return text ? nlohmann::ordered_json::parse(*text, nullptr, false) : nlohmann::ordered_json();
  };
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const TransformStep& step : steps) {
    nlohmann::ordered_json row{{"step", step.word}, {"where", step.where}};
    row["changes"] = nlohmann::ordered_json::array();
    for (const TransformChange& change : step.changes) {
      nlohmann::ordered_json one{{"field", change.field}};
      if (change.before) one["before"] = value(change.before);
      if (change.after) one["after"] = value(change.after);
      row["changes"].push_back(std::move(one));
    }
    if (!step.drop_reason.empty()) row["drop_reason"] = step.drop_reason;
    all.push_back(std::move(row));
  }
  return all;
}

void PrintForMachines(const std::string& line, const RuleTrial::Outcome& outcome,
                      const Story& story) {
  nlohmann::ordered_json json;
  json["line"] = line;
  json["outcome"] = outcome.outcome;
  json["joined"] = false;
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
  json["transforms"] = StepsJson(story.steps);
  json["metrics"] = outcome.metrics;
  json["labels"] = nlohmann::ordered_json::array();
  for (const LabelChange& change : story.labels) {
    json["labels"].push_back({{"metric", change.metric},
                              {"label", change.label},
                              {"field", change.field},
                              {"before", change.before},
                              {"after", change.after},
                              {"why", change.why}});
  }
  if (outcome.nearest != RuleTrial::kNone) {
    const RuleTrial::Attempt& nearest = outcome.attempts[outcome.nearest];
    json["nearest"] = {
        {"rule", nearest.rule}, {"prefix", outcome.nearest_prefix}, {"why", nearest.why}};
  }
  if (!outcome.drop_reason.empty()) json["drop_reason"] = outcome.drop_reason;
  json["sampled_out"] = outcome.sampled_out;
  json["nanos"] = outcome.nanos;
  PrintJson(json);
}

// Explains line after line, as a run would see them.
class Explainer {
 public:
  Explainer(const ActiveRules& active, bool json, sinks::Schema schema)
      : active_(active),
        trial_(active.program, active.store, schema),
        wanted_fields_(metrics::WantedFields(active.set)),
        json_(json),
        colours_(ColoursFor(STDOUT_FILENO)) {}

  void Explain(const std::string& line) {
    if (!first_ && !json_) std::fputc('\n', stdout);
    first_ = false;
    const RuleTrial::Outcome outcome = trial_.Run(line, true);
    if (outcome.rule_name.empty() && continuation_.open() && continuation_.Belongs(line)) {
      PrintJoined(line);
      return;
    }
    all_matched_ = all_matched_ && !outcome.rule_name.empty();
    continuation_.Close();
    for (const rules::RuleSpec& rule : active_.set.rules) {
      if (rule.name != outcome.rule_name || !rule.multiline) continue;
      continuation_.Open(line);
      open_rule_ = rule.name;
    }
    const Story story{
        .steps = TraceTransforms(active_.set, outcome.rule_name, wanted_fields_, line),
        .labels = TraceLabels(active_.set.metrics, outcome)};
    if (json_) {
      PrintForMachines(line, outcome, story);
    } else {
      PrintForPeople(line, outcome, story, colours_);
    }
  }

  bool all_matched() const { return all_matched_; }

 private:
  void PrintJoined(const std::string& line) {
    if (json_) {
      PrintJson({{"line", line}, {"outcome", "matched"}, {"joined", true}, {"rule", open_rule_}});
      return;
    }
    std::printf("line     %s\nrule     %s%s: belongs to the event before it%s\n",
                Quoted(line).c_str(), colours_.good, open_rule_.c_str(), colours_.off);
  }

  const ActiveRules& active_;
  RuleTrial trial_;
  const std::vector<std::string> wanted_fields_;
  const bool json_;
  const Colours colours_;
  lines::Continuation continuation_;
  std::string open_rule_;
  bool first_ = true;
  bool all_matched_ = true;
};

}  // namespace

int ExplainCommand(const Options& options, const rules::Config& config) {
  if (options.unmatched) {
    if (!options.paths.empty()) {
      PrintFaults({Fail("explain takes a LINE or --unmatched, not both")});
      return kExitWrong;
    }
    return ExplainUnmatched(options);
  }
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
  Explainer explainer(active, options.json, settings->schema);
  if (!options.paths.empty()) {
    explainer.Explain(options.paths[0]);
  } else {
    std::string line;
    while (ReadLine(settings->line_bytes_max, &line)) explainer.Explain(line);
  }
  return explainer.all_matched() ? kExitDone : kExitFailed;
}

}  // namespace parshall::app
