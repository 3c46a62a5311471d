#include "rules/reader_series.h"

#include <algorithm>
#include <utility>

#include "base/quoted.h"
#include "base/units.h"
#include "rules/reader_rule.h"

namespace parshall::rules {
namespace {

constexpr double kTtlSecondsMost = 366.0 * 86400;

std::vector<std::string_view> FieldLabelNames(const MetricSpec& metric) {
  std::vector<std::string_view> names;
  for (const LabelSpec& label : metric.labels) {
    if (!label.field.empty() && !label.from_object) names.push_back(label.name);
  }
  return names;
}

const LabelSpec* FindFieldLabel(const MetricSpec& metric, std::string_view name) {
  for (const LabelSpec& label : metric.labels) {
    if (label.name == name && !label.field.empty() && !label.from_object) return &label;
  }
  return nullptr;
}

// Reads `init:`. Each item names values for labels; what it leaves out stands in the `values:` of
// the label. All combinations become label sets.
class InitReader {
 public:
  InitReader(Section* section, MetricSpec* metric) : section_(*section), metric_(*metric) {}

  void Read(const YamlNode& node) {
    metric_.init_where = PlaceOf(section_.file(), node);
    if (node.kind == YamlKind::kScalar && node.plain && node.text == "true") {
      return Combine(node, YamlNode());
    }
    if (node.kind != YamlKind::kList || node.items.empty()) {
      section_.Add(node, section_.title() +
                             ": init: must be `true` or a list of label sets, as in "
                             "[{method: GET, status: [200, 500]}]");
      return;
    }
    for (const YamlNode& item : node.items) {
      if (item.kind == YamlKind::kMapping) {
        Combine(item, item);
      } else {
        section_.Add(item, section_.title() + ": init: an item must be a mapping (label: value)" +
                               ", and this is " + std::string(KindName(item)));
      }
    }
  }

 private:
  // `given` may be empty: then all values come from the labels themselves.
  void Combine(const YamlNode& at, const YamlNode& given) {
    for (const YamlMember& member : given.members) {
      if (FindFieldLabel(metric_, member.key) != nullptr) continue;
      section_.Add(member.value,
                   section_.title() + ": init: there is no label from a field called " +
                       Quoted(member.key) + Hint(member.key, FieldLabelNames(metric_)));
      return;
    }
    std::vector<LabelSet> sets = {LabelSet()};
    for (const LabelSpec& label : metric_.labels) {
      if (label.field.empty() || label.from_object) continue;
      const std::vector<std::string> values = ValuesOf(at, given, label);
      if (values.empty()) return;
      if (sets.size() * values.size() + metric_.init.size() > kInitSetsMax) {
        section_.Add(at, section_.title() + ": init: more than " + std::to_string(kInitSetsMax) +
                             " label sets");
        return;
      }
      std::vector<LabelSet> longer;
      for (const LabelSet& set : sets) {
        for (const std::string& value : values) {
          longer.push_back(set);
          longer.back().emplace_back(label.name, value);
        }
      }
      sets = std::move(longer);
    }
    for (LabelSet& set : sets) {
      if (std::find(metric_.init.begin(), metric_.init.end(), set) != metric_.init.end()) continue;
      metric_.init.push_back(std::move(set));
    }
  }

  std::vector<std::string> ValuesOf(const YamlNode& at, const YamlNode& given,
                                    const LabelSpec& label) {
    const auto member = std::find_if(given.members.begin(), given.members.end(),
                                     [&](const YamlMember& m) { return m.key == label.name; });
    const std::string name = section_.title() + ": init: label " + Quoted(label.name);
    if (member == given.members.end()) {
      if (label.values.empty()) {
        section_.Add(at, name + " needs a value here, since it has no `values:`");
      }
      return label.values;
    }
    const bool list = member->value.kind == YamlKind::kList;
    const std::vector<YamlNode> one = {member->value};
    std::vector<std::string> values;
    for (const YamlNode& item : list ? member->value.items : one) {
      const std::optional<std::string> text =
          section_.TextOf(item, "init: label " + Quoted(label.name), true);
      if (!text) return {};
      const bool allowed =
          label.values.empty() || *text == label.other ||
          std::find(label.values.begin(), label.values.end(), *text) != label.values.end();
      if (!allowed) {
        const std::vector<std::string_view> known(label.values.begin(), label.values.end());
        section_.Add(item, name + " never has the value " + Quoted(*text) + Hint(*text, known));
        return {};
      }
      values.push_back(*text);
    }
    if (values.empty()) section_.Add(member->value, name + " has an empty list");
    if (values.size() > std::max<size_t>(label.limit, label.values.size())) {
      section_.Add(member->value,
                   name + " has more values than its limit of " + std::to_string(label.limit));
      return {};
    }
    return values;
  }

  Section& section_;
  MetricSpec& metric_;
};

void ReadTtl(Section* section, MetricSpec* metric) {
  const std::optional<std::string> text = section->Text("ttl");
  if (!text) return;
  double seconds = 0;
  if (ParseDuration(*text, &seconds) && seconds >= 1 && seconds <= kTtlSecondsMost) {
    metric->ttl_ms = static_cast<int64_t>(seconds * 1000);
    return;
  }
  section->Add("ttl", section->title() +
                          ": ttl: must be a duration from 1s to 366d like 90s, 5m or " +
                          "24h, and this is " + Quoted(*text));
}

void ReadDelete(Section* metric_section, MetricSpec* metric, Faults* faults) {
  const YamlNode* node = metric_section->Get("delete");
  if (node == nullptr) return;
  DeleteSpec spec;
  spec.where = PlaceOf(metric_section->file(), *node);
  Section section(metric_section->file(), *node, metric_section->title() + ": delete", faults);
  if (node->kind != YamlKind::kMapping) return;
  spec.event = ReadEvent(&section);
  spec.rules = section.Texts("rules").value_or(std::vector<std::string>());
  spec.when = ReadConditions(&section);
  if (!section.Has("rules") && !section.Has("when")) {
    section.Add(*node, section.title() +
                           " needs `when:` or `rules:`; else every record would delete series");
  }
  const std::vector<std::string_view> known = FieldLabelNames(*metric);
  if (const auto labels = section.Texts("labels")) {
    for (const std::string& label : *labels) {
      if (FindFieldLabel(*metric, label) == nullptr) {
        section.Add("labels", section.title() + ": there is no label from a field called " +
                                  Quoted(label) + Hint(label, known));
      }
    }
    spec.labels = *labels;
  } else {
    spec.labels.assign(known.begin(), known.end());
  }
  if (known.empty()) {
    section.Add(*node, section.title() + ": the metric has no label from a field, so there is " +
                           "nothing to tell its series apart by");
  }
  std::sort(spec.labels.begin(), spec.labels.end());
  section.Finish();
  metric->remove = std::move(spec);
}

bool SameConditions(const std::vector<Condition>& a, const std::vector<Condition>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.field == y.field && x.values == y.values;
  });
}

}  // namespace

void ReadSeries(Section* section, MetricSpec* metric, Faults* faults) {
  ReadTtl(section, metric);
  ReadDelete(section, metric, faults);
  const YamlNode* init = section->Get("init");
  if (init == nullptr) return;
  const bool starts_at_0 = metric->kind == MetricKind::kCounter ||
                           metric->kind == MetricKind::kHistogram ||
                           metric->kind == MetricKind::kSummary;
  if (!starts_at_0) {
    section->Add(*init, section->title() +
                            ": init: is for counters, histograms and summaries, whose first "
                            "value is 0");
  } else if (!metric->labels.empty() && metric->labels.front().name_part) {
    section->Add(*init, section->title() +
                            ": init: a metric whose name comes with the records is not there from "
                            "the start");
  } else if (metric->ttl_ms > 0 || metric->remove) {
    section->Add(*init, section->title() +
                            ": init: series that are there from the start do not go; it cannot "
                            "stand beside ttl: or delete:");
  } else {
    InitReader(section, metric).Read(*init);
  }
}

bool SameDelete(const MetricSpec& a, const MetricSpec& b) {
  if (!a.remove || !b.remove) return !a.remove && !b.remove;
  return a.remove->event == b.remove->event && a.remove->rules == b.remove->rules &&
         a.remove->labels == b.remove->labels && SameConditions(a.remove->when, b.remove->when);
}

}  // namespace parshall::rules
