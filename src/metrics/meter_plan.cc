// Of the meter: which metrics take part in the records of which rule, and where in a record their
// labels and values stand. Worked out once.

#include <algorithm>
#include <bit>
#include <span>

#include "metrics/meter.h"

namespace parshall::metrics {
namespace {

uint32_t SlotOf(const RuleFields& rule, std::string_view field, uint32_t none) {
  for (uint32_t i = 0; i < rule.fields.size(); ++i) {
    if (rule.fields[i].name == field) return i;
  }
  return none;
}

// `selector`: a Group or a DeleteSpec.
template <typename Selector>
bool TakesPart(const Selector& selector, const RuleFields& rule) {
  if (selector.event && *selector.event != rule.event) return false;
  const std::vector<std::string>& names = selector.rules;
  return names.empty() || std::find(names.begin(), names.end(), rule.rule_name) != names.end();
}

}  // namespace

Meter::Meter(Store& store, Shard& shard, std::span<const RuleFields> rules)
    : store_(store), shard_(shard) {
  const Layout& layout = store.layout();
  for (uint32_t i = 0; i < layout.groups.size(); ++i) {
    const auto labels = static_cast<uint32_t>(layout.groups[i].field_labels.size());
    auto state = std::make_unique<GroupState>(GroupState{.group = i,
                                                         .space = layout.groups[i].space,
                                                         .tuples = TupleCache(2 * labels),
                                                         .long_texts = {}});
    const uint64_t seed = std::bit_cast<uintptr_t>(state.get()) * 0x9E3779B97F4A7C15ULL;
    state->long_texts.assign(labels, LongTextCache(seed));
    states_.push_back(std::move(state));
  }
  for (const RuleFields& rule : rules) {
    const auto first = static_cast<uint32_t>(plans_.size());
    for (uint32_t i = 0; i < layout.groups.size(); ++i) PlanGroup(i, rule);
    PlanRange range{
        .first = first, .last = static_cast<uint32_t>(plans_.size()), .delete_plans = {}};
    for (uint32_t i = 0; i < layout.groups.size(); ++i) PlanDelete(i, rule, &range);
    range.deletes = !range.delete_plans.empty();
    rules_.push_back(std::move(range));
  }
  for (Plan& plan : plans_) {
    plan.observations = observations_.data() + plan.observation_first;
    plan.observations_end = observations_.data() + plan.observation_last;
  }
  for (PlanRange& range : rules_) {
    range.begin = plans_.data() + range.first;
    range.end = plans_.data() + range.last;
  }
}

// False if the rule's records never have one of the fields.
bool Meter::PlanTests(std::span<const rules::Condition> conditions, const RuleFields& rule,
                      std::vector<Test>* tests) {
  for (const rules::Condition& condition : conditions) {
    const uint32_t slot = SlotOf(rule, condition.field, kNoSlot);
    if (slot == kNoSlot) return false;
    tests->push_back({.slot = slot, .values = condition.values});
  }
  return true;
}

void Meter::PlanDelete(uint32_t group_index, const RuleFields& rule, PlanRange* range) {
  const Layout& layout = store_.layout();
  const Group& group = layout.groups[group_index];
  if (!group.remove || !TakesPart(*group.remove, rule)) return;
  std::vector<Test> tests;
  if (!PlanTests(group.remove->when, rule, &tests)) return;
  DeletePlan plan{.group = group_index, .space = group.space, .label_slots = {}};
  for (const uint32_t label : layout.spaces[group.space].delete_labels) {
    plan.label_slots.push_back(SlotOf(rule, group.labels[label].field, kNoSlot));
    if (plan.label_slots.back() == kNoSlot) return;
  }
  plan.test_first = static_cast<uint32_t>(tests_.size());
  tests_.insert(tests_.end(), tests.begin(), tests.end());
  plan.test_last = static_cast<uint32_t>(tests_.size());
  range->delete_plans.push_back(std::move(plan));
}

void Meter::PlanGroup(uint32_t group_index, const RuleFields& rule) {
  const Layout& layout = store_.layout();
  const Group& group = layout.groups[group_index];
  if (!TakesPart(group, rule)) return;
  std::vector<Test> tests;
  if (!PlanTests(group.when, rule, &tests)) return;
  Plan plan;
  plan.mortal = layout.spaces[group.space].mortal();
  plan.changes = layout.spaces[group.space].changes();
  plan.state = states_[group_index].get();
  plan.block_cells = layout.spaces[group.space].block_cells;
  plan.cells = &shard_.spaces_[group.space];
  plan.observation_first = static_cast<uint32_t>(observations_.size());
  for (const Step& step : group.steps) {
    Observation observation;
    if (!step.value_field.empty()) {
      observation.value_slot = SlotOf(rule, step.value_field, kNoSlot);
      if (observation.value_slot == kNoSlot) continue;
    } else {
      plan.always = true;
    }
    const Family& family = layout.families[step.family];
    observation.cell_first = family.cell_first;
    observation.family = step.family;
    observation.kind = family.cell_kind;
    observation.buckets = &family.buckets;
    observation.sum_cell = family.cell_first + family.buckets.count();
    observation.states = &family.states;
    observation.sketch = family.sketch.has_value();
    plan.sketches = plan.sketches || observation.sketch;
    if (!step.exemplar_field.empty()) {
      observation.exemplar_slot = SlotOf(rule, step.exemplar_field, kNoSlot);
      observation.exemplar_label = &step.exemplar_label;
      plan.exemplars = plan.exemplars || observation.exemplar_slot != kNoSlot;
    }
    observations_.push_back(observation);
  }
  plan.observation_last = static_cast<uint32_t>(observations_.size());
  plan.touches = plan.mortal || plan.exemplars || plan.sketches;
  if (plan.observation_first == plan.observation_last) return;
  plan.label_first = static_cast<uint32_t>(label_slots_.size());
  plan.label_count = static_cast<uint32_t>(group.field_labels.size());
  for (const uint32_t label : group.field_labels) {
    const rules::LabelSpec& spec = group.labels[label];
    label_slots_.push_back(spec.from_object ? kObjectSlot : SlotOf(rule, spec.field, kNoSlot));
  }
  plan.test_first = static_cast<uint32_t>(tests_.size());
  tests_.insert(tests_.end(), tests.begin(), tests.end());
  plan.test_last = static_cast<uint32_t>(tests_.size());
  const std::span<const uint32_t> slots = std::span(label_slots_).subspan(plan.label_first);
  plan.quick = tests.empty() && plan.always && !plan.changes && !plan.touches && !slots.empty() &&
               slots.size() <= RecentTuples::kLabelsMax &&
               std::all_of(slots.begin(), slots.end(), [](uint32_t s) { return s < kObjectSlot; });
  for (size_t n = 0; plan.quick && n < plan.label_at.size(); ++n) {
    plan.label_at[n] =
        slots[n < slots.size() ? n : 0] * static_cast<uint32_t>(sizeof(records::Value));
  }
  plans_.push_back(plan);
}

}  // namespace parshall::metrics
