#include "app/label_trace.h"

#include <algorithm>

namespace parshall::app {
namespace {

constexpr std::string_view kOverLimit = "__other__";

std::string WhyOther(const rules::LabelSpec& label, const std::string& before, bool there,
                     const std::string& after) {
  if (after == kOverLimit) return "over the limit of its label or of all series";
  if (!there) return "there is no value";
  if (after != label.other) return label.path_template ? "template: path" : "made fit for a label";
  if (!label.values.empty() &&
      std::find(label.values.begin(), label.values.end(), before) == label.values.end()) {
    return "not in values:";
  }
  return label.match.empty() ? "other:" : "does not fit match:";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ParseLabels(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> labels;
  while (!text.empty()) {
    const size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) break;
    auto& [name, value] = labels.emplace_back(text.substr(0, equals), "");
    size_t at = equals + 2;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        ++at;
        value += text[at] == 'n' ? '\n' : text[at];
      } else {
        value += text[at];
      }
    }
    text.remove_prefix(std::min(at + 1, text.size()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return labels;
}

std::vector<LabelChange> TraceLabels(const std::vector<rules::MetricSpec>& metrics,
                                     const RuleTrial::Outcome& outcome) {
  std::vector<LabelChange> changes;
  for (const std::string& series : outcome.metrics) {
    const size_t open = series.find('{');
    const size_t close = series.rfind('}');
    if (open == std::string::npos || close == std::string::npos || close < open) continue;
    const std::string name = series.substr(0, open);
    const auto metric =
        std::find_if(metrics.begin(), metrics.end(),
                     [&name](const rules::MetricSpec& one) { return one.name == name; });
    if (metric == metrics.end()) continue;
    for (const auto& [label_name, after] :
         ParseLabels(std::string_view(series).substr(open + 1, close - open - 1))) {
      const auto label = std::find_if(
          metric->labels.begin(), metric->labels.end(),
          [&label_name = label_name](const auto& one) { return one.name == label_name; });
      if (label == metric->labels.end() || label->field.empty()) continue;
      const auto field =
          std::find_if(outcome.fields.begin(), outcome.fields.end(),
                       [&label](const RuleTrial::Field& one) { return one.name == label->field; });
      const bool there =
          field != outcome.fields.end() && field->type != "null" && field->type != "absent";
      const std::string before = there ? field->text : "null";
      if (there && before == after) continue;
      changes.push_back(
          {name, label_name, label->field, before, after, WhyOther(*label, before, there, after)});
    }
  }
  return changes;
}

}  // namespace parshall::app
