#include "metrics/layout.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

bool SameLabel(const rules::LabelSpec& a, const rules::LabelSpec& b) {
  return a.name == b.name && a.field == b.field && a.text == b.text && a.values == b.values &&
         a.match == b.match && a.other == b.other && a.limit == b.limit &&
         a.path_template == b.path_template && a.routes == b.routes && a.name_part == b.name_part && a.from_object == b.from_object;
}

bool HasOwnName(const std::vector<rules::LabelSpec>& labels) {
  return !labels.empty() && labels.front().name_part;
}

bool HasObject(const std::vector<rules::LabelSpec>& labels) {
  return !labels.empty() && labels.back().from_object;
}

bool SameCondition(const rules::Condition& a, const rules::Condition& b) {
  return a.field == b.field && a.values == b.values;
}

template <typename T, typename Same>
bool SameList(const std::vector<T>& a, const std::vector<T>& b, Same same) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

bool SameDelete(const std::optional<rules::DeleteSpec>& a,
                const std::optional<rules::DeleteSpec>& b) {
  if (!a || !b) return !a && !b;
  return a->event == b->event && a->rules == b->rules && a->labels == b->labels &&
         SameList(a->when, b->when, SameCondition);
}

bool Shares(const Group& group, const rules::MetricSpec& spec) {
  // Relabelling may ask for the metric's name, and what a label may be called depends on the kind.
  if (group.has_free_labels() || !spec.relabel.empty()) return false;
  return group.event == spec.event && group.rules == spec.rules && group.init == spec.init &&
         group.ttl_ms == spec.ttl_ms && SameDelete(group.remove, spec.remove) &&
         SameList(group.labels, spec.labels, SameLabel) &&
         SameList(group.when, spec.when, SameCondition);
}

Group MakeGroup(const rules::MetricSpec& spec) {
  Group group;
  group.labels = spec.labels;
  group.event = spec.event;
  group.rules = spec.rules;
  group.when = spec.when;
  group.init = spec.init;
  group.ttl_ms = spec.ttl_ms;
  group.remove = spec.remove;
  group.relabel = spec.relabel;
  for (size_t i = 0; i < group.labels.size(); ++i) {
    if (!group.labels[i].field.empty()) group.field_labels.push_back(static_cast<uint32_t>(i));
  }
  return group;
}

// What quantiles are taken from is finer than what a native histogram shows.
constexpr SketchShape kSummaryShape = {.schema = 7, .buckets_max = 1024, .zero_threshold = 0};

std::optional<SketchSpec> SketchOf(const rules::MetricSpec& spec) {
  if (spec.kind == rules::MetricKind::kSummary && !spec.summary.quantiles.empty()) {
    const uint32_t parts = spec.summary.age_buckets;
    return SketchSpec{
        .shape = kSummaryShape, .part_ms = spec.summary.max_age_ms / parts, .parts = parts};
  }
  if (!spec.native) return std::nullopt;
  return SketchSpec{.shape = {.schema = spec.native->schema,
                              .buckets_max = spec.native->buckets_max,
                              .zero_threshold = spec.native->zero_threshold}};
}

Family MakeFamily(const rules::MetricSpec& spec) {
  Family family;
  family.name = spec.name;
  family.help = spec.help;
  family.kind = spec.kind;
  family.cell_kind = CellKindOf(spec);
  family.states = spec.states;
  if (spec.kind == rules::MetricKind::kHistogram) family.buckets = Buckets(spec.buckets);
  family.sketch = SketchOf(spec);
  if (spec.kind == rules::MetricKind::kSummary) family.quantiles = spec.summary.quantiles;
  for (const rules::LabelSpec& label : spec.labels) {
    if (!label.from_object) family.label_names.push_back(label.name);
  }
  return family;
}

// While the layout grows, a group's number is its space; a family that two groups feed joins them.
class LayoutMaker {
 public:
  void Add(const rules::MetricSpec& spec) {
    const uint32_t group = GroupOf(spec);
    const auto [at, is_new] =
        families_.try_emplace(spec.name, static_cast<uint32_t>(layout_.families.size()));
    if (is_new) {
      layout_.families.push_back(MakeFamily(spec));
      layout_.families.back().space = layout_.groups[group].space;
    } else {
      Join(layout_.families[at->second].space, layout_.groups[group].space);
      Family& family = layout_.families[at->second];
      if (family.cell_kind == CellKind::kCount && CellKindOf(spec) == CellKind::kSum) {
        family.cell_kind = CellKind::kSum;
      }
      if (family.help.empty()) family.help = spec.help;
    }
    layout_.groups[group].steps.push_back({.family = at->second,
                                           .value_field = spec.value,
                                           .exemplar_field = spec.exemplar,
                                           .exemplar_label = spec.exemplar_label});
  }

  Layout Finish() {
    SortFamilies();
    NumberSpaces();
    for (const Group& group : layout_.groups) {
      DescribeNames(group);
      DescribeLives(group);
    }
    for (uint32_t i = 0; i < layout_.families.size(); ++i) {
      Family& family = layout_.families[i];
      Space& space = layout_.spaces[family.space];
      family.cell_count = CellCount(family.cell_kind, family.buckets.count());
      family.cell_first = space.block_cells;
      space.block_cells += family.cell_count;
      space.families.push_back(i);
    }
    return std::move(layout_);
  }

 private:
  uint32_t GroupOf(const rules::MetricSpec& spec) {
    for (uint32_t i = 0; i < layout_.groups.size(); ++i) {
      if (Shares(layout_.groups[i], spec)) return i;
    }
    layout_.groups.push_back(MakeGroup(spec));
    const uint32_t group = static_cast<uint32_t>(layout_.groups.size()) - 1;
    layout_.groups.back().space = group;
    return group;
  }

  void Join(uint32_t kept, uint32_t gone) {
    for (Group& group : layout_.groups) {
      if (group.space == gone) group.space = kept;
    }
    for (Family& family : layout_.families) {
      if (family.space == gone) family.space = kept;
    }
  }

  void SortFamilies() {
    std::vector<uint32_t> order(layout_.families.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return layout_.families[a].name < layout_.families[b].name;
    });
    std::vector<Family> sorted;
    std::vector<uint32_t> place(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.push_back(std::move(layout_.families[order[i]]));
    }
    layout_.families = std::move(sorted);
    for (Group& group : layout_.groups) {
      for (Step& step : group.steps) step.family = place[step.family];
    }
  }

  void NumberSpaces() {
    std::unordered_map<uint32_t, uint32_t> numbers;
    const auto number_of = [&](uint32_t old) {
      const auto [at, is_new] = numbers.try_emplace(old, static_cast<uint32_t>(numbers.size()));
      if (is_new) layout_.spaces.emplace_back();
      return at->second;
    };
    for (Group& group : layout_.groups) group.space = number_of(group.space);
    for (Family& family : layout_.families) family.space = number_of(family.space);
  }

  void DescribeNames(const Group& group) {
    const bool own_names = HasOwnName(group.labels);
    layout_.spaces[group.space].own_names = own_names;
    for (const Step& step : group.steps) {
      Family& family = layout_.families[step.family];
      family.own_names = own_names;
      family.relabelled = family.relabelled || !group.relabel.empty();
      family.from_object = family.from_object || HasObject(group.labels);
    }
  }

  // CheckMetrics has seen to it that the groups of a space agree.
  void DescribeLives(const Group& group) {
    Space& space = layout_.spaces[group.space];
    space.ttl_ms = group.ttl_ms;
    if (space.template_labels.empty()) {
      for (uint32_t i = 0; i < group.labels.size(); ++i) {
        if (group.labels[i].path_template) space.template_labels.push_back(i);
      }
    }
    if (!group.remove || !space.delete_labels.empty()) return;
    for (uint32_t i = 0; i < group.labels.size(); ++i) {
      const std::vector<std::string>& names = group.remove->labels;
      if (std::find(names.begin(), names.end(), group.labels[i].name) != names.end()) {
        space.delete_labels.push_back(i);
      }
    }
  }

  Layout layout_;
  std::unordered_map<std::string, uint32_t> families_;  // by name; index until SortFamilies()
};

}  // namespace

Layout MakeLayout(const rules::RuleSet& rules, const ConstantLabels& constants) {
  LayoutMaker maker;
  for (const rules::MetricSpec& spec : rules.metrics) maker.Add(spec);
  Layout layout = maker.Finish();
  std::string scratch;
  for (const auto& [name, value] : constants) {
    layout.constants.emplace_back(name, std::string(LabelValue(value, &scratch)));
  }
  return layout;
}

std::vector<std::string> WantedFields(const rules::RuleSet& rules) {
  std::vector<std::string> fields;
  const auto want = [&](const std::string& field) {
    if (!field.empty() && std::find(fields.begin(), fields.end(), field) == fields.end()) {
      fields.push_back(field);
    }
  };
  for (const rules::MetricSpec& metric : rules.metrics) {
    for (const rules::LabelSpec& label : metric.labels) {
      if (!label.from_object) want(label.field);
    }
    want(metric.value);
    want(metric.exemplar);
    for (const rules::Condition& condition : metric.when) want(condition.field);
    if (!metric.remove) continue;
    for (const rules::Condition& condition : metric.remove->when) want(condition.field);
  }
  return fields;
}

}  // namespace parshall::metrics
