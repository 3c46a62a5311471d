#include "metrics/roles.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace parshall::metrics {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// How well a metric fits a role; 0: not at all.
using Fitness = int;

Fitness OfRequests(const Group& group) { return group.event == rules::EventKind::kRequest ? 4 : 0; }

bool IsStatus(const rules::LabelSpec& label) {
  static constexpr std::array<std::string_view, 4> kNames = {"status", "status_code", "code",
                                                             "http_status"};
  return std::find(kNames.begin(), kNames.end(), label.field) != kNames.end() ||
         (!label.field.empty() &&
          std::find(kNames.begin(), kNames.end(), label.name) != kNames.end());
}

// The label that shows the status, or null.
const rules::LabelSpec* StatusOf(const Group& group) {
  for (const uint32_t index : group.field_labels) {
    if (IsStatus(group.labels[index])) return &group.labels[index];
  }
  return nullptr;
}

Fitness FitsRequests(const Family& family, const Group& group, const Step& step) {
  if (StatusOf(group) == nullptr) return 0;
  const bool counter =
      family.kind == rules::MetricKind::kCounter && family.cell_kind == CellKind::kCount;
  if (!counter && family.kind != rules::MetricKind::kHistogram) return 0;
  // A filter shows a part of the requests only.
  const bool whole = group.when.empty() && group.rules.empty();
  // Where a value is missing, a histogram does not count the record.
  return 1 + OfRequests(group) + (whole ? 8 : 0) + (step.value_field.empty() ? 16 : 0);
}

Fitness FitsSize(const Family& family, const Group& group, const Step& step) {
  if (family.kind != rules::MetricKind::kHistogram) return 0;
  const bool bytes = Has(family.name, "bytes") || step.value_field == "size" ||
                     step.value_field == "bytes" || step.value_field == "body_bytes_sent";
  if (!bytes) return 0;
  const bool upwards = Has(family.name, "request_size") || Has(family.name, "received");
  return 1 + OfRequests(group) + (upwards ? 0 : 2) + (Has(family.name, "response") ? 1 : 0);
}

// What 1 means in a metric of this name, in seconds; 0: it is no time.
double UnitOf(std::string_view name, std::string_view field) {
  for (const auto& [ending, unit] : {std::pair<std::string_view, double>{"_milliseconds", 1e-3},
                                     {"_ms", 1e-3},
                                     {"_microseconds", 1e-6},
                                     {"_us", 1e-6},
                                     {"_nanoseconds", 1e-9},
                                     {"_seconds", 1}}) {
    if (name.ends_with(ending) || Has(name, std::string(ending) + "_")) return unit;
  }
  return field == "duration" || field == "request_time" ? 1 : 0;
}

Fitness FitsDuration(const Family& family, const Group& group, const Step& step) {
  if (family.kind != rules::MetricKind::kHistogram) return 0;
  if (UnitOf(family.name, step.value_field) == 0) return 0;
  const bool upstream = Has(family.name, "upstream") || Has(family.name, "connect");
  const bool duration = Has(family.name, "duration") || Has(family.name, "latency") ||
                        Has(family.name, "response_time") || Has(family.name, "request_time") ||
                        step.value_field == "duration";
  return 1 + OfRequests(group) + (upstream ? 0 : 2) + (duration ? 1 : 0);
}

}  // namespace

Roles FindRoles(const Layout& layout) {
  Roles roles;
  Fitness requests = 0;
  Fitness size = 0;
  Fitness duration = 0;
  // Families by name, so that among equals the first by name stays.
  for (uint32_t index = 0; index < layout.families.size(); ++index) {
    const Family& family = layout.families[index];
    for (const Group& group : layout.groups) {
      for (const Step& step : group.steps) {
        if (step.family != index) continue;
        if (const Fitness fit = FitsRequests(family, group, step); fit > requests) {
          requests = fit;
          roles.requests = index;
          roles.status_label = StatusOf(group)->name;
        }
        if (const Fitness fit = FitsSize(family, group, step); fit > size) {
          size = fit;
          roles.size = index;
        }
        if (const Fitness fit = FitsDuration(family, group, step); fit > duration) {
          duration = fit;
          roles.duration = index;
          roles.duration_unit_seconds = UnitOf(family.name, step.value_field);
        }
      }
    }
  }
  return roles;
}

}  // namespace parshall::metrics
