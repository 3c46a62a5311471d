#pragma once
// Records → cells. For each rule, which metrics take part, where their labels and values stand,
// worked out once; then a record costs one look-up for each group of metrics that share their
// labels.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/store.h"
#include "metrics/tuple_cache.h"
#include "records/record.h"

namespace parshall::metrics {

// What the meter must know of a compiled rule. Record::rule is its index in the list of them.
struct RuleFields {
  std::string rule_name;
  rules::EventKind event = rules::EventKind::kLog;
  std::vector<records::FieldInfo> fields;  // in the order of Record::values
};

// One thread. Borrows the store and the shard; both outlive it.
class Meter {
 public:
  Meter(Store& store, Shard& shard, std::span<const RuleFields> rules);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // Counts one record. The caller holds a Batch of the shard. Allocates and locks only for label
  // values that this thread has not seen yet.
  void Apply(const records::Record& record);

 private:
  static constexpr uint32_t kNoSlot = ~uint32_t{0};
  static constexpr uint32_t kObjectSlot = kNoSlot - 1;  // labels_from: an object of the event

  // This thread's memory of one group's series; all rules share it.
  struct GroupState {
    uint32_t group = 0;
    uint32_t space = 0;
    TupleCache tuples;
    RecentTuples recent;                         // their cells
    std::vector<LongTextCache> long_texts;       // by field label
    uint64_t only_series = TupleCache::kAbsent;  // without field labels there is just one
    uint64_t epoch = 0;                          // Shard::Cells::epoch when this was learned
  };

  // One family that takes part.
  struct Observation {
    CellKind kind = CellKind::kCount;
    uint32_t value_slot = kNoSlot;  // kNoSlot: 1
    uint32_t cell_first = 0;
    uint32_t sum_cell = 0;  // of a histogram: behind its buckets
    const Buckets* buckets = nullptr;
    uint32_t family = 0;
    const std::vector<std::string>* states = nullptr;
    uint32_t exemplar_slot = kNoSlot;
    const std::string* exemplar_label = nullptr;
    bool sketch = false;  // keeps the value itself, too
  };

  struct Test {
    uint32_t slot = 0;
    std::vector<std::string> values;  // empty: any
  };

  // One group for one rule. The lists are ranges of the vectors below.
  struct Plan {
    GroupState* state = nullptr;
    Shard::Cells* cells = nullptr;
    // observations_[observation_first … observation_last), once all are known.
    const Observation* observations = nullptr;
    const Observation* observations_end = nullptr;
    // If it is quick: where its labels stand, in bytes from the record's first value; of one label,
    // twice.
    std::array<uint32_t, RecentTuples::kLabelsMax> label_at{};
    uint32_t block_cells = 0;
    uint32_t label_first = 0;
    uint32_t label_count = 0;
    uint32_t observation_first = 0;
    uint32_t observation_last = 0;
    uint32_t test_first = 0;
    uint32_t test_last = 0;
    bool always = false;   // some family counts every record, whatever its values
    bool changes = false;  // numbers of series can come to mean others
    bool mortal = false;   // its series can go
    bool exemplars = false;
    bool sketches = false;
    bool touches = false;  // any of the three
    bool quick = false;    // every record counts and its series stays: see ApplyQuick()
  };

  // Which series go when a record of one rule fits.
  struct DeletePlan {
    uint32_t group = 0;
    uint32_t space = 0;
    uint32_t test_first = 0;
    uint32_t test_last = 0;
    std::vector<uint32_t> label_slots;  // one for each of Space::delete_labels
  };

  struct PlanRange {
    uint32_t first = 0;
    uint32_t last = 0;
    const Plan* begin = nullptr;  // plans_[first … last), once all are known
    const Plan* end = nullptr;
    bool deletes = false;
    std::vector<DeletePlan> delete_plans;
  };

  enum class Reading : uint8_t { kNone, kNumber, kNotFinite, kNotANumber };

  void PlanGroup(uint32_t group, const RuleFields& rule);
  void PlanDelete(uint32_t group, const RuleFields& rule, PlanRange* range);
  bool PlanTests(std::span<const rules::Condition> conditions, const RuleFields& rule,
                 std::vector<Test>* tests);
  static Reading ReadValue(const records::Value& value, double* number);

  void ApplyQuick(const Plan& plan, const records::Record& record);
  void ApplyPlan(const Plan& plan, const records::Record& record, const RecentTuples::Key* key);
  void ObserveAll(const Plan& plan, const records::Record& record, uint64_t* block);
  bool Passes(uint32_t test_first, uint32_t test_last, const records::Record& record) const;
  bool HasNumber(const Plan& plan, const records::Record& record) const;
  void Observe(const Observation& observation, const records::Record& record, uint64_t* block);
  void ObserveAny(const Observation& observation, const records::Record& record, uint64_t* block);
  static void AddToHistogram(const Observation& observation, double number, uint64_t* block);
  void SetTotal(const Observation& observation, double number, uint64_t* cells);
  void SetState(const Observation& observation, const records::Value& value, uint64_t* cells);
  void Reject(const Observation& observation, Rejection rejection);
  void RejectAll(const Plan& plan, const records::Record& record);
  // False if there is no series: the observation is refused, and counted as that.
  bool CountRare(const Plan& plan, const records::Record& record, uint64_t series);
  void CountOverflow(const Plan& plan, const records::Record& record, LabelMask overflow);
  void SampleOverflow(const Plan& plan, const records::Record& record, LabelMask overflow);

  // For series that can go; out of the way of those that stay.
  void Forget(const Plan& plan);
  void Touch(const Plan& plan, const records::Record& record, uint32_t series);
  void KeepExemplar(const Observation& observation, const records::Record& record, uint32_t series);
  void KeepSketches(const Plan& plan, const records::Record& record, uint32_t series);
  void Delete(const DeletePlan& plan, const records::Record& record);

  // The series (low 32 bits) and its overflow mask (high 32 bits).
  uint64_t FindSeries(const Plan& plan, const records::Record& record);
  template <uint32_t kLabels>
  uint64_t FindTuple(const Plan& plan, const records::Record& record);
  ValueKey KeyOf(const Plan& plan, uint32_t label, const records::Record& record);
  ValueKey ObjectKey(const Plan& plan, uint32_t label, const records::Record& record);
  bool ObjectText(const Plan& plan, uint32_t label, const records::Record& record,
                  std::string_view* text) const;
  bool LabelText(const Plan& plan, uint32_t label, const records::Record& record,
                 std::string_view* text) const;
  ValueKey LongKey(GroupState& state, uint32_t label, std::string_view text);
  uint64_t AskRegistry(const Plan& plan, const records::Record& record);

  Store& store_;
  Shard& shard_;
  std::vector<std::unique_ptr<GroupState>> states_;  // by group
  std::vector<PlanRange> rules_;
  std::vector<Plan> plans_;
  std::vector<uint32_t> label_slots_;
  std::vector<Observation> observations_;
  std::vector<Test> tests_;
  uint32_t overflows_ = 0;  // records with a label in `__other__`; wraps
};

}  // namespace parshall::metrics
