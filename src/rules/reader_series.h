#pragma once
// Which series a metric has from the start, and when they go: `init:`, `ttl:` and `delete:`.

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

// So many label sets may be written out under `init:`.
inline constexpr size_t kInitSetsMax = 10'000;

// The metric's kind and labels have been read.
void ReadSeries(Section* metric_section, MetricSpec* metric, Faults* faults);

// True if the same records delete the same series of both.
bool SameDelete(const MetricSpec& a, const MetricSpec& b);

}  // namespace parshall::rules
