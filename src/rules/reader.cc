#include "rules/reader.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/quoted.h"
#include "rules/faults.h"
#include "rules/reader_metric.h"
#include "rules/reader_rule.h"
#include "rules/section.h"

namespace parshall::rules {
namespace {

using DraftsByName = std::unordered_map<std::string, size_t>;

void ReadOneFile(const RuleFile& file, std::vector<RuleDraft>* drafts,
                 std::vector<MetricSpec>* metrics, Faults* faults) {
  YamlNode parsed;
  const YamlNode* root = file.tree ? &*file.tree : &parsed;
  if (!file.tree && !ReadYaml(file.name, file.text, &parsed, faults)) return;
  if (root->kind == YamlKind::kNull) {
    faults->Add(Where{file.name, 1, 1}, "the file is empty; it needs `rules:` or `metrics:`");
    return;
  }
  Section section(file.name, *root, "a rule file", faults);
  if (root->kind != YamlKind::kMapping) return;
  const auto list = [&](std::string_view key, size_t room, std::string_view what) {
    const YamlNode* node = section.Get(key);
    const std::vector<YamlNode>* items = nullptr;
    if (node == nullptr) return items;
    if (node->kind != YamlKind::kList) {
      section.Add(*node, std::string(key) + ": must be a list (- name: …), and this is " +
                             std::string(KindName(*node)));
    } else if (node->items.size() > room) {
      section.Add(*node, "more than " + std::string(what));
    } else {
      items = &node->items;
    }
    return items;
  };
  if (const auto* items = list("rules", kRulesMax - drafts->size(),
                               std::to_string(kRulesMax) + " rules in all files together")) {
    for (const YamlNode& item : *items) drafts->push_back(ReadRule(file.name, item, faults));
  }
  if (const auto* items = list("metrics", kMetricsMax - metrics->size(),
                               std::to_string(kMetricsMax) + " metrics in all files together")) {
    for (const YamlNode& item : *items) metrics->push_back(ReadMetric(file.name, item, faults));
  }
  section.Finish();
  if (root->members.empty()) {
    section.Add(*root, "the file is empty; it needs `rules:` or `metrics:`");
  }
}

std::vector<std::string_view> Names(const std::vector<RuleDraft>& drafts) {
  std::vector<std::string_view> names;
  for (const RuleDraft& draft : drafts) {
    if (!draft.spec.name.empty()) names.push_back(draft.spec.name);
  }
  return names;
}

DraftsByName IndexNames(const std::vector<RuleDraft>& drafts, Faults* faults) {
  DraftsByName index;
  for (size_t i = 0; i < drafts.size(); ++i) {
    const RuleSpec& rule = drafts[i].spec;
    if (rule.name.empty()) continue;
    const auto [first, fresh] = index.emplace(rule.name, i);
    if (fresh) continue;
    faults->Add(rule.where, "rule " + Quoted(rule.name) + " is already in " +
                                drafts[first->second].spec.where.ToString() +
                                "; names are unique over all files");
  }
  return index;
}

// Takes over what `rule` does not say itself: the form, and the fields that it does not name.
void Inherit(const RuleDraft& base, RuleDraft* draft) {
  RuleSpec& rule = draft->spec;
  if (!draft->has_form) {
    rule.kind = base.spec.kind;
    rule.pattern = base.spec.pattern;
    rule.pattern_where = base.spec.pattern_where;
    rule.log_format = base.spec.log_format;
  }
  std::vector<FieldSpec> fields = base.spec.fields;
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < fields.size(); ++i) places.emplace(fields[i].name, i);
  for (FieldSpec& field : rule.fields) {
    const auto place = places.find(field.name);
    if (place != places.end()) {
      fields[place->second] = std::move(field);
    } else {
      fields.push_back(std::move(field));
    }
  }
  rule.fields = std::move(fields);
}

// Follows `extends:` to rules that are whole, and completes the others on the way back.
// The stack is bounded by kRulesMax; there is no recursion.
void ResolveExtends(const DraftsByName& index, std::vector<RuleDraft>* drafts, Faults* faults) {
  enum class Progress : uint8_t { kUntouched, kOnTheWay, kWhole };
  std::vector<Progress> progress(drafts->size(), Progress::kUntouched);
  const std::vector<std::string_view> names = Names(*drafts);
  std::vector<std::string> all_names(names.begin(), names.end());  // fields move, names stay
  for (size_t start = 0; start < drafts->size(); ++start) {
    std::vector<size_t> way;
    size_t at = start;
    while (progress[at] == Progress::kUntouched) {
      progress[at] = Progress::kOnTheWay;
      way.push_back(at);
      const RuleDraft& draft = (*drafts)[at];
      if (draft.spec.extends.empty()) break;
      const auto base = index.find(draft.spec.extends);
      if (base == index.end()) {
        std::vector<std::string_view> others(all_names.begin(), all_names.end());
        std::erase(others, std::string_view(draft.spec.name));
        faults->Add(draft.extends_where,
                    "rule " + Quoted(draft.spec.name) + " extends " + Quoted(draft.spec.extends) +
                        ", and there is no such rule" + Hint(draft.spec.extends, others));
        break;
      }
      if (progress[base->second] == Progress::kOnTheWay) {
        faults->Add(
            draft.extends_where,
            "rule " + Quoted(draft.spec.name) + " extends " + Quoted(draft.spec.extends) +
                (base->second == at ? ", which is itself"
                                    : ", which in the end extends " + Quoted(draft.spec.name)));
        break;
      }
      at = base->second;
    }
    // The last on the way is whole, or broken and reported; the one it rests on was whole before.
    for (; !way.empty(); way.pop_back()) {
      RuleDraft& draft = (*drafts)[way.back()];
      const auto base = index.find(draft.spec.extends);
      if (!draft.spec.extends.empty() && base != index.end() &&
          progress[base->second] == Progress::kWhole) {
        Inherit((*drafts)[base->second], &draft);
      }
      progress[way.back()] = Progress::kWhole;
    }
  }
}

// What can only be said of a rule when it is whole.
void CheckWhole(const RuleDraft& draft, Faults* faults) {
  const RuleSpec& rule = draft.spec;
  const std::string title = "rule " + Quoted(rule.name);
  if (rule.fields.size() > kFieldsMax) {
    faults->Add(rule.where, title + ": more than " + std::to_string(kFieldsMax) +
                                " fields with those it takes over");
  }
  if (!rule.from.empty() && rule.kind != RuleKind::kPattern && !rule.extends.empty() &&
      !draft.has_form) {
    faults->Add(rule.where, title + " has `from:`, but the rule it extends has no pattern");
  }
  std::unordered_map<std::string, const FieldSpec*> names;
  for (const FieldSpec& field : rule.fields) {
    const std::string& name = field.as.empty() ? field.name : field.as;
    const auto [first, fresh] = names.emplace(name, &field);
    // Several groups may feed one field, each from its own branch of the expression; its type stays
    // one.
    if (fresh || first->second->type == field.type) continue;
    faults->Add(field.where, title + ": the field " + Quoted(name) + " has another type in " +
                                 first->second->where.ToString());
  }
}

void CheckRuleNames(const std::vector<MetricSpec>& metrics, const DraftsByName& index,
                    const std::vector<RuleDraft>& drafts, Faults* faults) {
  const auto check = [&](const std::vector<std::string>& rules, const Where& where,
                         const std::string& title) {
    for (const std::string& rule : rules) {
      if (index.contains(rule)) continue;
      faults->Add(where,
                  title + ": rules: there is no rule " + Quoted(rule) + Hint(rule, Names(drafts)));
    }
  };
  for (const MetricSpec& metric : metrics) {
    const std::string title = "metric " + Quoted(metric.name);
    check(metric.rules, metric.where, title);
    if (metric.remove) check(metric.remove->rules, metric.remove->where, title + ": delete");
  }
}

}  // namespace

ReadOutcome ReadRules(const std::vector<RuleFile>& files, Vocabulary* vocabulary) {
  ReadOutcome outcome;
  Faults faults(vocabulary);
  std::vector<RuleDraft> drafts;
  for (const RuleFile& file : files) {
    ReadOneFile(file, &drafts, &outcome.rules.metrics, &faults);
  }
  const DraftsByName index = IndexNames(drafts, &faults);
  ResolveExtends(index, &drafts, &faults);
  for (const RuleDraft& draft : drafts) CheckWhole(draft, &faults);
  CheckRuleNames(outcome.rules.metrics, index, drafts, &faults);
  CheckMetricNames(&outcome.rules.metrics, &faults);
  for (RuleDraft& draft : drafts) outcome.rules.rules.push_back(std::move(draft.spec));
  outcome.faults = faults.Take();
  return outcome;
}

}  // namespace parshall::rules
