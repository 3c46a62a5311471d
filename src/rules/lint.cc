#include "rules/lint.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/quoted.h"
#include "rules/faults.h"

namespace parshall::rules {
namespace {

// The fields that a rule can give. One that reads JSON events can give any: `open`.
struct Supply {
  const RuleSpec* rule = nullptr;
  bool open = false;
  std::unordered_set<std::string> groups;  // named in the pattern
  std::unordered_set<std::string> fields;  // as the record and the metrics know them

  std::unordered_set<std::string> gone;    // renamed or removed by its transforms

  bool Has(const std::string& field) const {
    return fields.contains(field) || (open && !gone.contains(field));
  }
  void Give(const std::string& field) {
    fields.insert(field);
    gone.erase(field);
  }
};

// What a transform does to the names.
void Apply(const TransformSpec& transform, Supply* supply) {
  for (const NamedText& name : transform.fields) {
    if (transform.kind == TransformKind::kRename || transform.kind == TransformKind::kRemove) {
      supply->fields.erase(name.name);
      supply->gone.insert(name.name);
    }
    if (transform.kind == TransformKind::kRename) supply->Give(name.text);
    if (transform.kind == TransformKind::kAdd) supply->Give(name.name);
  }
  for (const std::string* name : {&transform.family_as, &transform.major_as, &transform.os_as,
                                  &transform.device_as}) {
    if (!name->empty()) supply->Give(*name);
  }
  if (transform.kind != TransformKind::kSplit) return;
  for (const std::string* name : {&transform.host_as, &transform.path_as, &transform.query_as}) {
    if (!name->empty()) supply->Give(*name);
  }
  for (const NamedText& param : transform.params) supply->Give(param.text);
}

Supply SupplyOf(const RuleSpec& rule) {
  Supply supply;
  supply.rule = &rule;
  supply.open = rule.kind != RuleKind::kPattern || !rule.from.empty();
  for (std::string& name : GroupNames(rule.pattern)) supply.groups.insert(std::move(name));
  supply.fields = supply.groups;
  for (const FieldSpec& field : rule.fields) {
    if (!field.as.empty()) supply.fields.erase(field.name);
  }
  for (const FieldSpec& field : rule.fields) {
    if (!supply.open && !supply.groups.contains(field.name)) continue;
    if (!field.as.empty()) supply.fields.insert(field.as);
    if (field.type == FieldType::kHttpRequest) {
      supply.fields.insert({"method", "path", "protocol"});
    }
    if (!field.count_as.empty()) supply.fields.insert(field.count_as);
  }
  for (const TransformSpec& transform : rule.transforms) Apply(transform, &supply);
  return supply;
}

std::vector<std::string_view> Names(const std::unordered_set<std::string>& words) {
  std::vector<std::string_view> names(words.begin(), words.end());
  std::sort(names.begin(), names.end());
  return names;
}

void LintRule(const Supply& supply, Faults* warnings) {
  const RuleSpec& rule = *supply.rule;
  const std::string title = "rule " + Quoted(rule.name);
  if (rule.examples.empty()) {
    warnings->Add(rule.where, title + " has no examples, so nothing proves that it works");
  }
  for (const FieldSpec& field : rule.fields) {
    if (field.unit_given) continue;
    warnings->Add(field.where, title + ": field " + Quoted(field.name) +
                                   " is a duration without a unit, taken for seconds; write `unit: "
                                   "s` if it is, or ns, us, ms, m, h");
  }
  if (supply.open) return;
  for (const FieldSpec& field : rule.fields) {
    if (supply.groups.contains(field.name)) continue;
    warnings->Add(field.where, title + ": the pattern has no group " + Quoted(field.name) +
                                   " for this field" + Hint(field.name, Names(supply.groups)));
  }
  for (const std::string& field : rule.timestamp) {
    if (supply.Has(field)) continue;
    warnings->Add(rule.where, title + ": timestamp: there is no field " + Quoted(field) +
                                  Hint(field, Names(supply.fields)));
  }
}

// A rule that takes every JSON event leaves none to the rules behind it. Fallback rules stand
// behind all others.
void LintOrder(const RuleSet& set, Faults* warnings) {
  const RuleSpec* greedy = nullptr;
  for (const bool fallback : {false, true}) {
    for (const RuleSpec& rule : set.rules) {
      if (rule.fallback != fallback) continue;
      const bool json = rule.kind == RuleKind::kJson || !rule.from.empty();
      if (json && greedy != nullptr) {
        warnings->Add(rule.where,
                      "rule " + Quoted(rule.name) + " is never tried: " + Quoted(greedy->name) +
                          " in " + greedy->where.ToString() + " takes every JSON event before it");
      }
      if (greedy == nullptr && rule.kind == RuleKind::kJson && rule.when.empty()) greedy = &rule;
    }
  }
}

// The rules whose records a metric looks at.
std::vector<const Supply*> Feeders(const MetricSpec& metric, const std::vector<Supply>& supplies) {
  std::vector<const Supply*> feeders;
  for (const Supply& supply : supplies) {
    const RuleSpec& rule = *supply.rule;
    const bool named = metric.rules.empty() || std::find(metric.rules.begin(), metric.rules.end(),
                                                         rule.name) != metric.rules.end();
    if (named && !rule.drop && (!metric.event || *metric.event == rule.event)) {
      feeders.push_back(&supply);
    }
  }
  return feeders;
}

void LintMetric(const MetricSpec& metric, const std::vector<Supply>& supplies, Faults* warnings) {
  const std::string title = "metric " + Quoted(metric.name);
  const std::vector<const Supply*> named = Feeders(metric, supplies);
  if (named.empty()) {
    warnings->Add(metric.where, title +
                                    " is never fed: no rule that keeps its lines gives records "
                                    "of its event and rules");
    return;
  }
  std::vector<std::string> needed;
  if (!metric.value.empty()) needed.push_back(metric.value);
  for (const Condition& condition : metric.when) needed.push_back(condition.field);
  std::vector<const Supply*> feeders;
  std::string missing;
  for (const Supply* supply : named) {
    const auto lacking = std::find_if(needed.begin(), needed.end(), [&](const std::string& field) {
      return !supply->Has(field);
    });
    if (lacking == needed.end()) {
      feeders.push_back(supply);
    } else if (missing.empty()) {
      missing = Quoted(*lacking) + Hint(*lacking, Names(supply->fields));
    }
  }
  if (feeders.empty()) {
    warnings->Add(metric.where, title + " is never fed: no rule gives the field " + missing);
    return;
  }
  for (const LabelSpec& label : metric.labels) {
    if (label.field.empty()) continue;
    const bool given = std::any_of(feeders.begin(), feeders.end(),
                                   [&](const Supply* supply) { return supply->Has(label.field); });
    if (given) continue;
    warnings->Add(label.where, title + ": label " + Quoted(label.name) + " is always " +
                                   Quoted(label.other) + ": no rule gives the field " +
                                   Quoted(label.field) +
                                   Hint(label.field, Names(feeders.front()->fields)));
  }
}

}  // namespace

std::vector<std::string> GroupNames(std::string_view pattern) {
  std::vector<std::string> names;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
      continue;
    }
    if (in_class) {
      // [[:alpha:]] has a bracket inside.
      if (pattern.substr(i).starts_with("[:")) {
        const size_t end = pattern.find(":]", i + 2);
        if (end != std::string_view::npos) i = end + 1;
      } else if (pattern[i] == ']') {
        in_class = false;
      }
      continue;
    }
    if (pattern[i] == '[') {
      in_class = true;
      if (pattern.substr(i + 1).starts_with('^')) ++i;
      if (pattern.substr(i + 1).starts_with(']')) ++i;  // a first ] is a member
      continue;
    }
    const std::string_view rest = pattern.substr(i);
    const size_t opener = rest.starts_with("(?P<") ? 4 : rest.starts_with("(?<") ? 3 : 0;
    if (opener == 0 || rest.size() == opener || rest[opener] == '=' || rest[opener] == '!') {
      continue;
    }
    const size_t end = rest.find('>');
    if (end != std::string_view::npos) names.emplace_back(rest.substr(opener, end - opener));
  }
  return names;
}

std::vector<Error> Lint(const RuleSet& set) {
  Faults warnings;
  std::vector<Supply> supplies;
  supplies.reserve(set.rules.size());
  for (const RuleSpec& rule : set.rules) {
    supplies.push_back(SupplyOf(rule));
    LintRule(supplies.back(), &warnings);
  }
  LintOrder(set, &warnings);
  for (const MetricSpec& metric : set.metrics) LintMetric(metric, supplies, &warnings);
  return warnings.Take();
}

}  // namespace parshall::rules
