// parshall generate recording: what alerts and dashboard ask again and again, recorded once. Names
// are levels:metric:operations (prometheus.io/docs/practices/rules).

#include <fmt/format.h>

#include "monitoring/products.h"
#include "monitoring/promql.h"
#include "monitoring/rule_file.h"

namespace parshall::monitoring {
namespace {

// Rates of 5 minutes summed over the 30 days of the budget: one series each, never raw counters.
constexpr std::string_view kBudgetWindow = "30d";

struct Parts {
  std::string bad;
  std::string all;
};

// Without any error so far there is no series of errors, and that is a rate of 0.
Parts AvailabilityParts(const Subject& subject, std::string_view window) {
  const FamilyQuery query(*subject.requests, "job=" + PromqlString(subject.job));
  const std::string all = query.CountRate(window, "job");
  const std::string errors =
      query.CountRate(window, "job", fmt::format("{}=~\"5..\"", subject.status_label));
  return {fmt::format("({} or 0 * {})", errors, all), all};
}

Parts LatencyParts(const Subject& subject, std::string_view window) {
  const metrics::Family& family = *subject.duration;
  const FamilyQuery query(family, "job=" + PromqlString(subject.job));
  const std::string all = query.CountRate(window, "job");
  std::string fast = fmt::format(
      "sum by (job) ({})", query.Rate("_bucket", window, BucketMatcher(subject.latency_bound)));
  if (family.sketch) {  // a Prometheus that takes native histograms has no classic buckets
    fast = fmt::format(
        "(histogram_fraction(-Inf, {}, sum by (job) ({})) * sum by (job) (histogram_count({})) or "
        "{})",
        subject.latency_bound, query.Rate("", window), query.Rate("", window), fast);
  }
  return {fmt::format("({} - {})", all, fast), all};
}

using PartsOf = Parts (*)(const Subject&, std::string_view);

void AddObjective(const Subject& subject, const Objective& objective, PartsOf parts_of,
                  PrometheusGroup* often, PrometheusGroup* seldom) {
  const Parts rates = parts_of(subject, "5m");
  const auto record = [](PrometheusGroup* group, std::string name, std::string expression) {
    PrometheusRule rule;
    rule.record = std::move(name);
    rule.expression = std::move(expression);
    group->rules.push_back(std::move(rule));
  };
  record(often, RecordedRate(objective.all), rates.all);
  record(often, RecordedRate(objective.bad), rates.bad);
  const auto ratio = [&](PrometheusGroup* group, std::string_view window) {
    const Parts parts = parts_of(subject, window);
    // While nobody asks there is no ratio, and no division by zero.
    record(group, RecordedRatio(objective.bad, window),
           fmt::format("{}\n  / ({} > 0)", parts.bad, parts.all));
  };
  for (const std::string_view window : kWindowsOften) ratio(often, window);
  for (const std::string_view window : kWindowsSeldom) ratio(seldom, window);
  const std::string job = "job=" + PromqlString(subject.job);
  record(seldom, RecordedBudget(objective.bad),
         fmt::format("1 - sum_over_time({}[{}])\n  / (sum_over_time({}[{}]) > 0) / {}",
                     Selector(RecordedRate(objective.bad), job), kBudgetWindow,
                     Selector(RecordedRate(objective.all), job), kBudgetWindow, objective.budget));
}

PrometheusRule OutcomeRule(const Subject& subject, std::string_view outcome) {
  const std::string job = "job=" + PromqlString(subject.job);
  PrometheusRule rule;
  rule.record = RecordedOutcome(outcome);
  rule.expression = fmt::format(
      "sum by (job, instance, source) (rate(parshall_lines_total{{{}, outcome=\"{}\"}}[30m]))\n"
      "  / (sum by (job, instance, source) (rate(parshall_lines_read_total{{{}}}[30m])) > 0)",
      job, outcome, job);
  return rule;
}

}  // namespace

std::string RecordedRate(std::string_view what) { return fmt::format("job:{}:rate5m", what); }

std::string RecordedRatio(std::string_view bad, std::string_view window) {
  return fmt::format("job:{}:ratio_rate{}", bad, window);
}

std::string RecordedBudget(std::string_view bad) {
  return fmt::format("job:{}_budget:ratio{}", bad, kBudgetWindow);
}

std::string RecordedOutcome(std::string_view outcome) {
  return fmt::format("job_instance_source:parshall_lines_{}:ratio_rate30m", outcome);
}

std::string RecordingRules(const Subject& subject) {
  std::string comment =
      "Written by `parshall generate recording`. What the alerts and the dashboard of the same "
      "rules "
      "read.";
  PrometheusGroup often{"parshall-objectives", "30s", {}};
  // Long windows move slowly and cost more to read.
  PrometheusGroup seldom{"parshall-objectives-long", "2m", {}};
  if (subject.availability) {
    comment += "\nObjective: " + subject.availability->sentence + ".";
    AddObjective(subject, *subject.availability, AvailabilityParts, &often, &seldom);
  }
  if (subject.latency) {
    comment += "\nObjective: " + subject.latency->sentence + ".";
    AddObjective(subject, *subject.latency, LatencyParts, &often, &seldom);
  }
  PrometheusGroup lines{"parshall-lines", "30s", {}};
  lines.rules = {OutcomeRule(subject, "unmatched"), OutcomeRule(subject, "rejected")};
  return RuleFileText(comment, {often, seldom, lines});
}

}  // namespace parshall::monitoring
