#include "rules/lint.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/quoted.h"
#include "rules/faults.h"
#include "rules/group_text.h"
#include "rules/supply.h"

namespace parshall::rules {
namespace {

std::vector<std::string_view> Names(const std::unordered_set<std::string>& words) {
  std::vector<std::string_view> names(words.begin(), words.end());
  std::sort(names.begin(), names.end());
  return names;
}

// Where a rule's field is used by metrics or by the rule itself, other than by being written.
class Uses {
 public:
  explicit Uses(const RuleSet& set) {
    for (const MetricSpec& metric : set.metrics) {
      AddAll(metric.when);
      for (const LabelSpec& label : metric.labels) fields_.insert(label.field);
      fields_.insert({metric.value, metric.exemplar});
      if (metric.remove) AddAll(metric.remove->when);
    }
    // A rule takes over the fields of another: what the one does not need, the other may.
    for (const RuleSpec& rule : set.rules) extended_.insert(rule.extends);
  }

  bool InMetrics(const std::string& field) const { return fields_.contains(field); }
  bool Extended(const RuleSpec& rule) const { return extended_.contains(rule.name); }

  // `when:`, `timestamp:`, `sample:` and the steps before `end`; a removal is no use.
  static bool InRule(const RuleSpec& rule, const std::string& field, size_t end) {
    const auto named = [&field](const auto& item) { return item.field == field; };
    if (std::any_of(rule.when.begin(), rule.when.end(), named)) return true;
    if (std::count(rule.timestamp.begin(), rule.timestamp.end(), field) > 0) return true;
    if (rule.sample && rule.sample->by == field) return true;
    for (size_t i = 0; i < end; ++i) {
      const TransformSpec& step = rule.transforms[i];
      if (std::any_of(step.tests.begin(), step.tests.end(), named)) return true;
      if (step.kind == TransformKind::kRemove) continue;
      for (const NamedText& name : step.fields) {
        if (name.name == field) return true;
      }
    }
    return false;
  }

 private:
  void AddAll(const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) fields_.insert(condition.field);
  }
  std::unordered_set<std::string> fields_;
  std::unordered_set<std::string> extended_;
};

// Whether a field of this type is the @timestamp when the rule says nothing else.
bool IsImpliedTime(const RuleSpec& rule, const FieldSpec& field) {
  return rule.timestamp.empty() && field.type == FieldType::kTime;
}

// Fields that are in no record and that nothing else looks at.
void LintUses(const Supply& supply, const Uses& uses, Faults* warnings) {
  const RuleSpec& rule = *supply.rule;
  const std::string title = "rule " + Quoted(rule.name);
  // What a rule takes over from another it cannot leave out.
  if (rule.drop || uses.Extended(rule) || !rule.extends.empty()) return;
  for (const FieldSpec& field : rule.fields) {
    const std::string& name = field.as.empty() ? field.name : field.as;
    if (field.in_record || field.type == FieldType::kHttpRequest || IsImpliedTime(rule, field) ||
        uses.InMetrics(name) || Uses::InRule(rule, name, rule.transforms.size()) ||
        Uses::InRule(rule, field.name, rule.transforms.size())) {
      continue;
    }
    warnings->Add(field.where, title + ": field " + Quoted(name) +
                                   " is used nowhere: it is in no record (`record: false`), and no "
                                   "metric, condition or step looks at it; leave it out, or "
                                   "`record: false`");
  }
  // What the rule's own expression need not have taken.
  if (supply.open || rule.log_format) return;
  for (size_t i = 0; i < rule.transforms.size(); ++i) {
    if (rule.transforms[i].kind != TransformKind::kRemove) continue;
    for (const NamedText& name : rule.transforms[i].fields) {
      const auto spec = std::find_if(rule.fields.begin(), rule.fields.end(), [&](const auto& f) {
        return f.name == name.name || f.as == name.name;
      });
      const bool counts =
          spec != rule.fields.end() && (spec->type == FieldType::kHttpRequest ||
                                        IsImpliedTime(rule, *spec) || !spec->count_as.empty());
      if (!supply.groups.contains(name.name) || counts || Uses::InRule(rule, name.name, i)) {
        continue;
      }
      warnings->Add(name.where, title + ": field " + Quoted(name.name) +
                                    " is taken, removed here and used nowhere; write (?:…) in the "
                                    "pattern instead of (?P<" +
                                    name.name + ">…)");
    }
  }
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
    if (supply.logged.contains(field)) continue;
    warnings->Add(rule.where, title + ": timestamp: there is no field " + Quoted(field) +
                                  Hint(field, Names(supply.logged)));
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

// A label that shows whatever clients send has series without end, up to its limit.
void LintLabels(const MetricSpec& metric, const std::vector<const Supply*>& feeders,
                Faults* warnings) {
  for (const LabelSpec& label : metric.labels) {
    const bool bounded = !label.values.empty() || !label.match.empty() || label.path_template ||
                         label.limit < LabelSpec().limit;
    if (label.field.empty() || label.from_object || bounded) continue;
    const auto free = std::find_if(feeders.begin(), feeders.end(), [&](const Supply* supply) {
      return supply->IsFreeText(label.field);
    });
    if (free == feeders.end()) continue;
    const bool path = label.field == "path" || label.field.ends_with("_path") ||
                      label.field.ends_with("uri") || label.field.ends_with("url");
    warnings->Add(label.where, "metric " + Quoted(metric.name) + ": label " + Quoted(label.name) +
                                   " has no bound, and the rule " + Quoted((*free)->rule->name) +
                                   " fills it with free text (" + Quoted(label.field) +
                                   "); give it " + (path ? "`template: path`, " : "") +
                                   "`values:`, `match:` or a `limit:` below " +
                                   std::to_string(LabelSpec().limit));
  }
}

// A variable of nginx's, asked for by the name that it has in the format string, where the field
// has another. Empty: it is none, or no rule of those gives the field.
std::string ServerNameHint(const std::string& asked, const std::vector<const Supply*>& feeders) {
  struct Row {
    std::string_view variable;
    std::string_view field;
  };
  static constexpr Row kRows[] = {{"remote_addr", "host"},
                                  {"remote_user", "user"},
                                  {"time_local", "time"},
                                  {"request_method", "method"},
                                  {"request_uri", "path"},
                                  {"server_protocol", "protocol"},
                                  {"request_time", "duration"},
                                  {"body_bytes_sent", "size"},
                                  {"http_referer", "referer"},
                                  {"http_user_agent", "agent"},
                                  {"http_x_forwarded_for", "forwarded_for"}};
  for (const Row& row : kRows) {
    if (row.variable != asked) continue;
    const std::string field(row.field);
    const bool given = std::any_of(feeders.begin(), feeders.end(), [&](const Supply* supply) {
      return supply->rule->log_format && supply->Has(field);
    });
    if (given) return " ($" + asked + " is the field " + Quoted(field) + ")";
  }
  return {};
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
      const std::string hint = ServerNameHint(*lacking, named);
      missing = Quoted(*lacking) + (hint.empty() ? Hint(*lacking, Names(supply->fields)) : hint);
    }
  }
  if (feeders.empty()) {
    warnings->Add(metric.where, title + " is never fed: no rule gives the field " + missing);
    return;
  }
  for (const LabelSpec& label : metric.labels) {
    if (label.field.empty() || label.from_object) continue;
    const bool given = std::any_of(feeders.begin(), feeders.end(),
                                   [&](const Supply* supply) { return supply->Has(label.field); });
    if (given) continue;
    const std::string hint = ServerNameHint(label.field, feeders);
    warnings->Add(label.where,
                  title + ": label " + Quoted(label.name) + " is always " + Quoted(label.other) +
                      ": no rule gives the field " + Quoted(label.field) +
                      (hint.empty() ? Hint(label.field, Names(feeders.front()->fields)) : hint));
  }
  LintLabels(metric, feeders, warnings);
}

}  // namespace

std::vector<Error> Lint(const RuleSet& set) {
  Faults warnings;
  const Uses uses(set);
  std::vector<Supply> supplies;
  supplies.reserve(set.rules.size());
  for (const RuleSpec& rule : set.rules) {
    supplies.push_back(SupplyOf(rule));
    LintRule(supplies.back(), &warnings);
    LintUses(supplies.back(), uses, &warnings);
  }
  LintOrder(set, &warnings);
  for (const MetricSpec& metric : set.metrics) LintMetric(metric, supplies, &warnings);
  return warnings.Take();
}

}  // namespace parshall::rules
