#include "metrics/text_format.h"

#include "metrics/exposition.h"

namespace parshall::metrics {

void AppendText(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                std::string* out) {
  AppendFamilies(snapshot, own, Dialect::kText, out);
}

}  // namespace parshall::metrics
