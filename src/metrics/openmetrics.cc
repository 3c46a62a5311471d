#include "metrics/openmetrics.h"

#include "metrics/exposition.h"

namespace parshall::metrics {

void AppendOpenMetrics(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                       std::string* out) {
  const PartedExposition exposition(snapshot, {own.begin(), own.end()}, Dialect::kOpenMetrics);
  out->reserve(out->size() + exposition.text_bytes());
  for (size_t part = 0; part < exposition.part_count(); ++part) exposition.AppendPart(part, out);
}

}  // namespace parshall::metrics
