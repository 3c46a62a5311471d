// parshall generate alerts: objectives that burn too fast, and everything about parshall itself
// that somebody should know of.

#include <fmt/format.h>

#include "monitoring/products.h"
#include "monitoring/promql.h"
#include "monitoring/rule_file.h"

namespace parshall::monitoring {
namespace {

constexpr std::string_view kCritical = "critical";
constexpr std::string_view kWarning = "warning";

// Both windows must burn; see BurnWindow.
void AddBurnAlerts(const Subject& subject, const Objective& objective, PrometheusGroup* group) {
  const std::string job = "job=" + PromqlString(subject.job);
  for (const BurnWindow& window : kBurnWindows) {
    // More than everything cannot be bad: with so large a budget this window has nothing to say.
    if (window.factor_number * objective.budget_number >= 1) continue;
    PrometheusRule rule;
    rule.alert = objective.alert;
    rule.expression = fmt::format("{} > {} * {}\nand\n{} > {} * {}",
                                  Selector(RecordedRatio(objective.bad, window.over_long), job),
                                  window.factor, objective.budget,
                                  Selector(RecordedRatio(objective.bad, window.over_short), job),
                                  window.factor, objective.budget);
    rule.labels = {{"severity", std::string(window.severity)},
                   {"window", std::string(window.over_long)}};
    rule.annotations = {
        {"summary", fmt::format("{}: {{{{ $value | humanizePercentage }}}} in {}", objective.what,
                                window.over_long)},
        {"description",
         fmt::format("The objective is that {}. At this pace, {} times what it allows, the budget "
                     "of 30 days is gone in {}. Job {{{{ $labels.job }}}}.",
                     objective.sentence, window.factor, window.budget_lasts)}};
    group->rules.push_back(std::move(rule));
  }
}

// One alert about parshall itself; `%` in the expression stands for the matcher of the job.
struct OwnAlert {
  std::string_view name;
  std::string_view expression;
  std::string_view hold;
  std::string_view severity;
  std::string_view summary;
  std::string_view description;
};

constexpr OwnAlert kRunning[] = {
    {"ParshallDown", "up{%} == 0", "5m", kCritical,
     "parshall does not answer ({{ $labels.instance }})",
     "Prometheus has had no scrape of it for 5 minutes: it is down, or its address, certificate or "
     "password is another one. With --state nothing is lost while it is down."},
    {"ParshallAbsent", "absent(up{%})", "10m", kCritical,
     "Prometheus has no target for parshall ({{ $labels.job }})",
     "No target of the job was there for 10 minutes; look at scrape_configs and service "
     "discovery."},
    {"ParshallConfigReloadFailed", "parshall_config_last_reload_successful{%} == 0", "5m", kWarning,
     "parshall runs with an old configuration ({{ $labels.instance }})",
     "The last reload failed and the rules of before go on. `parshall check` says what is wrong."},
    {"ParshallStateNotWritten", "increase(parshall_state_write_errors_total{%}[15m]) > 0", "5m",
     kCritical, "parshall cannot write its state ({{ $labels.instance }})",
     "After a crash it would begin where the last snapshot was. Look at the disk of --state."},
    {"ParshallStateRefused",
     "parshall_state_refused_files_total{%} > 0\n"
     "and on (job, instance) time() - process_start_time_seconds{%} < 3600",
     "", kWarning, "parshall found a damaged state when it started ({{ $labels.instance }})",
     "A snapshot was torn or foreign, and an older one, or none, was taken. Its log says which."},
};

constexpr OwnAlert kLines[] = {
    // More than so many of a hundred lines are a changed format, not the odd line of a scanner.
    {"ParshallLinesUnmatched",
     "job_instance_source:parshall_lines_unmatched:ratio_rate30m{%} > 0.05", "15m", kWarning,
     "Lines are not understood ({{ $labels.instance }})",
     "{{ $value | humanizePercentage }} of the lines of {{ $labels.source }} match no rule: a "
     "format "
     "has changed. `parshall explain --unmatched --url …` shows them."},
    {"ParshallLinesRejected", "job_instance_source:parshall_lines_rejected:ratio_rate30m{%} > 0.01",
     "15m", kWarning, "Values in lines are not of their type ({{ $labels.instance }})",
     "{{ $value | humanizePercentage }} of the lines of {{ $labels.source }} have a value that is "
     "not "
     "of its type; they are recorded as text and not measured."},
    {"ParshallLinesCut", "increase(parshall_lines_total{%, outcome=\"oversized\"}[1h]) > 0", "",
     kWarning, "Lines are too long ({{ $labels.instance }})",
     "Lines of {{ $labels.source }} were cut within the last hour; see --line-bytes-max."},
    {"ParshallBytesLost", "increase(parshall_source_lost_bytes_total{%}[1h]) > 0", "", kCritical,
     "Log was lost before it could be read ({{ $labels.instance }})",
     "{{ $value | humanize }} bytes of {{ $labels.source }} were truncated or deleted unread "
     "within "
     "the last hour. Rotate by renaming, and keep one old file."},
    {"ParshallRecordsDropped", "increase(parshall_output_dropped_records_total{%}[1h]) > 0", "",
     kCritical, "Records were dropped ({{ $labels.instance }})",
     "{{ $value | humanize }} records could not be written within the last hour and were dropped, "
     "as "
     "--output.on-error drop says. Look at the disk of the output."},
    {"ParshallOutputPaused", "parshall_output_paused{%} == 1", "5m", kCritical,
     "parshall waits because records cannot be written ({{ $labels.instance }})",
     "Reading has stood still for 5 minutes; nothing is lost while the logs are kept. Look at the "
     "disk of the output."},
    {"ParshallLag", "parshall_source_lag_seconds{%} > 60", "5m", kWarning,
     "parshall lags behind its sources ({{ $labels.instance }})",
     "The oldest unread byte of {{ $labels.source }} is {{ $value | humanizeDuration }} old. More "
     "--threads help with files; `parshall check --plans` shows slow rules."},
};

constexpr OwnAlert kSeries[] = {
    {"ParshallLabelOverflow",
     "sum by (job, instance, metric, label) (increase(parshall_metric_overflow_total{%}[1h])) > 0",
     "", kWarning, "A label has more values than its limit ({{ $labels.instance }})",
     "{{ $labels.label }} of {{ $labels.metric }}: {{ $value | humanize }} records within the last "
     "hour stand as __other__. Bound the label in its rule, or raise its limit."},
    {"ParshallLabelNearLimit",
     "parshall_metric_label_values{%} / parshall_metric_label_limit{%} > 0.9", "30m", kWarning,
     "A label has nearly as many values as its limit ({{ $labels.instance }})",
     "{{ $labels.label }} of {{ $labels.metric }} has {{ $value | humanizePercentage }} of its "
     "limit; "
     "beyond it values stand as __other__."},
    {"ParshallObservationsRefused",
     "sum by (job, instance, metric, reason) (increase(parshall_metric_rejected_total{%}[1h])) > 0",
     "", kWarning, "A metric refuses values ({{ $labels.instance }})",
     "{{ $labels.metric }} refused {{ $value | humanize }} values within the last hour: "
     "{{ $labels.reason }}. docs/METRICS.md says what that means."},
};

std::string WithJob(std::string_view expression, const std::string& job) {
  std::string out;
  for (const char c : expression) {
    if (c == '%') {
      out += job;
    } else {
      out += c;
    }
  }
  return out;
}

PrometheusRule MakeRule(const OwnAlert& alert, const std::string& job) {
  PrometheusRule rule;
  rule.alert = alert.name;
  rule.expression = WithJob(alert.expression, job);
  rule.hold = alert.hold;
  rule.labels = {{"severity", std::string(alert.severity)}};
  rule.annotations = {{"summary", std::string(alert.summary)},
                      {"description", std::string(alert.description)}};
  return rule;
}

}  // namespace

std::string AlertRules(const Subject& subject) {
  std::string comment =
      "Written by `parshall generate alerts`. Load it beside what `parshall generate recording` "
      "writes, which it reads.";
  PrometheusGroup objectives{"parshall-objectives-alerts", "", {}};
  for (const std::optional<Objective>* objective : {&subject.availability, &subject.latency}) {
    if (!*objective) continue;
    comment += "\nObjective: " + (*objective)->sentence + ".";
    AddBurnAlerts(subject, **objective, &objectives);
  }
  const std::string job = "job=" + PromqlString(subject.job);
  PrometheusGroup running{"parshall-running-alerts", "", {}};
  for (const OwnAlert& alert : kRunning) running.rules.push_back(MakeRule(alert, job));
  PrometheusGroup lines{"parshall-lines-alerts", "", {}};
  for (const OwnAlert& alert : kLines) lines.rules.push_back(MakeRule(alert, job));
  PrometheusGroup series{"parshall-series-alerts", "", {}};
  for (const OwnAlert& alert : kSeries) series.rules.push_back(MakeRule(alert, job));
  return RuleFileText(comment, {objectives, running, lines, series});
}

}  // namespace parshall::monitoring
