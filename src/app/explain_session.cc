#include "app/explain_session.h"

#include <nlohmann/json.hpp>

namespace parshall::app {

using nlohmann::ordered_json;

ExplainSession::Explained ExplainSession::Explain(const std::string& line) {
  Explained explained;
  explained.outcome = trial_.Run(line, true);
  const std::string& name = explained.outcome.rule_name;
  if (name.empty() && continuation_.open() && continuation_.Belongs(line)) {
    return {.joined = true, .joined_to = open_rule_, .outcome = {}};
  }
  continuation_.Close();
  for (const rules::RuleSpec& rule : set_.rules) {
    if (rule.name != name || !rule.multiline) continue;
    continuation_.Open(line);
    open_rule_ = rule.name;
  }
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
    json["fields"].push_back({{"name", field.name},
                              {"type", field.type},
                              {"text", field.text},
                              {"in_record", field.in_record}});
  }
  json["record"] = outcome.record_json.empty()
                       ? ordered_json()
                       : ordered_json::parse(outcome.record_json, nullptr, false);
  json["metrics"] = outcome.metrics;
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
