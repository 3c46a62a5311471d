#pragma once
// The Prometheus text format 0.0.4.

#include <prometheus/metric_family.h>

#include <span>
#include <string>

#include "metrics/snapshot.h"

namespace parshall::metrics {

inline constexpr const char* kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

// Appends the whole body: the snapshot's families and the program's own, by name.
void AppendText(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                std::string* out);

}  // namespace parshall::metrics
