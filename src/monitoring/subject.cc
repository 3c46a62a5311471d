#include "monitoring/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/quoted.h"
#include "base/utf8.h"

namespace parshall::monitoring {
namespace {

constexpr std::string_view kJob = "parshall";
constexpr double kAvailabilityPercent = 99.9;
constexpr double kLatencyPercent = 99;
constexpr double kLatencySeconds = 0.5;
constexpr size_t kJobBytesMax = 256;
constexpr size_t kUidBytesMax = 40;  // Grafana's

// Ten digits: 100 - 99.9 is not quite 0.1 as a double.
std::string Short(double number) { return fmt::format("{:.10g}", number); }

std::string Milliseconds(double seconds) {
  return seconds < 1 ? Short(seconds * 1000) + "ms" : Short(seconds) + "s";
}

Objective MakeObjective(std::string all, std::string_view bad, double percent) {
  Objective objective;
  objective.bad = all + std::string(bad);
  objective.all = std::move(all);
  objective.budget = Short((100 - percent) / 100);
  objective.budget_number = (100 - percent) / 100;
  return objective;
}

Status CheckTexts(const Wishes& wishes, Subject* subject) {
  subject->job = wishes.job.value_or(std::string(kJob));
  const bool plain = std::none_of(subject->job.begin(), subject->job.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (!plain || subject->job.size() > kJobBytesMax || !IsValidUtf8(subject->job)) {
    return Fail(fmt::format("{} is not a job of Prometheus: one line of UTF-8, at most {} bytes",
                            Quoted(subject->job), kJobBytesMax),
                wishes.where("job"));
  }
  subject->datasource = wishes.datasource.value_or("");
  const bool legal =
      std::all_of(subject->datasource.begin(), subject->datasource.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_';
      });
  if (!legal || subject->datasource.size() > kUidBytesMax) {
    return Fail(fmt::format("{} is not the uid of a data source: letters, digits, - and _, at "
                            "most {}; Grafana shows it in the address of the data source's page",
                            Quoted(subject->datasource), kUidBytesMax),
                wishes.where("datasource"));
  }
  return Ok();
}

// `bound` of the family that is the latency asked for, or the one nearest to the default.
Result<double> FindBound(const Wishes& wishes, const Subject& subject) {
  const std::vector<double>& bounds = subject.duration->buckets.bounds();
  const double wanted =
      wishes.latency_seconds.value_or(kLatencySeconds) / subject.duration_unit_seconds;
  const auto nearest = std::min_element(bounds.begin(), bounds.end(), [wanted](double a, double b) {
    return std::abs(a - wanted) < std::abs(b - wanted);
  });
  if (!wishes.latency_seconds || std::abs(*nearest - wanted) <= wanted * 1e-9) return *nearest;
  std::string list;
  for (const double bound : bounds) {
    if (bound > 0)
      list += (list.empty() ? "" : ", ") + Milliseconds(bound * subject.duration_unit_seconds);
  }
  return Fail(
      fmt::format("{} is not a bound of a bucket of {}, so nobody can count what is slower; "
                  "write one of {}",
                  Milliseconds(*wishes.latency_seconds), subject.duration->name, list),
      wishes.where("slo.latency"));
}

Status SetObjectives(const Wishes& wishes, Subject* subject) {
  if (subject->requests != nullptr) {
    std::string name = subject->requests->name;
    if (name.ends_with("_total")) name.resize(name.size() - std::string_view("_total").size());
    const double percent = wishes.availability_percent.value_or(kAvailabilityPercent);
    subject->availability = MakeObjective(std::move(name), "_errors", percent);
    subject->availability->sentence = fmt::format("{} % of requests get no 5xx", Short(percent));
    subject->availability->what = "Requests fail";
    subject->availability->alert = "RequestErrorBudgetBurn";
  } else if (wishes.availability_percent) {
    return Fail(
        "none of the active metrics counts requests by status, so availability has no "
        "meaning here",
        wishes.where("slo.availability"));
  }
  if (subject->duration != nullptr && !subject->duration->buckets.bounds().empty()) {
    const Result<double> bound = FindBound(wishes, *subject);
    if (!bound) return bound.error();
    subject->latency_bound = *bound;
    const double percent = wishes.latency_percent.value_or(kLatencyPercent);
    subject->latency = MakeObjective(subject->duration->name, "_slow", percent);
    subject->latency->sentence = fmt::format("{} % of requests take at most {}", Short(percent),
                                             Milliseconds(*bound * subject->duration_unit_seconds));
    subject->latency->what = "Requests are slow";
    subject->latency->alert = "RequestLatencyBudgetBurn";
  } else if (wishes.latency_seconds || wishes.latency_percent) {
    return Fail(
        "none of the active metrics is a histogram of durations with buckets, so latency "
        "has no meaning here",
        wishes.where(wishes.latency_seconds ? "slo.latency" : "slo.latency-target"));
  }
  return Ok();
}

}  // namespace

Result<Subject> MakeSubject(const Wishes& wishes, const metrics::Layout& layout) {
  Subject subject;
  subject.layout = &layout;
  const metrics::Roles roles = metrics::FindRoles(layout);
  // What is called by a field of the record has no one name that could be recorded.
  const auto family = [&](const std::optional<uint32_t>& index) -> const metrics::Family* {
    if (!index || layout.families[*index].own_names) return nullptr;
    return &layout.families[*index];
  };
  subject.requests = family(roles.requests);
  subject.size = family(roles.size);
  subject.duration = family(roles.duration);
  subject.status_label = roles.status_label;
  subject.duration_unit_seconds = roles.duration_unit_seconds;
  if (Status fine = CheckTexts(wishes, &subject); !fine) return fine.error();
  if (Status fine = SetObjectives(wishes, &subject); !fine) return fine.error();
  return subject;
}

}  // namespace parshall::monitoring
