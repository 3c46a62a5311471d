#include "rules/reader_label_object.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/quoted.h"
#include "rules/reader_metric.h"

namespace parshall::rules {
namespace {

// "event.labels" → labels: the label under which `__other__` stands.
std::string NameOf(const std::string& field) {
  std::string name = field.substr(field.rfind('.') + 1);
  for (char& c : name) {
    if (!LegalLabelName(std::string("x") + c)) c = '_';
  }
  const bool whole = LegalLabelName(name) && !name.starts_with("__");
  return whole ? name : "labels";
}

}  // namespace

void ReadLabelObject(Section* metric_section, MetricSpec* metric, Faults* faults) {
  const YamlNode* node = metric_section->Get("labels_from");
  if (node == nullptr) return;
  const std::string title = metric_section->title() + ": labels_from: ";
  LabelSpec label;
  label.from_object = true;
  label.other = "";
  label.where = PlaceOf(metric_section->file(), *node);
  if (node->kind == YamlKind::kMapping) {
    Section section(metric_section->file(), *node, metric_section->title() + ": labels_from",
                    faults);
    section.Require("field", "the object whose members are labels");
    label.field = section.Text("field").value_or("");
    label.limit =
        static_cast<uint32_t>(section.Integer("limit", 1, 1'000'000).value_or(label.limit));
    section.Finish();
  } else {
    label.field = metric_section->TextOf(*node, "labels_from:").value_or("");
  }
  if (label.field.empty()) return;
  label.name = NameOf(label.field);
  const bool taken = std::any_of(metric->labels.begin(), metric->labels.end(),
                                 [&](const LabelSpec& known) { return known.name == label.name; });
  if (taken) {
    metric_section->Add(*node, title + "the label " + Quoted(label.name) +
                                   " would stand for what is over the limit; call the one in "
                                   "`labels:` otherwise");
    return;
  }
  metric->labels.push_back(std::move(label));
}

}  // namespace parshall::rules
