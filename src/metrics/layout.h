#pragma once
// The plan of all metrics, made once from the rules: families, the groups of metrics that share one
// label lookup, and where in a series' block of cells each family stands.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "metrics/buckets.h"
#include "metrics/cells.h"
#include "metrics/sketches.h"
#include "rules/rule.h"

namespace parshall::metrics {

// Labels that stand on every series: {"env", "prod"}.
using ConstantLabels = std::vector<std::pair<std::string, std::string>>;

// A metric may have so many labels whose values come from fields.
inline constexpr size_t kFieldLabelsMax = 32;

// One metric name. Several MetricSpecs of one name (same kind, label names and buckets) feed one
// family.
struct Family {
  std::string name;
  std::string help;
  rules::MetricKind kind = rules::MetricKind::kCounter;
  CellKind cell_kind = CellKind::kCount;
  Buckets buckets;
  std::vector<std::string> states;   // of a state set
  std::optional<SketchSpec> sketch;  // of summaries and native histograms
  std::vector<double> quantiles;     // of a summary
  std::vector<std::string> label_names;
  bool own_names = false;   // `name` has a {field}: each series says its name, as __name__
  bool relabelled = false;  // its series may have other labels than label_names
  bool from_object = false;  // its series have labels of their own beside label_names
  uint32_t space = 0;       // index into Layout::spaces
  uint32_t cell_first = 0;  // within the block of a series
  uint32_t cell_count = 0;
};

// What one metric does with a record: +1, or the value of a field, into its family.
struct Step {
  uint32_t family = 0;
  std::string value_field;     // empty: 1
  std::string exemplar_field;  // empty: no exemplars
  std::string exemplar_label;
};

// Metrics with the same labels and the same filters: one label lookup serves them all. With free
// labels there is one step.
struct Group {
  std::vector<rules::LabelSpec> labels;  // in the order of the exposition, constants included
  std::vector<uint32_t> field_labels;    // indices into `labels` of those that are fields
  std::optional<rules::EventKind> event;
  std::vector<std::string> rules;
  std::vector<rules::Condition> when;
  std::vector<Step> steps;
  std::vector<rules::LabelSet> init;
  std::vector<rules::RelabelSpec> relabel;
  int64_t ttl_ms = 0;
  std::optional<rules::DeleteSpec> remove;
  uint32_t space = 0;

  // The labels of a series are not those of `labels`.
  bool has_free_labels() const {
    return !relabel.empty() || (!labels.empty() && labels.back().from_object);
  }
};

// A space numbers series from 0 and gives each one block of cells that holds all families of the
// space side by side. Groups share a space only when they feed one family.
// Metrics whose series can go (ttl:, delete:) share a space only with those whose series go alike.
struct Space {
  std::vector<uint32_t> families;
  uint32_t block_cells = 0;
  int64_t ttl_ms = 0;                   // 0: series do not expire
  std::vector<uint32_t> delete_labels;  // indices into Group::labels; empty: no event deletes

  std::vector<uint32_t> template_labels;  // likewise: labels whose values can be renamed

  // True when series can go: then each has a Life in every shard.
  bool mortal() const { return ttl_ms > 0 || !delete_labels.empty(); }
  bool own_names = false;  // its label texts begin with __name__, see Family::own_names

  // True when a series' number can come to mean another one.
  bool changes() const { return mortal() || !template_labels.empty(); }
};

// Immutable.
struct Layout {
  std::vector<Family> families;  // by name
  std::vector<Group> groups;
  std::vector<Space> spaces;
  ConstantLabels constants;  // values are valid UTF-8
};

// Every fault of the metrics that the reader of the rules cannot see alone: names that clash in an
// exposition, labels named twice, buckets that do not ascend, expressions that RE2 refuses.
std::vector<Error> CheckMetrics(const rules::RuleSet& rules, const ConstantLabels& constants);

// The rule set must have passed CheckMetrics().
Layout MakeLayout(const rules::RuleSet& rules, const ConstantLabels& constants);

// All fields that some metric reads (labels, values, conditions), each once, in a stable order.
std::vector<std::string> WantedFields(const rules::RuleSet& rules);

}  // namespace parshall::metrics
