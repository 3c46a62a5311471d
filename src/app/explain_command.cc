// parshall explain [LINE]: every rule tried and where it stopped, the fields, the record, the
// metric changes.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/explain_session.h"
#include "app/load_rules.h"
#include "app/settings.h"
#include "app/unmatched.h"
#include "base/quoted.h"

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

void PrintForPeople(const std::string& line, const ExplainSession::Explained& explained,
                    const Colours& colours) {
  const RuleTrial::Outcome& outcome = explained.outcome;
  std::string out = "line     " + Quoted(line) + "\n";
  for (const auto& [name, text] : outcome.envelope)
    out += "wrapping " + name + " = " + Quoted(text) + "\n";
  const std::string rejected =
      outcome.outcome == "rejected" ? ", rejected: a value is not of its type" : "";
  for (const RuleTrial::Attempt& attempt : outcome.attempts) {
    if (attempt.matched) {
      out += std::string("rule     ") + colours.good + attempt.rule + ": matched" + colours.off +
             (attempt.by_plan ? " (by its plan)" : "") + rejected + "\n";
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
  for (const TransformStep& step : explained.steps) {
    out += "step     " + step.word + ": " + StepText(step) + "\n";
  }
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.type == "absent") continue;
    const bool text = field.type == "string";
    out += "field    " + field.name + " (" + field.type + ")";
    if (field.type != "null") out += " = " + (text ? Quoted(field.text) : field.text);
    if (!field.why.empty()) out += std::string(": ") + colours.bad + field.why + colours.off;
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
  for (const LabelChange& change : explained.labels) {
    const bool null = change.before == "null";
    std::string text = "label    " + change.label + ": " + change.field + " " +
                       (null ? change.before : Quoted(change.before)) + " → " +
                       Quoted(change.after) + " (" + change.why + ")\n";
    if (std::find(told.begin(), told.end(), text) != told.end()) continue;
    out += text;
    told.push_back(std::move(text));
  }
  for (const std::string& metric : outcome.metrics) out += "metric   " + metric + "\n";
  for (const std::string& metric : outcome.refused) out += "refused  " + metric + "\n";
  out += "cost     " + std::to_string(outcome.nanos) + " ns\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void PrintJson(const std::string& line, const ExplainSession::Explained& explained) {
  const std::string text = JsonText(ExplainedJson(line, explained));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// Explains line after line and prints what became of each.
class Explainer {
 public:
  Explainer(const ActiveRules& active, bool json, sinks::Schema schema)
      : session_(active.set, active.program, active.store, schema),
        json_(json),
        colours_(ColoursFor(STDOUT_FILENO)) {}

  void Explain(const std::string& line) {
    if (!first_ && !json_) std::fputc('\n', stdout);
    first_ = false;
    const ExplainSession::Explained explained = session_.Explain(line);
    all_matched_ = all_matched_ && (explained.joined || !explained.outcome.rule_name.empty());
    if (json_) {
      PrintJson(line, explained);
    } else if (explained.joined) {
      std::printf("line     %s\nrule     %s%s: belongs to the event before it%s\n",
                  Quoted(line).c_str(), colours_.good, explained.joined_to.c_str(), colours_.off);
    } else {
      PrintForPeople(line, explained, colours_);
    }
  }

  bool all_matched() const { return all_matched_; }

 private:
  ExplainSession session_;
  const bool json_;
  const Colours colours_;
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
