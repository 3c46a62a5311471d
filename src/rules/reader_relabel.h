#pragma once
// `relabel:` of a metric, in the words of Prometheus's relabel_configs; and names of metrics that
// only come with the records.

#include <optional>
#include <string>

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

inline constexpr size_t kRelabelStepsMax = 100;

// What the labels and the other words of the metric say was read before.
void ReadRelabel(Section* metric_section, MetricSpec* metric, Faults* faults);

// 'app_{component}_seconds': a label of its own stands for the field; `names_max:` bounds it.
// Called before the other labels are read. False if the name has no {field}.
bool ReadOwnName(Section* metric_section, const std::string& name, std::optional<MetricKind> kind,
                 MetricSpec* metric);

}  // namespace parshall::rules
