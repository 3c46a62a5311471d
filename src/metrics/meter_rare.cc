// What the meter does seldom, or for few metrics: in a file of its own, so that it stays out of the
// loop over lines.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "metrics/meter.h"
#include "records/json_event.h"

namespace parshall::metrics {

using records::Record;
using records::Value;

// Series numbers were freed since this thread learned its own.
void Meter::Forget(const Plan& plan) {
  GroupState& state = *plan.state;
  if (state.epoch == plan.cells->epoch) return;
  state.epoch = plan.cells->epoch;
  state.tuples = TupleCache(2 * plan.label_count);
  const uint64_t seed = std::bit_cast<uintptr_t>(&state) * 0x9E3779B97F4A7C15ULL;
  state.long_texts.assign(plan.label_count, LongTextCache(seed));
  state.only_series = TupleCache::kAbsent;
}

// What the cells refuse is not kept here either: Observe() counts the refusal.
void Meter::KeepSketches(const Plan& plan, const Record& record, uint32_t series) {
  for (uint32_t k = plan.observation_first; k < plan.observation_last; ++k) {
    const Observation& observation = observations_[k];
    if (!observation.sketch) continue;
    const Value& value = record.values[observation.value_slot];
    if (!value.there() || value.kind == records::ValueKind::kString) continue;
    const double number = value.kind == records::ValueKind::kInt
                              ? static_cast<double>(value.integer)
                              : value.AsDouble();
    if (!std::isfinite(number)) continue;
    shard_.sketches_[observation.family].Add(series, number, shard_.now_ms_);
  }
}

void Meter::CountOverflow(const Plan& plan, const Record& record, LabelMask overflow) {
  if (++overflows_ % kOffenderEvery == 0) SampleOverflow(plan, record, overflow);
  std::vector<uint64_t>& counts = shard_.overflow_[plan.state->group];
  for (uint32_t label = 0; label < plan.label_count; ++label) {
    counts[label] += (overflow >> label) & 1U;
  }
}

bool Meter::CountRare(const Plan& plan, const Record& record, uint64_t series) {
  const auto mask = static_cast<LabelMask>(series >> 32);
  if (static_cast<uint32_t>(series) != SeriesId::kNone) {
    CountOverflow(plan, record, mask);
    return true;
  }
  Rejection why = Rejection::kNameTaken;
  if (mask == SeriesId::kRelabelled) why = Rejection::kRelabelled;
  if (mask == SeriesId::kNoLabels) why = Rejection::kNoLabels;
  for (uint32_t k = plan.observation_first; k < plan.observation_last; ++k) {
    Reject(observations_[k], why);
  }
  return false;
}

// What other threads counted for the series is dealt with when all stand still (Store::Sweep).
void Meter::Delete(const DeletePlan& plan, const Record& record) {
  if (!Passes(plan.test_first, plan.test_last, record)) return;
  std::array<std::string_view, kFieldLabelsMax> raw;
  for (size_t i = 0; i < plan.label_slots.size(); ++i) {
    const Value& value = record.values[plan.label_slots[i]];
    if (!value.there()) return;
    raw[i] = value.text();
  }
  const std::span<const std::string_view> texts(raw.data(), plan.label_slots.size());
  for (const uint32_t series : store_.registry().SeriesToDelete(plan.group, texts)) {
    shard_.Clear(plan.space, series);
    shard_.LifeOf(plan.space, series).deleted = shard_.sequence_ + 1;
  }
}

// A total that is less than before was begun anew by whoever counts it.
void Meter::SetTotal(const Observation& observation, double number, uint64_t* cells) {
  if (number < 0) return Reject(observation, Rejection::kNegativeStep);
  if (cells[1] != 0 && number < AsDouble(cells[0])) {
    cells[2] = static_cast<uint64_t>(shard_.now_ms_);
  }
  cells[0] = AsCell(number);
  cells[1] = shard_.sequence_ + 1;
}

void Meter::SetState(const Observation& observation, const Value& value, uint64_t* cells) {
  const std::vector<std::string>& states = *observation.states;
  const auto state = std::find(states.begin(), states.end(), value.text());
  if (state == states.end()) return Reject(observation, Rejection::kUnknownState);
  cells[0] = static_cast<uint64_t>(state - states.begin());
  cells[1] = shard_.sequence_ + 1;
}

void Meter::SampleOverflow(const Plan& plan, const Record& record, LabelMask overflow) {
  for (uint32_t label = 0; label < plan.label_count; ++label) {
    if (((overflow >> label) & 1U) == 0) continue;
    std::string_view text;
    if (!LabelText(plan, label, record, &text)) continue;
    shard_.offenders_[plan.state->group][label].Add(text);
  }
}

// False if there is none.
bool Meter::LabelText(const Plan& plan, uint32_t label, const Record& record,
                      std::string_view* text) const {
  const uint32_t slot = label_slots_[plan.label_first + label];
  if (slot == kNoSlot) return false;
  if (slot == kObjectSlot) return ObjectText(plan, label, record, text);
  *text = record.values[slot].text();
  return record.values[slot].there();
}

// A null is none; of what is no object the registry makes no series.
bool Meter::ObjectText(const Plan& plan, uint32_t label, const Record& record,
                       std::string_view* text) const {
  const Group& group = store_.layout().groups[plan.state->group];
  const std::string& field = group.labels[group.field_labels[label]].field;
  records::JsonMember member;
  const std::span<const records::JsonMember> members(record.members, record.members_count);
  if (!records::FindJsonPath(members, field, &member)) return false;
  *text = member.value;
  return member.kind != records::JsonKind::kNull;
}

ValueKey Meter::ObjectKey(const Plan& plan, uint32_t label, const Record& record) {
  std::string_view text;
  if (!ObjectText(plan, label, record, &text)) return {0, kKeyOther};
  return LongKey(*plan.state, label, text);
}

}  // namespace parshall::metrics
