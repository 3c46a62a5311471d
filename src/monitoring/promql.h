#pragma once
// Queries of PromQL about families of metrics: how series are named on Prometheus's side, quoted,
// and put together for classic and native histograms alike.

#include <string>
#include <string_view>
#include <vector>

#include "metrics/layout.h"

namespace parshall::monitoring {

// "a\"b" in quotes, escaped as PromQL wants it.
std::string PromqlString(std::string_view text);

// `name{matchers}`; a name that PromQL would take for a word or a number becomes {__name__="…"}.
std::string Selector(std::string_view name, std::string_view matchers);

// "a, b"; nothing for empty parts.
std::string JoinMatchers(std::string_view a, std::string_view b);

// What a label of ours is called behind a scrape: Prometheus keeps `job` and `instance` for the
// target's own and calls ours exported_job.
std::string ScrapedLabel(std::string_view name);

// The labels of a family's series as Prometheus has them; what a relabelling leaves is not known.
std::vector<std::string> ScrapedLabels(const metrics::Family& family);

// The matcher of one bucket: the text format says le="1", OpenMetrics le="1.0".
std::string BucketMatcher(double bound);

// Queries about the series `family`.name + part that `matchers` choose. Metrics whose names come
// with the records are all of them, told apart by the label of OwnNameLabel().
class FamilyQuery {
 public:
  FamilyQuery(const metrics::Family& family, std::string_view matchers)
      : family_(family), matchers_(matchers) {}

  // The series as they are.
  std::string Series(std::string_view part = "", std::string_view also = "") const;
  // rate(series[window])
  std::string Rate(std::string_view part, std::string_view window,
                   std::string_view also = "") const;
  // sum by (labels) (rate(…)) of how often something happened: a counter, or observations.
  std::string CountRate(std::string_view window, std::string_view by,
                        std::string_view also = "") const;
  // Histograms: the sum of the values a second, their quantile, their buckets a second.
  std::string SumRate(std::string_view window, std::string_view by) const;
  std::string Quantile(std::string_view quantile, std::string_view window,
                       std::string_view by) const;
  std::string BucketRate(std::string_view window) const;

  // The label that holds the name; empty for families of one name.
  std::string OwnNameLabel() const;

 private:
  const metrics::Family& family_;
  std::string matchers_;
};

// "a, b, c"; and in Grafana's legends "{{a}} {{b}} {{c}}".
std::string JoinLabels(const std::vector<std::string>& labels);
std::string LegendOf(const std::vector<std::string>& labels);

}  // namespace parshall::monitoring
