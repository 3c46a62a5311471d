#include "app/explain_session.h"

#include <nlohmann/json.hpp>

namespace parshall::app {

using nlohmann::ordered_json;

namespace {

ordered_json StepsJson(const std::vector<TransformStep>& steps) {
  const auto value = [](const std::optional<std::string>& text) {
    return text ? ordered_json::parse(*text, nullptr, false) : ordered_json();
  };
  ordered_json all = ordered_json::array();
  for (const TransformStep& step : steps) {
    ordered_json row{{"step", step.word}, {"where", step.where}};
    row["changes"] = ordered_json::array();
    for (const TransformChange& change : step.changes) {
      ordered_json one{{"field", change.field}};
      if (change.before) one["before"] = value(change.before);
      if (change.after) one["after"] = value(change.after);
      row["changes"].push_back(std::move(one));
    }
    if (!step.drop_reason.empty()) row["drop_reason"] = step.drop_reason;
    all.push_back(std::move(row));
  }
  return all;
}

}  // namespace

ExplainSession::Explained ExplainSession::Explain(const std::string& line) {
  Explained explained;
  explained.outcome = trial_.Run(line, true);
  const std::string& name = explained.outcome.rule_name;
  if (name.empty() && continuation_.open() && continuation_.Belongs(line)) {
    return {.joined = true, .joined_to = open_rule_, .outcome = {}, .steps = {}, .labels = {}};
  }
  continuation_.Close();
  for (const rules::RuleSpec& rule : set_.rules) {
    if (rule.name != name || !rule.multiline) continue;
    continuation_.Open(line);
    open_rule_ = rule.name;
  }
  explained.steps = TraceTransforms(set_, name, wanted_fields_, line);
  explained.labels = TraceLabels(set_.metrics, explained.outcome);
  return explained;
}

ordered_json ExplainedJson(const std::string& line, const ExplainSession::Explained& explained) {
  if (explained.joined) {
    return {
        {"line", line}, {"outcome", "matched"}, {"joined", true}, {"rule", explained.joined_to}};
  }
  const RuleTrial::Outcome& outcome = explained.outcome;
  ordered_json json;
  json["line"] = line;
  json["outcome"] = outcome.outcome;
  json["joined"] = false;
  json["rule"] = outcome.rule_name.empty() ? ordered_json() : ordered_json(outcome.rule_name);
  json["tried"] = ordered_json::array();
  for (const RuleTrial::Attempt& attempt : outcome.attempts) {
    ordered_json row{{"rule", attempt.rule}, {"matched", attempt.matched}};
    if (attempt.matched) {
      row["by_plan"] = attempt.by_plan;
    } else {
      row["why"] = attempt.why;
      row["matched_bytes"] = attempt.matched_bytes;
    }
    json["tried"].push_back(std::move(row));
  }
  json["fields"] = ordered_json::array();
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.type == "absent") continue;
    ordered_json row{{"name", field.name},
                     {"type", field.type},
                     {"text", field.text},
                     {"in_record", field.in_record}};
    if (!field.why.empty()) row["why"] = field.why;
    json["fields"].push_back(std::move(row));
  }
  json["record"] = outcome.record_json.empty()
                       ? ordered_json()
                       : ordered_json::parse(outcome.record_json, nullptr, false);
  json["transforms"] = StepsJson(explained.steps);
  json["metrics"] = outcome.metrics;
  json["refused"] = outcome.refused;
  json["labels"] = ordered_json::array();
  for (const LabelChange& change : explained.labels) {
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
  return json;
}

std::string JsonText(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace parshall::app
