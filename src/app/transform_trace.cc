#include "app/transform_trace.h"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/rule_trial.h"
#include "metrics/store.h"
#include "records/compile.h"

namespace parshall::app {
namespace {

std::string_view WordOf(rules::TransformKind kind) {
  switch (kind) {
    case rules::TransformKind::kKeep:
      return "keep";
    case rules::TransformKind::kDrop:
      return "drop";
    case rules::TransformKind::kRename:
      return "rename";
    case rules::TransformKind::kRemove:
      return "remove";
    case rules::TransformKind::kAdd:
      return "add";
    case rules::TransformKind::kRedact:
      return "redact";
    case rules::TransformKind::kSplit:
      return "split";
    case rules::TransformKind::kUserAgent:
      return "user_agent";
  }
  return "";
}

using Fields = std::vector<std::pair<std::string, std::string>>;  // name and JSON text, in order

// The record's keys, and the fields that only metrics see.
Fields FieldsOf(const RuleTrial::Outcome& outcome) {
  Fields fields;
  const auto record = nlohmann::ordered_json::parse(outcome.record_json, nullptr, false);
  for (const auto& [key, value] : record.items()) {
    // The time of reading stands in for one that is missing, and is another each time.
    if (key == "@timestamp") continue;
    fields.emplace_back(key, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  for (const RuleTrial::Field& field : outcome.fields) {
    if (field.in_record || field.type == "absent") continue;
    fields.emplace_back(field.name,
                        field.type == "null"
                            ? std::string("null")
                            : nlohmann::json(field.text)
                                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return fields;
}

const std::string* Find(const Fields& fields, const std::string& name) {
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&name](const auto& field) { return field.first == name; });
  return at == fields.end() ? nullptr : &at->second;
}

std::vector<TransformChange> Difference(const Fields& before, const Fields& after) {
  std::vector<TransformChange> changes;
  for (const auto& [name, text] : before) {
    const std::string* const now = Find(after, name);
    if (now == nullptr) {
      changes.push_back({name, text, std::nullopt});
    } else if (*now != text) {
      changes.push_back({name, text, *now});
    }
  }
  for (const auto& [name, text] : after) {
    if (Find(before, name) == nullptr) changes.push_back({name, std::nullopt, text});
  }
  return changes;
}

// The line through the rule with its first transforms; nothing if it cannot be compiled so.
std::optional<RuleTrial::Outcome> RunWith(rules::RuleSpec rule, size_t transforms,
                                          const std::vector<std::string>& wanted_fields,
                                          const std::string& line) {
  rule.transforms.resize(transforms);
  rule.sample.reset();  // may go by a field that a later step makes
  rules::RuleSet set;
  set.rules.push_back(std::move(rule));
  records::CompileOutcome compiled = records::CompileRules(set, wanted_fields);
  auto store = metrics::Store::Create(set);
  if (compiled.program == nullptr || !store.ok()) return std::nullopt;
  return RuleTrial(std::move(compiled.program), std::move(*store)).Run(line);
}

}  // namespace

std::vector<TransformStep> TraceTransforms(const rules::RuleSet& set, std::string_view rule_name,
                                           const std::vector<std::string>& wanted_fields,
                                           const std::string& line) {
  std::vector<TransformStep> steps;
  const auto rule =
      std::find_if(set.rules.begin(), set.rules.end(),
                   [rule_name](const rules::RuleSpec& one) { return one.name == rule_name; });
  if (rule == set.rules.end() || rule->transforms.empty()) return steps;
  std::optional<RuleTrial::Outcome> outcome = RunWith(*rule, 0, wanted_fields, line);
  if (!outcome) return steps;
  Fields before = FieldsOf(*outcome);
  for (size_t n = 0; n < rule->transforms.size(); ++n) {
    outcome = RunWith(*rule, n + 1, wanted_fields, line);
    if (!outcome) return steps;
    TransformStep& step = steps.emplace_back();
    step.word = WordOf(rule->transforms[n].kind);
    step.where = rule->transforms[n].where.ToString();
    step.drop_reason = outcome->drop_reason;
    if (!step.drop_reason.empty()) return steps;
    Fields after = FieldsOf(*outcome);
    step.changes = Difference(before, after);
    before = std::move(after);
  }
  return steps;
}

}  // namespace parshall::app
