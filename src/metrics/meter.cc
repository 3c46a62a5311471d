#include "metrics/meter.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

namespace parshall::metrics {
namespace {

using records::Record;
using records::Value;
using records::ValueKind;

constexpr uint64_t Pack(SeriesId id) { return (uint64_t{id.overflow} << 32) | id.number; }

}  // namespace

void Meter::Apply(const Record& record) {
  assert(record.rule < rules_.size());
  const PlanRange& range = rules_[record.rule];
  for (const Plan* next = range.begin; next < range.end; ++next) {
    if (next->quick) [[likely]] {
      ApplyQuick(*next, record);
    } else {
      ApplyPlan(*next, record, nullptr);
    }
  }
  if (range.deletes) [[unlikely]] {
    for (const DeletePlan& plan : range.delete_plans) Delete(plan, record);
  }
}

// The usual case: short labels that were there before, and nothing to ask but where their cells
// are.
inline void Meter::ApplyQuick(const Plan& plan, const Record& record) {
  static_assert(RecentTuples::kLabelsMax == 2);
  const auto label = [&](size_t n) -> const Value& {
    return *reinterpret_cast<const Value*>(reinterpret_cast<const char*>(record.values) +
                                           plan.label_at[n]);
  };
  const auto fits = [](const Value& value) {
    return value.there() && RecentTuples::Fits(value.size);
  };
  const Value& first = label(0);
  const Value& second = label(1);
  if (!fits(first) || !fits(second)) return ApplyPlan(plan, record, nullptr);
  const RecentTuples::Key key = {{RecentTuples::WordOf(first.data, first.size),
                                  RecentTuples::WordOf(second.data, second.size)}};
  const uint64_t cells = plan.state->recent.Find(key);
  if (cells == RecentTuples::kAbsent) [[unlikely]]
    return ApplyPlan(plan, record, &key);
  ObserveAll(plan, record, plan.cells->cells.data() + cells);
}

[[gnu::noinline]] void Meter::ApplyPlan(const Plan& plan, const Record& record,
                                        const RecentTuples::Key* key) {
  if (plan.test_first != plan.test_last && !Passes(plan.test_first, plan.test_last, record)) return;
  if (!plan.always && !HasNumber(plan, record)) return RejectAll(plan, record);
  if (plan.changes) [[unlikely]]
    Forget(plan);
  const uint64_t series = FindSeries(plan, record);
  if ((series >> 32) != 0 && !CountRare(plan, record, series)) return;
  if (plan.touches) [[unlikely]]
    Touch(plan, record, static_cast<uint32_t>(series));
  const uint64_t cells = (series & 0xFFFFFFFFU) * plan.block_cells;
  // A series that stands for what its labels' limits leave out is counted apart each time.
  if (key != nullptr && (series >> 32) == 0) {
    plan.state->recent.Put(*key, cells);
  }
  ObserveAll(plan, record, plan.cells->cells.data() + cells);
}

inline void Meter::ObserveAll(const Plan& plan, const Record& record, uint64_t* block) {
  const Observation* const end = plan.observations_end;
  for (const Observation* at = plan.observations; at < end; ++at) {
    Observe(*at, record, block);
  }
}

[[gnu::noinline]] void Meter::Touch(const Plan& plan, const Record& record, uint32_t series) {
  for (uint32_t k = plan.observation_first; plan.exemplars && k < plan.observation_last; ++k) {
    if (observations_[k].exemplar_slot != kNoSlot) {
      KeepExemplar(observations_[k], record, series);
    }
  }
  if (plan.sketches) KeepSketches(plan, record, series);
  if (!plan.mortal) return;
  SeriesLife& life = shard_.LifeOf(plan.state->space, series);
  life.touched_ms = shard_.now_ms_;
  life.touched = shard_.sequence_ + 1;
}

// The observation itself comes later, and may refuse the value: then there is no exemplar either.
void Meter::KeepExemplar(const Observation& observation, const Record& record, uint32_t series) {
  const Value& id = record.values[observation.exemplar_slot];
  if (!id.there()) return;
  double number = 1;
  if (observation.value_slot != kNoSlot &&
      ReadValue(record.values[observation.value_slot], &number) != Reading::kNumber) {
    return;
  }
  if (observation.kind != CellKind::kHistogram && number < 0) return;
  const uint32_t cell =
      observation.kind == CellKind::kHistogram ? observation.buckets->Find(number) : 0;
  shard_.exemplars_[observation.family].Put(series, cell, id.text(),
                                            {.label = observation.exemplar_label,
                                             .id = {},
                                             .value = number,
                                             .at_ms = shard_.now_ms_,
                                             .sequence = shard_.sequence_});
}

bool Meter::Passes(uint32_t test_first, uint32_t test_last, const Record& record) const {
  for (uint32_t i = test_first; i < test_last; ++i) {
    const Value& value = record.values[tests_[i].slot];
    if (!value.there()) return false;
    const std::vector<std::string>& wanted = tests_[i].values;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), value.text()) == wanted.end()) {
      return false;
    }
  }
  return true;
}

inline Meter::Reading Meter::ReadValue(const Value& value, double* number) {
  if (value.kind == ValueKind::kInt) [[likely]] {
    *number = static_cast<double>(value.integer);
    return Reading::kNumber;
  }
  if (!value.there()) return value.mistyped() ? Reading::kNotANumber : Reading::kNone;
  if (value.kind == ValueKind::kString) return Reading::kNotANumber;
  *number = value.AsDouble();
  // False for NaN too.
  return std::abs(*number) <= std::numeric_limits<double>::max() ? Reading::kNumber
                                                                 : Reading::kNotFinite;
}

bool Meter::HasNumber(const Plan& plan, const Record& record) const {
  for (uint32_t k = plan.observation_first; k < plan.observation_last; ++k) {
    const Observation& observation = observations_[k];
    double number = 0;
    if (observation.kind == CellKind::kStateSet) {
      if (record.values[observation.value_slot].there()) return true;
      continue;
    }
    if (ReadValue(record.values[observation.value_slot], &number) != Reading::kNumber) continue;
    const bool counts =
        observation.kind == CellKind::kSum || observation.kind == CellKind::kTotalSet;
    if (!counts || number >= 0) return true;
  }
  return false;
}

// The usual ones at once: a count, the integer that a histogram is of, or that is not there.
[[gnu::always_inline]] inline void Meter::Observe(const Observation& observation,
                                                  const Record& record, uint64_t* block) {
  if (observation.kind == CellKind::kCount) {
    ++block[observation.cell_first];
    return;
  }
  if (observation.kind == CellKind::kHistogram && observation.value_slot != kNoSlot) [[likely]] {
    const Value& value = record.values[observation.value_slot];
    if (value.kind == ValueKind::kAbsent) return;
    if (value.kind == ValueKind::kInt) [[likely]] {
      return AddToHistogram(observation, static_cast<double>(value.integer), block);
    }
  }
  ObserveAny(observation, record, block);
}

inline void Meter::AddToHistogram(const Observation& observation, double number, uint64_t* block) {
  ++block[observation.cell_first + observation.buckets->Find(number)];
  uint64_t& sum = block[observation.sum_cell];
  sum = AsCell(AsDouble(sum) + number);
}

[[gnu::noinline]] void Meter::ObserveAny(const Observation& observation, const Record& record,
                                         uint64_t* block) {
  uint64_t* const cells = block + observation.cell_first;
  double number = 1;
  if (observation.value_slot != kNoSlot) {
    const Reading reading = ReadValue(record.values[observation.value_slot], &number);
    if (reading == Reading::kNone) return;
    if (reading == Reading::kNotFinite) return Reject(observation, Rejection::kNotFinite);
    if (reading == Reading::kNotANumber) {
      if (observation.kind == CellKind::kStateSet) {
        return SetState(observation, record.values[observation.value_slot], cells);
      }
      return Reject(observation, Rejection::kNotANumber);
    }
  }
  switch (observation.kind) {
    case CellKind::kCount:
      return;
    case CellKind::kHistogram:
      return AddToHistogram(observation, number, block);
    case CellKind::kSum:
      if (number < 0) return Reject(observation, Rejection::kNegativeStep);
      cells[0] = AsCell(AsDouble(cells[0]) + number);
      ++cells[1];
      return;
    case CellKind::kGaugeAdd:
    case CellKind::kSummary:
      cells[0] = AsCell(AsDouble(cells[0]) + number);
      ++cells[1];
      return;
    case CellKind::kGaugeSet:
      cells[0] = AsCell(number);
      cells[1] = shard_.sequence_ + 1;  // 0 means that there is no value
      return;
    case CellKind::kGaugeMin:
    case CellKind::kGaugeMax: {
      const double kept = AsDouble(cells[0]);
      const bool better = observation.kind == CellKind::kGaugeMin ? number < kept : number > kept;
      if (cells[1] == 0 || better) cells[0] = AsCell(number);
      ++cells[1];
      return;
    }
    case CellKind::kTotalSet:
      return SetTotal(observation, number, cells);
    case CellKind::kStateSet:
      return SetState(observation, record.values[observation.value_slot], cells);
  }
}

void Meter::Reject(const Observation& observation, Rejection rejection) {
  ++shard_.tallies_[observation.family].rejected[static_cast<size_t>(rejection)];
}

// No observation of the plan can be made: no series is looked up, or even made, for it.
void Meter::RejectAll(const Plan& plan, const Record& record) {
  for (uint32_t k = plan.observation_first; k < plan.observation_last; ++k) {
    const Observation& observation = observations_[k];
    double number = 0;
    switch (ReadValue(record.values[observation.value_slot], &number)) {
      case Reading::kNone:
        break;
      case Reading::kNumber:
        Reject(observation, Rejection::kNegativeStep);
        break;
      case Reading::kNotFinite:
        Reject(observation, Rejection::kNotFinite);
        break;
      case Reading::kNotANumber:
        Reject(observation, Rejection::kNotANumber);
        break;
    }
  }
}

inline uint64_t Meter::FindSeries(const Plan& plan, const Record& record) {
  switch (plan.label_count) {
    case 0:
      if (plan.state->only_series == TupleCache::kAbsent) {
        plan.state->only_series = AskRegistry(plan, record);
      }
      return plan.state->only_series;
    case 1:
      return FindTuple<1>(plan, record);
    case 2:
      return FindTuple<2>(plan, record);
    case 3:
      return FindTuple<3>(plan, record);
    default:
      return FindTuple<0>(plan, record);
  }
}

// kLabels 0: as many as the plan has.
template <uint32_t kLabels>
inline uint64_t Meter::FindTuple(const Plan& plan, const Record& record) {
  const uint32_t labels = kLabels > 0 ? kLabels : plan.label_count;
  std::array<uint64_t, 2 * (kLabels > 0 ? kLabels : kFieldLabelsMax)> key;
  for (uint32_t i = 0; i < labels; ++i) {
    const ValueKey value = KeyOf(plan, i, record);
    key[2 * i] = value.low;
    key[2 * i + 1] = value.high;
  }
  TupleCache& tuples = plan.state->tuples;
  const uint64_t known = tuples.Find<2 * kLabels>(key.data());
  if (known != TupleCache::kAbsent) [[likely]]
    return known;
  const uint64_t series = AskRegistry(plan, record);
  tuples.Put(key.data(), series, 2 * size_t{store_.registry().series_count(plan.state->space)});
  return series;
}

inline ValueKey Meter::KeyOf(const Plan& plan, uint32_t label, const Record& record) {
  const uint32_t slot = label_slots_[plan.label_first + label];
  if (slot >= kObjectSlot) [[unlikely]]
    return slot == kNoSlot ? ValueKey{0, kKeyOther} : ObjectKey(plan, label, record);
  const Value& value = record.values[slot];
  if (!value.there()) return {0, kKeyOther};
  if (value.size <= kKeyBytesMax) [[likely]]
    return KeyOfText(value.data, value.size);
  return LongKey(*plan.state, label, value.text());
}

ValueKey Meter::LongKey(GroupState& state, uint32_t label, std::string_view text) {
  LongTextCache& cache = state.long_texts[label];
  const bool kept = text.size() <= LongTextCache::kTextBytesMax;
  if (kept) {
    if (const uint64_t* number = cache.Find(text)) return {*number, kKeyNumber};
  }
  const LabelValueId id = store_.registry().ValueOf(state.group, label, text);
  const uint64_t number = (uint64_t{id.overflow} << 32) | id.number;
  if (kept) cache.Put(text, number, store_.registry().series_count(state.space));
  return {number, kKeyNumber};
}

uint64_t Meter::AskRegistry(const Plan& plan, const Record& record) {
  Registry& registry = store_.registry();
  std::array<LabelValueId, kFieldLabelsMax> values;
  for (uint32_t i = 0; i < plan.label_count; ++i) {
    std::string_view text;
    values[i] = LabelText(plan, i, record, &text) ? registry.ValueOf(plan.state->group, i, text)
                                                  : Registry::Other();
  }
  const SeriesId id =
      registry.SeriesOf(plan.state->group, {values.data(), plan.label_count}, shard_.now_ms_);
  if (id.number != SeriesId::kNone) shard_.Ensure(plan.state->space, id.number);
  return Pack(id);
}

}  // namespace parshall::metrics
