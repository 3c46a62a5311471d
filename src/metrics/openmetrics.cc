#include "metrics/openmetrics.h"

#include "metrics/exposition.h"

namespace parshall::metrics {

void AppendOpenMetrics(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                       std::string* out) {
  AppendFamilies(snapshot, own, Dialect::kOpenMetrics, out);
  out->append("# EOF\n");
}

}  // namespace parshall::metrics
