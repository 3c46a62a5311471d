#include "monitoring/promql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "metrics/exposition_writer.h"

namespace parshall::monitoring {
namespace {

// PromQL's lexer knows these in any case; as names of metrics they only stand in quotes.
// (promql/parser/lex.go: key, and the numbers.)
constexpr std::array<std::string_view, 35> kWords = {
    "and",          "or",          "unless",   "atan2",    "sum",     "avg",       "count",
    "min",          "max",         "group",    "stddev",   "stdvar",  "topk",      "bottomk",
    "count_values", "quantile",    "offset",   "by",       "without", "on",        "ignoring",
    "group_left",   "group_right", "bool",     "start",    "end",     "inf",       "nan",
    "limitk",       "limit_ratio", "anchored", "smoothed", "fill",    "fill_left", "fill_right"};

bool IsWord(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// The name of a metric whose names come with the records, as an expression over __name__.
std::string NamePattern(std::string_view name) {
  const size_t open = name.find('{');
  const size_t close = name.find('}');
  return fmt::format("{}.+{}", name.substr(0, open),
                     close == std::string_view::npos ? "" : name.substr(close + 1));
}

std::string SumBy(std::string_view by, std::string_view inner) {
  if (by.empty()) return fmt::format("sum({})", inner);
  return fmt::format("sum by ({}) ({})", by, inner);
}

std::string WithLe(std::string_view by) { return by.empty() ? "le" : fmt::format("le, {}", by); }

}  // namespace

std::string PromqlString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string JoinMatchers(std::string_view a, std::string_view b) {
  return fmt::format("{}{}{}", a, a.empty() || b.empty() ? "" : ", ", b);
}

std::string Selector(std::string_view name, std::string_view matchers) {
  if (IsWord(name)) {
    return fmt::format("{{{}}}", JoinMatchers("__name__=" + PromqlString(name), matchers));
  }
  return matchers.empty() ? std::string(name) : fmt::format("{}{{{}}}", name, matchers);
}

std::string ScrapedLabel(std::string_view name) {
  if (name == "job" || name == "instance") return fmt::format("exported_{}", name);
  return std::string(name);
}

std::vector<std::string> ScrapedLabels(const metrics::Family& family) {
  std::vector<std::string> labels;
  for (const std::string& name : family.label_names) {
    if (name != "__name__") labels.push_back(ScrapedLabel(name));
  }
  return labels;
}

std::string BucketMatcher(double bound) {
  std::string text;
  std::string openmetrics;
  metrics::AppendBound(bound, false, &text);
  metrics::AppendBound(bound, true, &openmetrics);
  if (text == openmetrics) return fmt::format("le=\"{}\"", text);
  return fmt::format("le=~\"{}([.]0)?\"", text);
}

std::string FamilyQuery::OwnNameLabel() const {
  if (!family_.own_names) return {};
  std::string label = "metric_name";
  while (std::find(family_.label_names.begin(), family_.label_names.end(), label) !=
         family_.label_names.end()) {
    label += '_';
  }
  return label;
}

std::string FamilyQuery::Series(std::string_view part, std::string_view also) const {
  const std::string matchers = JoinMatchers(matchers_, also);
  if (!family_.own_names) return Selector(family_.name + std::string(part), matchers);
  const std::string names = fmt::format("__name__=~\"{}{}\"", NamePattern(family_.name), part);
  // A name is no label that sums can keep, and rates drop it.
  return fmt::format("label_replace({{{}}}, \"{}\", \"$1\", \"__name__\", \"(.+){}\")",
                     JoinMatchers(names, matchers), OwnNameLabel(), part);
}

std::string FamilyQuery::Rate(std::string_view part, std::string_view window,
                              std::string_view also) const {
  return fmt::format("rate({}[{}{}])", Series(part, also), window, family_.own_names ? ":" : "");
}

std::string FamilyQuery::CountRate(std::string_view window, std::string_view by,
                                   std::string_view also) const {
  const bool plain = family_.kind == rules::MetricKind::kCounter;
  if (plain) return SumBy(by, Rate("", window, also));
  std::string classic = SumBy(by, Rate("_count", window, also));
  if (family_.kind != rules::MetricKind::kHistogram || !family_.sketch) return classic;
  // A Prometheus that takes native histograms has no series of their parts.
  return fmt::format(
      "({} or {})", SumBy(by, fmt::format("histogram_count({})", Rate("", window, also))), classic);
}

std::string FamilyQuery::SumRate(std::string_view window, std::string_view by) const {
  std::string classic = SumBy(by, Rate("_sum", window));
  if (family_.kind != rules::MetricKind::kHistogram || !family_.sketch) return classic;
  return fmt::format("({} or {})", SumBy(by, fmt::format("histogram_sum({})", Rate("", window))),
                     classic);
}

std::string FamilyQuery::Quantile(std::string_view quantile, std::string_view window,
                                  std::string_view by) const {
  std::string classic = fmt::format("histogram_quantile({}, {})", quantile,
                                    SumBy(WithLe(by), Rate("_bucket", window)));
  if (!family_.sketch) return classic;
  return fmt::format("histogram_quantile({}, {}) or {}", quantile, SumBy(by, Rate("", window)),
                     classic);
}

std::string FamilyQuery::BucketRate(std::string_view window) const {
  std::string classic = SumBy("le", Rate("_bucket", window));
  if (!family_.sketch) return classic;
  return fmt::format("{} or {}", SumBy("", Rate("", window)), classic);
}

std::string JoinLabels(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) out += (out.empty() ? "" : ", ") + label;
  return out;
}

std::string LegendOf(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) {
    out += (out.empty() ? "{{" : " {{") + label + "}}";
  }
  return out;
}

}  // namespace parshall::monitoring
