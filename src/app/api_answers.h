#pragma once
// What GET /api/v1/… answers, as JSON: one moment of a run for machines and the status page. The
// shapes are in docs/API.md.

#include <prometheus/metric_family.h>

#include <span>
#include <string>

#include "pipeline/pipeline.h"

namespace parshall::app {

// One moment, and what is known beside it.
struct ApiMoment {
  const pipeline::Pipeline::Moment& moment;
  // The program's own series of this moment, for figures that no ledger has.
  std::span<const prometheus::MetricFamily> own;
  double uptime_seconds = 0;  // by a clock that never steps
  bool ready = false;
};

std::string StatusJson(const ApiMoment& at);
std::string TrafficJson(const ApiMoment& at);
std::string SourcesJson(const ApiMoment& at);
std::string RulesJson(const ApiMoment& at);
std::string CardinalityJson(const ApiMoment& at);

}  // namespace parshall::app
