#include "app/compare_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>
#include <utility>

namespace parshall::app {
namespace {

using Samples = std::vector<std::pair<std::string, double>>;

Samples SamplesOf(std::string_view text) {
  Samples samples;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("parshall_") || line.starts_with("process_")) continue;
    const size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos) continue;
    const std::string value(line.substr(blank + 1));
    samples.emplace_back(line.substr(0, blank), std::strtod(value.c_str(), nullptr));
  }
  return samples;
}

bool Same(double a, double b) {
  constexpr double kLastDigits = 1e-9;
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  // Counts are whole numbers, and those must be equal to the last one.
  const bool whole = a == std::floor(a) && b == std::floor(b);
  return !whole && std::abs(a - b) <= kLastDigits * std::max(std::abs(a), std::abs(b));
}

}  // namespace

std::vector<MetricDifference> CompareMetrics(std::string_view counted, std::string_view claimed) {
  std::vector<MetricDifference> differences;
  const Samples ours = SamplesOf(counted);
  const Samples theirs = SamplesOf(claimed);
  std::unordered_map<std::string_view, double> theirs_by_series;
  for (const auto& [series, value] : theirs) theirs_by_series.emplace(series, value);
  for (const auto& [series, value] : ours) {
    const auto at = theirs_by_series.find(series);
    const double other = at == theirs_by_series.end() ? 0 : at->second;
    if (at != theirs_by_series.end()) theirs_by_series.erase(at);
    if (!Same(value, other)) differences.push_back({series, value, other});
  }
  for (const auto& [series, value] : theirs) {
    if (theirs_by_series.contains(series) && value != 0) differences.push_back({series, 0, value});
  }
  return differences;
}

}  // namespace parshall::app
