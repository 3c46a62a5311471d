#include "rules/reader_relabel.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "rules/reader_metric.h"

namespace parshall::rules {
namespace {

const std::vector<Choice<RelabelAction>>& Actions() {
  static const std::vector<Choice<RelabelAction>> actions = {
      {"replace", RelabelAction::kReplace},     {"keep", RelabelAction::kKeep},
      {"drop", RelabelAction::kDrop},           {"keepequal", RelabelAction::kKeepEqual},
      {"dropequal", RelabelAction::kDropEqual}, {"hashmod", RelabelAction::kHashMod},
      {"labelmap", RelabelAction::kLabelMap},   {"labeldrop", RelabelAction::kLabelDrop},
      {"labelkeep", RelabelAction::kLabelKeep}, {"lowercase", RelabelAction::kLowercase},
      {"uppercase", RelabelAction::kUppercase}};
  return actions;
}

bool NeedsTarget(RelabelAction action) {
  switch (action) {
    case RelabelAction::kReplace:
    case RelabelAction::kKeepEqual:
    case RelabelAction::kDropEqual:
    case RelabelAction::kHashMod:
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
      return true;
    default:
      return false;
  }
}

bool NeedsSource(RelabelAction action) {
  return action != RelabelAction::kReplace && action != RelabelAction::kLabelMap &&
         action != RelabelAction::kLabelDrop && action != RelabelAction::kLabelKeep;
}

// What a target_label may be: a label's name, or one with $1 in it.
std::string TargetFault(const std::string& target) {
  if (target == "__name__") return "the name of a metric is said by `name:`, not by relabelling";
  if (target == "le" || target == "quantile") return target + " belongs to the parts of a metric";
  if (target.find('$') == std::string::npos && !LegalLabelName(target)) {
    return Quoted(target) + " is no name of a label";
  }
  return {};
}

RelabelSpec ReadStep(Section* section) {
  RelabelSpec step;
  step.where = section->where();
  const std::optional<RelabelAction> action = section->OneOf("action", Actions());
  const bool action_known = action || !section->Has("action");
  step.action = action.value_or(step.action);
  step.source_labels = section->Texts("source_labels").value_or(std::vector<std::string>());
  step.separator = section->Text("separator", true).value_or(step.separator);
  step.regex = section->Text("regex", true).value_or(step.regex);
  step.target_label = section->Text("target_label").value_or("");
  step.replacement = section->Text("replacement", true).value_or(step.replacement);
  step.modulus =
      static_cast<uint64_t>(section->Integer("modulus", 1, int64_t{1} << 62).value_or(0));
  if (!action_known) {  // what it needs is not known either
    section->Finish();
    return step;
  }
  if (NeedsTarget(step.action)) {
    section->Require("target_label", "the label that is set");
  } else if (section->Has("target_label")) {
    section->Add("target_label", section->title() + ": target_label: this action sets none");
  }
  if (!step.target_label.empty()) {
    const std::string fault = TargetFault(step.target_label);
    if (!fault.empty()) section->Add("target_label", section->title() + ": target_label: " + fault);
  }
  if (NeedsSource(step.action)) section->Require("source_labels", "the labels whose values count");
  if (step.action == RelabelAction::kHashMod) {
    section->Require("modulus", "how many parts there are");
  } else if (section->Has("modulus")) {
    section->Add("modulus", section->title() + ": modulus: is for hashmod only");
  }
  section->Finish();
  return step;
}

}  // namespace

void ReadRelabel(Section* metric_section, MetricSpec* metric, Faults* faults) {
  const YamlNode* node = metric_section->Get("relabel");
  if (node == nullptr) return;
  const std::string name = metric_section->title() + ": relabel: ";
  if (node->kind != YamlKind::kList || node->items.empty()) {
    metric_section->Add(*node, name + "must be a list of steps, as relabel_configs of Prometheus");
    return;
  }
  if (node->items.size() > kRelabelStepsMax) {
    metric_section->Add(*node, name + "more than " + std::to_string(kRelabelStepsMax) + " steps");
    return;
  }
  for (const YamlNode& item : node->items) {
    Section section(metric_section->file(), item, metric_section->title() + ": relabel", faults);
    if (item.kind == YamlKind::kMapping) metric->relabel.push_back(ReadStep(&section));
  }
  const bool templates = std::any_of(metric->labels.begin(), metric->labels.end(),
                                     [](const LabelSpec& label) { return label.path_template; });
  if (metric->remove || templates) {
    metric_section->Add(*node, name +
                                   "cannot stand beside delete: or a label with template:, which "
                                   "have to find their labels again");
  }
}

bool ReadOwnName(Section* section, const std::string& name, std::optional<MetricKind> kind,
                 MetricSpec* metric) {
  const size_t open = name.find('{');
  if (open == std::string::npos) {
    if (section->Has("names_max")) {
      section->Add("names_max", section->title() + ": names_max: is for names with a {field}");
    }
    return false;
  }
  LabelSpec part;
  part.name = "__name__";
  part.text = name;
  part.name_part = true;
  part.where = metric->where;
  part.limit = static_cast<uint32_t>(section->Integer("names_max", 1, 10'000).value_or(100));
  const size_t close = name.find('}', open);
  const bool whole = close != std::string::npos && close > open + 1 &&
                     name.find_first_of("{}", close + 1) == std::string::npos;
  if (whole) part.field = name.substr(open + 1, close - open - 1);
  // With a word in the field's place, the name must be a good one.
  const std::string trial = whole ? name.substr(0, open) + "x" + name.substr(close + 1) : name;
  if (!whole) {
    section->Add("name",
                 section->title() + ": a name has one {field}, as in app_{component}_seconds");
  } else if (trial == "x") {
    section->Add("name", section->title() +
                             ": a name is not a field alone; what is before or behind it tells "
                             "whose metric it is");
  } else if (const std::string fault = MetricNameFault(trial, kind); !fault.empty()) {
    section->Add("name", section->title() + ": " + fault);
  }
  metric->labels.push_back(std::move(part));
  return true;
}

}  // namespace parshall::rules
