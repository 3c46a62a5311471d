#pragma once
// What both exposition formats share: the families of the rules and the program's own, in one
// order. text_format.h and openmetrics.h are the doors.

#include <prometheus/metric_family.h>

#include <span>
#include <string>

#include "metrics/snapshot.h"

namespace parshall::metrics {

enum class Dialect : uint8_t { kText, kOpenMetrics };

// Appends all families by name and their series by label text, without the end mark of OpenMetrics.
// `own` may stand in any order; the constant labels of the store are put on them too.
void AppendFamilies(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                    Dialect dialect, std::string* out);

}  // namespace parshall::metrics
