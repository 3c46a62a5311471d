#pragma once
// OpenMetrics 1.0: counters are named without _total in TYPE, series say when they were created,
// bounds are floats, and the body ends with # EOF.

#include <prometheus/metric_family.h>

#include <span>
#include <string>

#include "metrics/snapshot.h"

namespace parshall::metrics {

inline constexpr const char* kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Appends the whole body. A counter whose name does not end in _total keeps its name and is of the
// type `unknown`.
void AppendOpenMetrics(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                       std::string* out);

}  // namespace parshall::metrics
