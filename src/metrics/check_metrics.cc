// The faults of metrics as a whole. What one rule file can show alone (unknown keys, types) is the
// reader's; here are names that clash once everything stands in one exposition.

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "base/quoted.h"
#include "metrics/label_text.h"
#include "metrics/layout.h"
#include "metrics/metric_names.h"
#include "metrics/path_templates.h"
#include "metrics/process_metrics.h"
#include "metrics/relabel.h"

namespace parshall::metrics {
namespace {

using rules::MetricKind;
using rules::MetricSpec;

const char* KindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
    case MetricKind::kSummary:
      return "summary";
    case MetricKind::kInfo:
      return "info";
    case MetricKind::kStateSet:
      return "stateset";
  }
  return "metric";
}

// One thread. Collects the faults in the order of the metrics.
class Checker {
 public:
  explicit Checker(const ConstantLabels& constants) {
    for (const auto& [name, value] : constants) {
      if (!IsLabelName(name))
        Add("the constant label " + Quoted(name) + " is not a label name", {});
      if (!constants_.insert(name).second) {
        Add("the constant label " + Quoted(name) + " is given twice", {});
      }
    }
  }

  void Check(const MetricSpec& spec) {
    CheckName(spec);
    CheckValue(spec);
    CheckLabels(spec);
    CheckInit(spec);
    CheckRelabel(spec);
    CheckSameName(spec);
  }

  std::vector<Error> Take() { return std::move(errors_); }

 private:
  void Add(std::string what, const rules::Where& where) {
    errors_.push_back({std::move(what), where.ToString()});
  }

  static bool OwnName(const MetricSpec& spec) {
    return !spec.labels.empty() && spec.labels.front().name_part;
  }

  void CheckRelabel(const MetricSpec& spec) {
    for (const rules::RelabelSpec& step : spec.relabel) {
      const std::string fault = RelabelFault(step);
      if (!fault.empty())
        Add("metric " + Quoted(spec.name) + ": relabel: regex: " + fault, step.where);
    }
  }

  void CheckName(const MetricSpec& spec) {
    if (OwnName(spec)) return;  // the reader has seen to what can be seen of it
    if (!IsMetricName(spec.name)) {
      Add(Quoted(spec.name) +
              " is not a metric name: letters, digits, _ and : only, no digit first",
          spec.where);
    }
    if (spec.name.starts_with("parshall_") || IsProcessMetric(spec.name)) {
      Add("the name " + Quoted(spec.name) + " belongs to the program's own metrics", spec.where);
    }
  }

  void CheckValue(const MetricSpec& spec) {
    const bool counts_records = spec.kind == MetricKind::kCounter || spec.kind == MetricKind::kInfo;
    if (spec.kind == MetricKind::kInfo && !spec.name.ends_with("_info")) {
      Add("the name of the info " + Quoted(spec.name) + " must end in _info", spec.where);
    }
    if (spec.kind == MetricKind::kStateSet && spec.states.empty()) {
      Add("the stateset " + Quoted(spec.name) + " needs at least one state", spec.where);
    }
    if ((!counts_records || spec.cumulative) && spec.value.empty()) {
      Add("the " + std::string(KindName(spec.kind)) + " " + Quoted(spec.name) +
              " needs value:, the field it observes",
          spec.where);
    }
    if (spec.kind != MetricKind::kHistogram) return;
    if (spec.buckets.empty() && !spec.native) {
      Add("the histogram " + Quoted(spec.name) + " needs at least one bucket", spec.where);
    }
    for (size_t i = 0; i < spec.buckets.size(); ++i) {
      if (!std::isfinite(spec.buckets[i]) || (i > 0 && spec.buckets[i] <= spec.buckets[i - 1])) {
        Add("the buckets of " + Quoted(spec.name) + " must be finite numbers that ascend",
            spec.where);
        break;
      }
    }
  }

  void CheckLabels(const MetricSpec& spec) {
    std::set<std::string_view> names;
    size_t field_labels = 0;
    for (const rules::LabelSpec& label : spec.labels) {
      const std::string of = "the label " + Quoted(label.name) + " of " + Quoted(spec.name);
      if (!IsLabelName(label.name) && !label.name_part)
        Add(of + " is not a label name", label.where);
      if (label.name == "le" && spec.kind == MetricKind::kHistogram) {
        Add(of + " is taken: le names the bounds of the buckets", label.where);
      }
      if (label.name == "quantile" && spec.kind == MetricKind::kSummary) {
        Add(of + " is taken: quantile names the quantiles", label.where);
      }
      if (label.name == spec.name && spec.kind == MetricKind::kStateSet) {
        Add(of + " is taken: it names the states", label.where);
      }
      if (!names.insert(label.name).second) Add(of + " is given twice", label.where);
      if (constants_.contains(label.name)) {
        Add(of + " is also a constant label of every series", label.where);
      }
      if (!label.field.empty()) ++field_labels;
      CheckMatch(label, of);
    }
    if (field_labels > kFieldLabelsMax) {
      Add(Quoted(spec.name) + " has " + std::to_string(field_labels) +
              " labels from fields; there may be " + std::to_string(kFieldLabelsMax),
          spec.where);
    }
    if (spec.kind == MetricKind::kSummary && constants_.contains("quantile")) {
      Add("the constant label \"quantile\" clashes with those of " + Quoted(spec.name), spec.where);
    }
    if (spec.kind == MetricKind::kHistogram && constants_.contains("le")) {
      Add("the constant label \"le\" clashes with the buckets of " + Quoted(spec.name), spec.where);
    }
  }

  void CheckMatch(const rules::LabelSpec& label, const std::string& of) {
    if (label.match.empty()) return;
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_log_errors(false);
    const RE2 expression(label.match, options);
    if (!expression.ok()) Add("match: of " + of + ": " + expression.error(), label.where);
  }

  void CheckInitialPaths(const MetricSpec& spec, const rules::LabelSpec& label) {
    const PathTemplates templates(label.routes);
    for (const rules::LabelSet& set : spec.init) {
      for (const auto& [name, value] : set) {
        if (name != label.name || value == label.other || templates.CouldShow(value)) continue;
        Add("init: of " + Quoted(spec.name) + ": label " + Quoted(name) + " never has the value " +
                Quoted(value) +
                "; write a path, or its template with :id, :uuid … as they are shown, or give it "
                "`routes:`",
            spec.init_where);
        return;
      }
    }
  }

  // A label set that no record could ever have is a mistake.
  void CheckInit(const MetricSpec& spec) {
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_log_errors(false);
    options.set_dot_nl(true);
    for (const rules::LabelSpec& label : spec.labels) {
      if (label.path_template) CheckInitialPaths(spec, label);
      if (label.match.empty()) continue;
      const RE2 expression(label.match, options);
      if (!expression.ok()) continue;  // said already
      for (const rules::LabelSet& set : spec.init) {
        for (const auto& [name, value] : set) {
          if (name != label.name || value == label.other || RE2::FullMatch(value, expression)) {
            continue;
          }
          Add("init: of " + Quoted(spec.name) + ": label " + Quoted(name) +
                  " never has the value " + Quoted(value) + ", which does not fit its match:",
              spec.init_where);
          return;
        }
      }
    }
  }

  void CheckSameName(const MetricSpec& spec) {
    const auto [at, is_new] = by_name_.try_emplace(spec.name, &spec);
    if (!is_new) {
      CheckFits(spec, *at->second);
      return;
    }
    if (OwnName(spec)) return;
    for (const std::string& name : ExposedNames(spec.name, spec.kind)) {
      const auto [holder, free] = exposed_.try_emplace(name, &spec);
      if (!free) {
        Add(Quoted(spec.name) + " clashes with " + Quoted(holder->second->name) + " at " +
                holder->second->where.ToString() + ": both would show " + Quoted(name),
            spec.where);
        break;
      }
    }
  }

  // Two specs of one name feed one family; they must be alike.
  void CheckFits(const MetricSpec& spec, const MetricSpec& first) {
    const std::string there = " at " + first.where.ToString();
    if (spec.kind != first.kind) {
      Add("metric " + Quoted(spec.name) + " is a " + KindName(spec.kind) + " here and a " +
              KindName(first.kind) + there,
          spec.where);
      return;
    }
    if (spec.kind == MetricKind::kGauge && spec.op != first.op) {
      Add("the gauge " + Quoted(spec.name) + " has another operation" + there, spec.where);
    }
    if (spec.cumulative != first.cumulative || spec.states != first.states) {
      Add("metric " + Quoted(spec.name) + " has another operation or other states" + there,
          spec.where);
    }
    if (spec.ttl_ms != first.ttl_ms || spec.remove.has_value() != first.remove.has_value() ||
        (spec.remove && spec.remove->labels != first.remove->labels)) {
      Add("the series of " + Quoted(spec.name) + " go in another way" + there, spec.where);
    }
    if (!std::equal(spec.relabel.begin(), spec.relabel.end(), first.relabel.begin(),
                    first.relabel.end(), [](const auto& a, const auto& b) { return a.Same(b); })) {
      Add("metric " + Quoted(spec.name) + " is relabelled in another way" + there, spec.where);
    }
    if (spec.native != first.native || spec.summary != first.summary) {
      Add("metric " + Quoted(spec.name) + " has other native buckets or quantiles" + there,
          spec.where);
    }
    if (spec.buckets != first.buckets) {
      Add("the histogram " + Quoted(spec.name) + " has other buckets" + there, spec.where);
    }
    const auto same_name = [](const rules::LabelSpec& a, const rules::LabelSpec& b) {
      return a.name == b.name;
    };
    const auto same_template = [](const rules::LabelSpec& a, const rules::LabelSpec& b) {
      return a.name != b.name || (a.path_template == b.path_template && a.routes == b.routes);
    };
    if (spec.labels.size() == first.labels.size() &&
        !std::equal(spec.labels.begin(), spec.labels.end(), first.labels.begin(), same_template)) {
      Add("a label of " + Quoted(spec.name) + " has another template or other routes" + there,
          spec.where);
    }
    if (!std::equal(spec.labels.begin(), spec.labels.end(), first.labels.begin(),
                    first.labels.end(), same_name)) {
      Add("metric " + Quoted(spec.name) + " has other labels, or another order of them," + there,
          spec.where);
    }
  }

  std::set<std::string> constants_;
  std::map<std::string, const MetricSpec*> by_name_;
  std::map<std::string, const MetricSpec*> exposed_;
  std::vector<Error> errors_;
};

}  // namespace

std::vector<Error> CheckMetrics(const rules::RuleSet& rules, const ConstantLabels& constants) {
  Checker checker(constants);
  for (const rules::MetricSpec& spec : rules.metrics) checker.Check(spec);
  return checker.Take();
}

}  // namespace parshall::metrics
