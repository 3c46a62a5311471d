#pragma once
// The products of `parshall generate`, each the whole text of a file.

#include <string>
#include <string_view>

#include "monitoring/subject.h"

namespace parshall::monitoring {

// Prometheus rule files (YAML). The alerts read what the recording rules record.
std::string RecordingRules(const Subject& subject);
std::string AlertRules(const Subject& subject);

// A Grafana dashboard (JSON), for provisioning or import.
std::string DashboardJson(const Subject& subject);

// The names of recorded series, which all three products share.
std::string RecordedRate(std::string_view what);                           // job:WHAT:rate5m
std::string RecordedRatio(std::string_view bad, std::string_view window);  // job:BAD:ratio_rate1h
std::string RecordedBudget(std::string_view bad);
// The share of the lines of a source that came out so over half an hour.
std::string RecordedOutcome(std::string_view outcome);

}  // namespace parshall::monitoring
