#pragma once
// Line after line explained as a run would see them, for `explain` and POST /api/v1/explain: what
// became of each, and the JSON that says so.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/label_trace.h"
#include "app/rule_trial.h"
#include "app/transform_trace.h"
#include "lines/continuation.h"
#include "metrics/layout.h"
#include "rules/rule.h"

namespace parshall::app {

// One thread.
class ExplainSession {
 public:
  // `set` is that of the program and outlives this. What the metrics would do is tried on `store`,
  // which should be nobody else's.
  ExplainSession(const rules::RuleSet& set, std::shared_ptr<const records::RuleProgram> program,
                 std::shared_ptr<metrics::Store> store, sinks::Schema schema)
      : set_(set),
        wanted_fields_(metrics::WantedFields(set)),
        trial_(std::move(program), std::move(store), schema) {}

  struct Explained {
    bool joined = false;    // it belongs to the event before it; then there is no outcome
    std::string joined_to;  // the rule of that event
    RuleTrial::Outcome outcome;
    std::vector<TransformStep> steps;  // how the record came to be
    std::vector<LabelChange> labels;   // and its labels
  };
  Explained Explain(const std::string& line);

 private:
  const rules::RuleSet& set_;
  const std::vector<std::string> wanted_fields_;
  RuleTrial trial_;
  lines::Continuation continuation_;
  std::string open_rule_;
};

// As docs/API.md has it.
nlohmann::ordered_json ExplainedJson(const std::string& line,
                                     const ExplainSession::Explained& explained);

// One line of valid UTF-8, whatever is in it.
std::string JsonText(const nlohmann::ordered_json& json);

}  // namespace parshall::app
