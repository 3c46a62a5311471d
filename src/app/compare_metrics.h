#pragma once
// Two expositions compared, series by series.

#include <string>
#include <string_view>
#include <vector>

namespace parshall::app {

struct MetricDifference {
  std::string series;  // http_requests_total{method="GET",status="200"}
  double counted = 0;  // in the first, 0 when it is not there
  double claimed = 0;  // in the second
};

// What differs between what was counted and what another claims, in the order of the first, then
// what only the second has. Takes Prometheus text 0.0.4 without timestamps. The program's own
// series (parshall_…, process_…) and start times are no counts and are left out. Sums of fractions
// may differ in their last digits: they depend on the order of the additions.
std::vector<MetricDifference> CompareMetrics(std::string_view counted, std::string_view claimed);

}  // namespace parshall::app
