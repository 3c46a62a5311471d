#pragma once
// The rows of the dashboard, each theme by its own file.

#include <string>
#include <string_view>

#include "metrics/layout.h"
#include "monitoring/panels.h"
#include "monitoring/subject.h"

namespace parshall::monitoring {

// Panels of one metric of the rules, by its kind.
void AddFamilyPanels(const metrics::Family& family, PanelGrid* grid);

// What a histogram can always show.
Panel QuantilePanel(const metrics::Family& family, std::string title, std::string description,
                    std::string unit);
Panel BucketPanel(const metrics::Family& family, std::string title, std::string description,
                  std::string unit);

// The help of a metric, and behind it what a panel shows of it.
std::string Describe(const metrics::Family& family, std::string_view sentence);

// Grafana's unit of a metric of this name: by its ending, "short" for others. `rate`: of its
// increase per second.
std::string UnitOf(std::string_view name, bool rate);

// Lines and their outcomes, sources and their lag, rules, series, the process.
void AddProgramRows(PanelGrid* grid);

}  // namespace parshall::monitoring
