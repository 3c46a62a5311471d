#pragma once
// One metric as it stands in its file, and whether all metrics get along under their names.

#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

// Reads the metric at `node`. Whatever is wrong goes to `faults`; the metric holds the rest.
MetricSpec ReadMetric(const std::string& file, const YamlNode& node, Faults* faults);

// Metrics of one name must agree in kind, help, buckets and labels; series of different metrics
// must not get the same name in the exposition. Puts the labels of metrics of one name into the
// order of the first.
void CheckMetricNames(std::vector<MetricSpec>* metrics, Faults* faults);

// What is wrong with a metric's name by the rules of Prometheus and promtool; empty if nothing. The
// kind was read, unless it was wrong.
std::string MetricNameFault(std::string_view name, std::optional<MetricKind> kind);

// [a-zA-Z_][a-zA-Z0-9_]*: what Prometheus takes as the name of a label.
bool LegalLabelName(std::string_view name);

}  // namespace parshall::rules
