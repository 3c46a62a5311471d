#pragma once
// `labels_from:` of a metric: labels that are known only when the record comes.

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

void ReadLabelObject(Section* metric_section, MetricSpec* metric, Faults* faults);

}  // namespace parshall::rules
