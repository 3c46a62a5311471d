#include "rules/reader_metric.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/quoted.h"
#include "rules/reader.h"
#include "rules/reader_distribution.h"
#include "rules/reader_label_object.h"
#include "rules/reader_relabel.h"
#include "rules/reader_rule.h"
#include "rules/reader_series.h"
#include "rules/reader_template.h"

namespace parshall::rules {
namespace {

bool Letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool Digit(char c) { return c >= '0' && c <= '9'; }

const std::vector<Choice<MetricKind>>& MetricKinds() {
  static const std::vector<Choice<MetricKind>> kinds = {
      {"counter", MetricKind::kCounter},     {"gauge", MetricKind::kGauge},
      {"histogram", MetricKind::kHistogram}, {"summary", MetricKind::kSummary},
      {"info", MetricKind::kInfo},           {"stateset", MetricKind::kStateSet}};
  return kinds;
}

std::string_view KindWord(MetricKind kind) {
  for (const Choice<MetricKind>& choice : MetricKinds()) {
    if (choice.meaning == kind) return choice.word;
  }
  return {};
}

void ReadStates(Section* section, MetricSpec* metric) {
  constexpr size_t kStatesMax = 64;
  metric->states = section->Texts("states").value_or(std::vector<std::string>());
  if (metric->states.size() > kStatesMax) {
    section->Add("states", section->title() + ": states: more than " + std::to_string(kStatesMax));
  }
}

// `exemplar: trace_id`, or `exemplar: {trace_id: trace.id}` if the field has a name of its own.
void ReadExemplar(Section* section, MetricSpec* metric) {
  constexpr size_t kNameBytesMax = 63;
  const YamlNode* node = section->Get("exemplar");
  if (node == nullptr) return;
  const std::string name = section->title() + ": exemplar: ";
  const bool mapping = node->kind == YamlKind::kMapping;
  if (mapping && node->members.size() != 1) {
    section->Add(*node, name + "must name one field, as in {trace_id: trace.id}");
    return;
  }
  const YamlNode& field = mapping ? node->members[0].value : *node;
  metric->exemplar = section->TextOf(field, "exemplar:").value_or("");
  metric->exemplar_label = mapping ? node->members[0].key : metric->exemplar;
  if (metric->exemplar.empty()) return;
  if (!LegalLabelName(metric->exemplar_label) || metric->exemplar_label.starts_with("__") ||
      metric->exemplar_label.size() > kNameBytesMax) {
    section->Add(*node, name + Quoted(metric->exemplar_label) +
                            " is no name of a label; write {trace_id: " + metric->exemplar + "}");
  }
  const bool has_exemplars = metric->kind == MetricKind::kHistogram ||
                             (metric->kind == MetricKind::kCounter && !metric->cumulative);
  if (!has_exemplars) {
    section->Add(*node, name + "only counters that count and histograms have exemplars");
  }
}

void CheckLabelName(Section* section, const YamlMember& member, MetricKind kind, Faults* faults) {
  const Where where{section->file(), member.line, member.column};
  const std::string name = section->title() + ": label " + Quoted(member.key) + ": ";
  if (!LegalLabelName(member.key)) {
    faults->Add(where, name +
                           "a label's name is made of letters, digits and _, and does not begin "
                           "with a digit");
  } else if (member.key.starts_with("__")) {
    faults->Add(where, name + "names that begin with __ belong to Prometheus");
  } else if (member.key == "le" && kind == MetricKind::kHistogram) {
    faults->Add(where, name + "le is the label of a histogram's buckets");
  } else if (member.key == "quantile" && kind == MetricKind::kSummary) {
    faults->Add(where, name + "quantile is the label of a summary's quantiles");
  }
}

LabelSpec ReadLabel(Section* metric, const YamlMember& member, Faults* faults) {
  LabelSpec label;
  label.name = member.key;
  label.where = Where{metric->file(), member.line, member.column};
  if (member.value.kind == YamlKind::kScalar) {
    label.field = metric->TextOf(member.value, "label " + Quoted(member.key)).value_or("");
    return label;
  }
  Section section(metric->file(), member.value, metric->title() + ": label " + Quoted(member.key),
                  faults);
  label.field = section.Text("field").value_or("");
  label.text = section.Text("text").value_or("");
  const bool constant = section.Has("text");
  if (constant == section.Has("field") && member.value.kind == YamlKind::kMapping) {
    section.Add(member.value, section.title() + " needs either `field:` or `text:`");
  }
  for (std::string_view key : {"match", "other", "values", "limit", "template", "routes"}) {
    if (constant && section.Has(key)) {
      section.Add(key, section.title() + ": " + std::string(key) +
                           ": is for labels from a field, and this one is a constant");
    }
  }
  label.match = section.Text("match").value_or("");
  label.other = section.Text("other", true).value_or(label.other);
  label.values = section.Texts("values", true).value_or(std::vector<std::string>());
  label.limit = static_cast<uint32_t>(section.Integer("limit", 1, 1'000'000).value_or(label.limit));
  ReadTemplate(&section, &label);
  section.Finish();
  return label;
}

void ReadLabels(Section* section, MetricSpec* metric, Faults* faults) {
  const YamlNode* node = section->Get("labels");
  if (node == nullptr) return;
  if (node->kind != YamlKind::kMapping) {
    section->Add(*node, section->title() +
                            ": labels: must be a mapping (label: field), and this is " +
                            std::string(KindName(*node)));
    return;
  }
  if (node->members.size() > kLabelsMax) {
    section->Add(*node, section->title() + ": more than " + std::to_string(kLabelsMax) + " labels");
    return;
  }
  for (const YamlMember& member : node->members) {
    if (metric->kind == MetricKind::kStateSet && member.key == metric->name) {
      faults->Add(Where{section->file(), member.line, member.column},
                  section->title() + ": the label " + Quoted(member.key) + " names the states");
    }
    CheckLabelName(section, member, metric->kind, faults);
    metric->labels.push_back(ReadLabel(section, member, faults));
  }
}

// `value:`, `op:` and `states:` depend on the kind.
void ReadValue(Section* section, std::optional<MetricKind> kind, MetricSpec* metric) {
  // A gauge that is set shows what came last: two words for one thing, but `last` is no counter's.
  struct Op {
    GaugeOp op = GaugeOp::kSet;
    bool of_counters = false;
  };
  static const std::vector<Choice<Op>> ops = {{"set", {GaugeOp::kSet, true}},
                                              {"add", {GaugeOp::kAdd, true}},
                                              {"min", {GaugeOp::kMin, false}},
                                              {"max", {GaugeOp::kMax, false}},
                                              {"last", {GaugeOp::kSet, false}}};
  metric->value = section->Text("value").value_or("");
  const std::optional<Op> op = section->OneOf("op", ops);
  metric->op = op.value_or(Op()).op;
  ReadStates(section, metric);
  if (!kind) return;
  if (*kind == MetricKind::kGauge) {
    section->Require("value", "the field that the gauge takes");
  } else if (*kind == MetricKind::kCounter && section->Has("value")) {
    metric->cumulative = op && op->op == GaugeOp::kSet;
    if (op && !op->of_counters) {
      section->Add("op",
                   section->title() + ": op: of a counter is add, or set where the log counts");
    }
  } else if (section->Has("op")) {
    section->Add("op", section->title() + ": op: is for gauges, and for counters with `value:`");
  }
  if (*kind == MetricKind::kInfo && section->Has("value")) {
    section->Add("value", section->title() +
                              ": value: an info is always 1; what it tells are its "
                              "labels");
  }
  if (*kind == MetricKind::kStateSet) {
    section->Require("value", "the field that holds the state");
    section->Require("states", "what the state can be");
  } else if (section->Has("states")) {
    section->Add("states", section->title() + ": states: are for statesets only");
  }
}

// Every name under which a metric appears in an exposition, OpenMetrics' family names and _created
// included.
std::vector<std::string> ExposedNames(const MetricSpec& metric) {
  if (!metric.labels.empty() && metric.labels.front().name_part) return {metric.name};
  std::string family = metric.name;
  if (metric.kind == MetricKind::kCounter) {
    if (family.ends_with("_total")) family.resize(family.size() - 6);
    return {family, family + "_total", family + "_created"};
  }
  if (metric.kind == MetricKind::kInfo && family.ends_with("_info")) {
    return {family, family.substr(0, family.size() - 5)};
  }
  if (metric.kind == MetricKind::kSummary) {
    return {family, family + "_count", family + "_sum", family + "_created"};
  }
  if (metric.kind != MetricKind::kHistogram) return {family};
  return {family, family + "_bucket", family + "_count", family + "_sum", family + "_created"};
}

std::vector<std::string> LabelNames(const MetricSpec& metric) {
  std::vector<std::string> names;
  for (const LabelSpec& label : metric.labels) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined.empty() ? "none" : joined;
}

// How `metric` differs from the `first` of its name; empty if they agree.
std::string Disagreement(const MetricSpec& metric, const MetricSpec& first) {
  const std::string place = first.where.ToString();
  const std::string subject = "metric " + Quoted(metric.name);
  if (metric.kind != first.kind) {
    return subject + " is a " + std::string(KindWord(metric.kind)) + " here and a " +
           std::string(KindWord(first.kind)) + " in " + place;
  }
  if (metric.help != first.help) {
    return subject + " has another help here than in " + place;
  }
  if (metric.buckets != first.buckets) {
    return subject + " has other buckets here than in " + place;
  }
  if (metric.native != first.native) {
    return subject + " has other native buckets here than in " + place;
  }
  if (metric.summary != first.summary) {
    return subject + " has other quantiles here than in " + place;
  }
  if (!std::equal(metric.relabel.begin(), metric.relabel.end(), first.relabel.begin(),
                  first.relabel.end(), [](const auto& a, const auto& b) { return a.Same(b); })) {
    return subject + " is relabelled in another way here than in " + place;
  }
  if (metric.cumulative != first.cumulative) {
    return subject + " has another op here than in " + place;
  }
  if (metric.states != first.states) return subject + " has other states here than in " + place;
  if (metric.ttl_ms != first.ttl_ms) return subject + " has another ttl here than in " + place;
  if (!SameDelete(metric, first)) return subject + " has another delete here than in " + place;
  for (const LabelSpec& label : metric.labels) {
    for (const LabelSpec& known : first.labels) {
      if (label.name == known.name &&
          (label.path_template != known.path_template || label.routes != known.routes ||
           label.from_object != known.from_object)) {
        return subject + ": label " + Quoted(label.name) + " is made in another way here than in " +
               place;
      }
    }
  }
  if (LabelNames(metric) != LabelNames(first)) {
    return subject + " has the labels " + Join(LabelNames(metric)) + " here and " +
           Join(LabelNames(first)) + " in " + place;
  }
  return {};
}

}  // namespace

bool LegalLabelName(std::string_view name) {
  return !name.empty() && Letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return Letter(c) || Digit(c); });
}

std::string MetricNameFault(std::string_view name, std::optional<MetricKind> kind) {
  if (name.find(':') != std::string_view::npos) {
    return "a : in a metric's name is for recording rules";
  }
  if (!LegalLabelName(name)) {
    return "a metric's name is made of letters, digits and _, and does not begin with a digit";
  }
  if (name.starts_with("parshall_") || name.starts_with("process_")) {
    return "names that begin with parshall_ or process_ belong to the program itself";
  }
  if (!kind) return {};
  if (*kind == MetricKind::kCounter) {
    if (name.ends_with("_total") && name != "_total") return {};
    return "a counter's name ends in _total; write " + std::string(name) + "_total";
  }
  if (*kind == MetricKind::kInfo && (!name.ends_with("_info") || name == "_info")) {
    return "the name of an info ends in _info; write " + std::string(name) + "_info";
  }
  if (name.ends_with("_total")) return "only the name of a counter ends in _total";
  for (std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (name.ends_with(suffix)) {
      return "names that end in " + std::string(suffix) + " belong to the parts of a histogram";
    }
  }
  return {};
}

MetricSpec ReadMetric(const std::string& file, const YamlNode& node, Faults* faults) {
  MetricSpec metric;
  metric.where = PlaceOf(file, node);
  Section section(file, node, "a metric", faults);
  if (node.kind != YamlKind::kMapping) return metric;
  section.Require("name", "the name on /metrics");
  const std::optional<std::string> name = section.Text("name");
  if (name) section.set_title("metric " + Quoted(*name));
  section.Require("kind", "counter, gauge, histogram, summary, info or stateset");
  section.Require("help", "one sentence for those who read /metrics");
  const std::optional<MetricKind> kind = section.OneOf("kind", MetricKinds());
  metric.kind = kind.value_or(MetricKind::kCounter);
  metric.help = section.Text("help").value_or("");
  if (name) {
    metric.name = *name;
    if (!ReadOwnName(&section, *name, kind, &metric)) {
      const std::string fault = MetricNameFault(*name, kind);
      if (!fault.empty()) section.Add("name", section.title() + ": " + fault);
    }
  }
  metric.event = ReadEvent(&section);
  metric.rules = section.Texts("rules").value_or(std::vector<std::string>());
  metric.when = ReadConditions(&section);
  ReadValue(&section, kind, &metric);
  ReadDistribution(&section, kind, &metric, faults);
  ReadLabels(&section, &metric, faults);
  ReadLabelObject(&section, &metric, faults);
  ReadExemplar(&section, &metric);
  ReadSeries(&section, &metric, faults);
  ReadRelabel(&section, &metric, faults);
  section.Finish();
  return metric;
}

void CheckMetricNames(std::vector<MetricSpec>* metrics, Faults* faults) {
  std::unordered_map<std::string, size_t> firsts;  // by name
  std::unordered_map<std::string, size_t> owners;  // of every exposed name
  for (size_t i = 0; i < metrics->size(); ++i) {
    MetricSpec& metric = (*metrics)[i];
    if (metric.name.empty()) continue;
    const auto [first, fresh] = firsts.emplace(metric.name, i);
    if (!fresh) {
      const MetricSpec& known = (*metrics)[first->second];
      const std::string fault = Disagreement(metric, known);
      if (!fault.empty()) {
        faults->Add(metric.where, fault);
        continue;
      }
      std::vector<LabelSpec> ordered;
      for (const LabelSpec& label : known.labels) {
        ordered.push_back(*std::find_if(
            metric.labels.begin(), metric.labels.end(),
            [&](const LabelSpec& candidate) { return candidate.name == label.name; }));
      }
      metric.labels = std::move(ordered);
      continue;
    }
    for (const std::string& exposed : ExposedNames(metric)) {
      const auto [owner, free] = owners.emplace(exposed, i);
      if (free || owner->second == i) continue;
      const MetricSpec& other = (*metrics)[owner->second];
      faults->Add(metric.where, "metric " + Quoted(metric.name) + " and the " +
                                    std::string(KindWord(other.kind)) + " " + Quoted(other.name) +
                                    " in " + other.where.ToString() +
                                    " would both expose the name " + exposed);
      break;
    }
  }
}

}  // namespace parshall::rules
