#include "metrics/own_families.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

const char* TypeName(MetricType type, bool openmetrics) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Untyped:
      break;
  }
  return openmetrics ? "unknown" : "untyped";
}

std::string LabelText(const ClientMetric& metric, const ConstantLabels& constants) {
  std::string text;
  std::string scratch;
  for (const auto& [name, value] : metric.label) {
    AppendLabel(name, LabelValue(value, &scratch), &text);
  }
  for (const auto& constant : constants) {
    const bool taken =
        std::any_of(metric.label.begin(), metric.label.end(),
                    [&](const ClientMetric::Label& label) { return label.name == constant.first; });
    if (!taken) AppendLabel(constant.first, constant.second, &text);
  }
  return text;
}

// The samples of one own family.
// One thread.
class OwnPrinter {
 public:
  OwnPrinter(std::string name, bool openmetrics, ExpositionWriter* writer)
      : name_(std::move(name)), openmetrics_(openmetrics), writer_(*writer) {}

  void Print(MetricType type, const ClientMetric& metric, const std::string& labels) {
    switch (type) {
      case MetricType::Counter:
        return Sample("", labels, {}, metric.counter.value);
      case MetricType::Gauge:
        return Sample("", labels, {}, metric.gauge.value);
      case MetricType::Untyped:
        return Sample("", labels, {}, metric.untyped.value);
      case MetricType::Summary:
        for (const ClientMetric::Quantile& quantile : metric.summary.quantile) {
          Sample("", labels, Bound("quantile", quantile.quantile), quantile.value);
        }
        Sample("_sum", labels, {}, metric.summary.sample_sum);
        return Count("_count", labels, {}, metric.summary.sample_count);
      case MetricType::Histogram:
        return PrintHistogram(metric.histogram, labels);
    }
  }

 private:
  void PrintHistogram(const ClientMetric::Histogram& histogram, const std::string& labels) {
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
      if (std::isinf(bucket.upper_bound)) continue;
      Count("_bucket", labels, Bound("le", bucket.upper_bound), bucket.cumulative_count);
    }
    Count("_bucket", labels, Bound("le", std::numeric_limits<double>::infinity()),
          histogram.sample_count);
    const bool negative = !histogram.bucket.empty() && histogram.bucket.front().upper_bound < 0;
    if (openmetrics_ && (negative || !(histogram.sample_sum >= 0))) return;
    Sample("_sum", labels, {}, histogram.sample_sum);
    Count("_count", labels, {}, histogram.sample_count);
  }

  std::string Bound(std::string_view label, double bound) const {
    std::string text;
    AppendBound(bound, openmetrics_, &text);
    std::string whole;
    AppendLabel(label, text, &whole);
    return whole;
  }

  void Start(std::string_view suffix, const std::string& labels, const std::string& last_label) {
    writer_.Text(name_);
    writer_.Text(suffix);
    if (!labels.empty() || !last_label.empty()) {
      writer_.Text("{");
      writer_.Text(labels);
      if (!labels.empty() && !last_label.empty()) writer_.Text(",");
      writer_.Text(last_label);
      writer_.Text("}");
    }
    writer_.Text(" ");
  }

  void Sample(std::string_view suffix, const std::string& labels, const std::string& last_label,
              double value) {
    Start(suffix, labels, last_label);
    writer_.Number(value);
    writer_.Text("\n");
  }

  void Count(std::string_view suffix, const std::string& labels, const std::string& last_label,
             uint64_t value) {
    Start(suffix, labels, last_label);
    writer_.Integer(value);
    writer_.Text("\n");
  }

  const std::string name_;  // of the samples
  const bool openmetrics_;
  ExpositionWriter& writer_;
};

MetricFamily CounterFamily(std::string name, std::string help) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = MetricType::Counter;
  return family;
}

ClientMetric CounterRow(std::vector<ClientMetric::Label> labels, uint64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

// Which refusals a metric has a row for, from 0 on.
bool CanBe(Rejection rejection, const Family& metric) {
  const bool state_set = metric.kind == rules::MetricKind::kStateSet;
  switch (rejection) {
    case Rejection::kRelabelled:
      return metric.relabelled;
    case Rejection::kNameTaken:
      return metric.own_names;
    case Rejection::kNoLabels:
      return metric.from_object;
    case Rejection::kUnknownState:
      return state_set;
    case Rejection::kNegativeStep:
      return metric.kind == rules::MetricKind::kCounter && metric.cell_kind != CellKind::kCount;
    case Rejection::kNotFinite:
    case Rejection::kNotANumber:
      return !state_set && metric.cell_kind != CellKind::kCount;
  }
  return false;
}

MetricFamily Rejected(const Snapshot& snapshot) {
  MetricFamily family = CounterFamily(
      "parshall_metric_rejected_total",
      "Observations that a metric refused because of their value; they changed nothing.");
  for (size_t i = 0; i < snapshot.families().size(); ++i) {
    const Family& metric = snapshot.families()[i];
    for (size_t reason = 0; reason < kRejectionCount; ++reason) {
      const auto rejection = static_cast<Rejection>(reason);
      if (!CanBe(rejection, metric)) continue;
      family.metric.push_back(
          CounterRow({{"metric", metric.name}, {"reason", RejectionName(rejection)}},
                     snapshot.tallies()[i].rejected[reason]));
    }
  }
  return family;
}

MetricFamily Overflow(const Snapshot& snapshot) {
  const Layout& layout = snapshot.layout();
  std::map<std::pair<std::string, std::string>, uint64_t> counts;  // by metric and label
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const Group& group = layout.groups[i];
    for (const Step& step : group.steps) {
      for (size_t k = 0; k < group.field_labels.size(); ++k) {
        counts[{layout.families[step.family].name, group.labels[group.field_labels[k]].name}] +=
            snapshot.overflow()[i][k];
      }
    }
  }
  MetricFamily family = CounterFamily(
      "parshall_metric_overflow_total",
      "Records whose label value was beyond the limit of the label and stands as __other__.");
  for (const auto& [names, count] : counts) {
    family.metric.push_back(CounterRow({{"metric", names.first}, {"label", names.second}}, count));
  }
  return family;
}

MetricFamily GaugeFamily(std::string name, std::string help) {
  MetricFamily family = CounterFamily(std::move(name), std::move(help));
  family.type = MetricType::Gauge;
  return family;
}

ClientMetric GaugeRow(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

// Calls each(metric, label, group, index of the field label) for every label from a field. Metrics
// that share their look-up share what is known of their labels.
template <typename Each>
void ForEachFieldLabel(const Layout& layout, Each each) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (uint32_t i = 0; i < layout.groups.size(); ++i) {
    const Group& group = layout.groups[i];
    for (const Step& step : group.steps) {
      for (uint32_t k = 0; k < group.field_labels.size(); ++k) {
        const std::string& metric = layout.families[step.family].name;
        const std::string& label = group.labels[group.field_labels[k]].name;
        if (seen.emplace(metric, label).second) each(metric, label, i, k);
      }
    }
  }
}

// How full the limits are, and with what.
void LabelFamilies(const Snapshot& snapshot, std::vector<MetricFamily>* out) {
  constexpr double kShareLeast = 0.02;
  constexpr size_t kValuesShown = 5;
  MetricFamily values = GaugeFamily("parshall_metric_label_values",
                                    "Values of a label that have a place within its limit.");
  MetricFamily limits =
      GaugeFamily("parshall_metric_label_limit", "The greatest number of values of a label.");
  MetricFamily top = GaugeFamily(
      "parshall_metric_overflow_top_ratio",
      "Values that are frequent among those that stand as __other__, at least 2 in 100, by their "
      "share of them; estimated from a sample since the start of the process.");
  ForEachFieldLabel(snapshot.layout(), [&](const std::string& metric, const std::string& label,
                                           uint32_t group, uint32_t index) {
    const Snapshot::LabelUse use = snapshot.UseOf(group, index);
    const std::vector<ClientMetric::Label> names = {{"metric", metric}, {"label", label}};
    values.metric.push_back(GaugeRow(names, static_cast<double>(use.values)));
    limits.metric.push_back(GaugeRow(names, static_cast<double>(use.values_max)));
    const Offenders& offenders = snapshot.offenders()[group][index];
    for (const Offenders::Value& value : offenders.Top(kShareLeast, kValuesShown)) {
      top.metric.push_back(
          GaugeRow({{"metric", metric}, {"label", label}, {"value", value.text}},
                   static_cast<double>(value.sure()) / static_cast<double>(offenders.total())));
    }
  });
  for (MetricFamily* family : {&values, &limits, &top}) out->push_back(std::move(*family));
}

// Series that are gone; only of metrics whose series can go.
MetricFamily Gone(const Snapshot& snapshot) {
  MetricFamily family = CounterFamily(
      "parshall_metric_series_gone_total",
      "Series that went because they were not updated for the ttl, or because an event deleted "
      "them.");
  for (const Family& metric : snapshot.families()) {
    const Space& space = snapshot.layout().spaces[metric.space];
    const Snapshot::Gone& gone = snapshot.gone()[metric.space];
    if (space.ttl_ms > 0) {
      family.metric.push_back(
          CounterRow({{"metric", metric.name}, {"reason", "expired"}}, gone.expired));
    }
    if (!space.delete_labels.empty()) {
      family.metric.push_back(
          CounterRow({{"metric", metric.name}, {"reason", "deleted"}}, gone.deleted));
    }
  }
  return family;
}

MetricFamily SeriesCount(const Snapshot& snapshot) {
  MetricFamily family;
  family.name = "parshall_metric_series";
  family.help = "Series of a metric.";
  family.type = MetricType::Gauge;
  for (const Family& metric : snapshot.families()) {
    uint64_t count = 0;
    snapshot.ForEachRow(metric, [&](const Row&) { ++count; });
    ClientMetric row;
    row.label = {{"metric", metric.name}};
    row.gauge.value = static_cast<double>(count);
    family.metric.push_back(std::move(row));
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> MeterFamilies(const Snapshot& snapshot) {
  std::vector<MetricFamily> families = {Overflow(snapshot), Rejected(snapshot), Gone(snapshot),
                                        SeriesCount(snapshot)};
  LabelFamilies(snapshot, &families);
  return families;
}

void PrintOwnFamily(const MetricFamily& family, const ConstantLabels& constants, Dialect dialect,
                    ExpositionWriter* writer) {
  if (family.metric.empty()) return;
  const bool openmetrics = dialect == Dialect::kOpenMetrics;
  MetricType type = family.type;
  std::string name = family.name;
  if (openmetrics && type == MetricType::Counter) {
    if (name.ends_with("_total")) name.resize(name.size() - 6);
  }
  const bool total = name.size() != family.name.size();
  std::string head = "# HELP " + name + " ";
  AppendHelp(family.help, openmetrics, &head);
  head.append("\n# TYPE " + name + " ");
  const bool nameless = openmetrics && type == MetricType::Counter && !total;
  head.append(nameless ? "unknown" : TypeName(type, openmetrics));
  head.push_back('\n');
  writer->Text(head);

  std::vector<std::pair<std::string, const ClientMetric*>> rows;
  for (const ClientMetric& metric : family.metric) {
    rows.emplace_back(LabelText(metric, constants), &metric);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  OwnPrinter printer(family.name, openmetrics, writer);
  for (const auto& [labels, metric] : rows) printer.Print(type, *metric, labels);
}

}  // namespace parshall::metrics
