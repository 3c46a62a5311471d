#pragma once
// The protobuf exposition: io.prometheus.client.MetricFamily messages (metrics.proto of
// prometheus/client_model), each behind its length. The only one that has native histograms.

#include <prometheus/metric_family.h>

#include <span>
#include <string>

#include "metrics/snapshot.h"

namespace parshall::metrics {

inline constexpr const char* kProtobufContentType =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

// Appends the whole body: the snapshot's families and the program's own, by name. Infos and state
// sets are gauges, as in the text format.
void AppendProtobuf(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                    std::string* out);

}  // namespace parshall::metrics
