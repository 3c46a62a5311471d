#pragma once
// process_cpu_seconds_total, process_resident_memory_bytes and their kin, in the names that every
// Prometheus client uses. Read from /proc/self at each call.

#include <prometheus/metric_family.h>

#include <string_view>
#include <vector>

namespace parshall::metrics {

// By name; what the system does not tell is left out. Any thread.
std::vector<prometheus::MetricFamily> ProcessMetrics();

// True for a name that ProcessMetrics() may give.
bool IsProcessMetric(std::string_view name);

}  // namespace parshall::metrics
