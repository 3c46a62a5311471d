#pragma once
// What `parshall generate` writes about: the active metrics, which of them tell of requests, and
// the objectives that the operator set for them. Every wrong parameter is found here.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/layout.h"
#include "metrics/roles.h"

namespace parshall::monitoring {

// Multi-window, multi-burn-rate alerts as in Google's SRE workbook, chapter 5: the alert fires
// while the budget of 30 days burns `factor` times too fast over both windows; the short one ends
// it soon after the trouble does.
struct BurnWindow {
  std::string_view over_long;
  std::string_view over_short;
  std::string_view factor;
  double factor_number;
  std::string_view severity;
  std::string_view budget_lasts;
};
inline constexpr std::array kBurnWindows = {
    BurnWindow{"1h", "5m", "14.4", 14.4, "critical", "2 days"},
    BurnWindow{"6h", "30m", "6", 6, "critical", "5 days"},
    BurnWindow{"1d", "2h", "3", 3, "warning", "10 days"},
    BurnWindow{"3d", "6h", "1", 1, "warning", "30 days"},
};
inline constexpr std::array<std::string_view, 3> kWindowsOften = {"5m", "30m", "1h"};
inline constexpr std::array<std::string_view, 4> kWindowsSeldom = {"2h", "6h", "1d", "3d"};

// One objective, and the names of what is recorded for it: "job:BAD:ratio_rate5m".
struct Objective {
  std::string all;       // "http_requests": recorded as job:…:rate5m
  std::string bad;       // "http_requests_errors"
  std::string budget;    // the share that may be bad: "0.001"
  double budget_number;  // 0.001
  std::string sentence;  // "99.9 % of requests get no 5xx", for people
  std::string what;      // "Requests fail", for the summary of an alert
  std::string alert;     // "RequestErrorBudgetBurn"
};

// Points into `layout`, which must outlive it. Immutable.
struct Subject {
  const metrics::Layout* layout = nullptr;
  const metrics::Family* requests = nullptr;  // null: no metric tells of them
  const metrics::Family* size = nullptr;
  const metrics::Family* duration = nullptr;
  std::string status_label;
  double duration_unit_seconds = 1;

  std::string job;
  std::string datasource;                 // uid; empty: Grafana's default one
  std::optional<Objective> availability;  // there while `requests` is
  std::optional<Objective> latency;       // there while `duration` has buckets
  double latency_bound = 0;               // a bound of `duration`, in its unit
};

// What the operator asked for; what is left out has a default.
struct Wishes {
  std::optional<std::string> job;         // as Prometheus calls it
  std::optional<std::string> datasource;  // uid in Grafana
  std::optional<double> availability_percent;
  std::optional<double> latency_seconds;
  std::optional<double> latency_percent;
  // Where the value of a flag ("job", "slo.latency") was given, for errors.
  std::function<std::string(std::string_view flag)> where;
};

Result<Subject> MakeSubject(const Wishes& wishes, const metrics::Layout& layout);

}  // namespace parshall::monitoring
