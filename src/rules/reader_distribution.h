#pragma once
// What a histogram and a summary say of their values: `buckets:`, `native:`, `quantiles:`,
// `max_age:` and `age_buckets:`.

#include <optional>

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

// The kind was read, unless it was wrong.
void ReadDistribution(Section* metric_section, std::optional<MetricKind> kind, MetricSpec* metric,
                      Faults* faults);

}  // namespace parshall::rules
