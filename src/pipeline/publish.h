#pragma once
// The ledger as metrics, in prometheus-cpp's data model. Each row stands in docs/METRICS.md.

#include <prometheus/metric_family.h>

#include <vector>

#include "pipeline/ledger.h"

namespace parshall::pipeline {

std::vector<prometheus::MetricFamily> LedgerFamilies(const Ledger& ledger);

}  // namespace parshall::pipeline
