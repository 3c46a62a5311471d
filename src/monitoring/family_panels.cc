// Panels for metrics of which only their kind, labels and name are known.

#include <fmt/format.h>

#include <array>

#include "monitoring/dashboard.h"
#include "monitoring/promql.h"

namespace parshall::monitoring {
namespace {

using rules::MetricKind;

// More lines than that nobody tells apart.
constexpr std::string_view kTop = "topk(20, {})";

// The labels of a family's lines; what a relabelling leaves is not known.
std::vector<std::string> LineLabels(const metrics::Family& family, const FamilyQuery& query) {
  std::vector<std::string> labels;
  if (!family.relabelled) labels = ScrapedLabels(family);
  if (family.own_names) labels.insert(labels.begin(), query.OwnNameLabel());
  return labels;
}

void AddCounter(const metrics::Family& family, const FamilyQuery& query, PanelGrid* grid) {
  const std::vector<std::string> labels = LineLabels(family, query);
  // Without known labels the series are shown as they are.
  const std::string rate =
      family.relabelled && !family.own_names
          ? fmt::format("sum without (job, instance) ({})", query.Rate("", kRateWindow))
          : query.CountRate(kRateWindow, JoinLabels(labels));
  grid->Add(TimeSeries({family.name,
                        Describe(family, "Per second, the 20 greatest."),
                        UnitOf(family.name, true),
                        {{fmt::format(fmt::runtime(kTop), rate), LegendOf(labels)}}}),
            12);
}

void AddGauge(const metrics::Family& family, const FamilyQuery& query, PanelGrid* grid) {
  std::vector<std::string> labels = LineLabels(family, query);
  labels.emplace_back("instance");
  grid->Add(TimeSeries({family.name,
                        Describe(family, "The 20 greatest."),
                        UnitOf(family.name, false),
                        {{fmt::format(fmt::runtime(kTop), query.Series()), LegendOf(labels)}}}),
            12);
}

void AddHistogram(const metrics::Family& family, PanelGrid* grid) {
  const std::string unit = UnitOf(family.name, false);
  grid->Add(TimeSeries(QuantilePanel(family, family.name,
                                     Describe(family,
                                              "So many of 100 values are smaller; between "
                                              "the bounds of buckets it is an estimate."),
                                     unit)),
            12);
  grid->Add(Heatmap(BucketPanel(family, family.name + ", all values",
                                Describe(family, "Values per second in each bucket."), unit)),
            12);
}

void AddSummary(const metrics::Family& family, const FamilyQuery& query, PanelGrid* grid) {
  std::vector<std::string> labels = LineLabels(family, query);
  const std::string by = JoinLabels(labels);
  const std::string unit = UnitOf(family.name, false);
  labels.emplace_back("instance");
  std::vector<PanelQuery> queries;
  for (const double quantile : family.quantiles) {
    // As the text format and OpenMetrics write it, "1" and "1.0".
    queries.push_back({query.Series("", fmt::format("quantile=~\"{}([.]0)?\"", quantile)),
                       fmt::format("{} {}", quantile, LegendOf(labels))});
  }
  if (!queries.empty()) {
    grid->Add(TimeSeries({family.name,
                          Describe(family,
                                   "Quantiles of each instance over its last minutes; they "
                                   "cannot be added up."),
                          unit, std::move(queries)}),
              12);
  }
  labels.pop_back();
  grid->Add(TimeSeries({family.name + ", mean",
                        Describe(family, "The mean of the values."),
                        unit,
                        {{fmt::format(fmt::runtime(kTop),
                                      fmt::format("{} / ({} > 0)", query.SumRate(kRateWindow, by),
                                                  query.CountRate(kRateWindow, by))),
                          LegendOf(labels)}}}),
            12);
}

void AddStateSet(const metrics::Family& family, const FamilyQuery& query, PanelGrid* grid) {
  grid->Add(Stacked({family.name,
                     Describe(family, "How many are in each state."),
                     "short",
                     {{fmt::format("sum by ({}) ({})", family.name, query.Series()),
                       "{{" + family.name + "}}"}}}),
            12);
}

void AddInfo(const metrics::Family& family, const FamilyQuery& query, PanelGrid* grid) {
  grid->Add(Table({family.name,
                   Describe(family, "One row for each set of labels that was met."),
                   "short",
                   {{query.Series(), ""}}}),
            12);
}

}  // namespace

std::string Describe(const metrics::Family& family, std::string_view sentence) {
  const char* stop = family.help.empty() || family.help.ends_with('.') ? "" : ".";
  return fmt::format("{}{} {}", family.help, stop, sentence);
}

std::string UnitOf(std::string_view name, bool rate) {
  struct Unit {
    std::string_view ending;
    std::string_view unit;
    std::string_view per_second;
  };
  static constexpr std::array kUnits = {
      Unit{"_seconds", "s", "short"},       Unit{"_milliseconds", "ms", "short"},
      Unit{"_ms", "ms", "short"},           Unit{"_microseconds", "µs", "short"},
      Unit{"_us", "µs", "short"},           Unit{"_nanoseconds", "ns", "short"},
      Unit{"_bytes", "bytes", "Bps"},       Unit{"_ratio", "percentunit", "short"},
      Unit{"_celsius", "celsius", "short"}, Unit{"_requests", "short", "reqps"},
  };
  if (name.ends_with("_total")) name.remove_suffix(std::string_view("_total").size());
  for (const Unit& unit : kUnits) {
    if (name.ends_with(unit.ending)) return std::string(rate ? unit.per_second : unit.unit);
  }
  return rate ? "cps" : "short";
}

Panel QuantilePanel(const metrics::Family& family, std::string title, std::string description,
                    std::string unit) {
  const FamilyQuery query(family, kVariables);
  const std::string by = query.OwnNameLabel();
  const std::string legend = by.empty() ? "" : " {{" + by + "}}";
  Panel panel{std::move(title), std::move(description), std::move(unit), {}};
  for (const auto& [quantile, name] :
       {std::pair<const char*, const char*>{"0.5", "50 %"}, {"0.9", "90 %"}, {"0.99", "99 %"}}) {
    panel.queries.push_back({query.Quantile(quantile, kRateWindow, by), name + legend});
  }
  return panel;
}

Panel BucketPanel(const metrics::Family& family, std::string title, std::string description,
                  std::string unit) {
  const FamilyQuery query(family, kVariables);
  return {std::move(title),
          std::move(description),
          std::move(unit),
          {{query.BucketRate(kRateWindow), "{{le}}"}}};
}

void AddFamilyPanels(const metrics::Family& family, PanelGrid* grid) {
  const FamilyQuery query(family, kVariables);
  switch (family.kind) {
    case MetricKind::kCounter:
      return AddCounter(family, query, grid);
    case MetricKind::kGauge:
      return AddGauge(family, query, grid);
    case MetricKind::kHistogram:
      return AddHistogram(family, grid);
    case MetricKind::kSummary:
      return AddSummary(family, query, grid);
    case MetricKind::kInfo:
      return AddInfo(family, query, grid);
    case MetricKind::kStateSet:
      return AddStateSet(family, query, grid);
  }
}

}  // namespace parshall::monitoring
