#pragma once
// The program's own metrics, in prometheus-cpp's data model: what of them comes from the meter, and
// how any of them is printed.

#include <prometheus/metric_family.h>

#include <vector>

#include "metrics/exposition.h"
#include "metrics/exposition_writer.h"
#include "metrics/snapshot.h"

namespace parshall::metrics {

// parshall_metric_rejected_total, parshall_metric_overflow_total and parshall_metric_series; see
// docs/METRICS.md. A row for each metric (and reason or label) that can have one, from 0 on.
std::vector<prometheus::MetricFamily> MeterFamilies(const Snapshot& snapshot);

// Prints one family with its series by label text. Label values may hold anything; names must be
// valid. A family without series is not shown.
void PrintOwnFamily(const prometheus::MetricFamily& family, const ConstantLabels& constants,
                    Dialect dialect, ExpositionWriter* writer);

}  // namespace parshall::metrics
