#include "rules/reader_distribution.h"

#include <string>
#include <string_view>

#include "base/numbers.h"
#include "base/quoted.h"
#include "base/units.h"
#include "rules/reader.h"

namespace parshall::rules {
namespace {

constexpr double kMaxAgeSecondsMost = 7.0 * 86400;

bool NumberOf(const YamlNode& node, double* number) {
  const std::string text = (node.text.starts_with('.') ? "0" : "") + node.text;  // .5 is fine
  return node.kind == YamlKind::kScalar && node.plain && ParseDouble(text, number);
}

// A list of numbers that ascend.
std::vector<double> ReadNumbers(Section* section, std::string_view key, size_t most) {
  std::vector<double> numbers;
  const YamlNode* node = section->Get(key);
  if (node == nullptr) return numbers;
  const std::string name = section->title() + ": " + std::string(key) + ": ";
  if (node->kind != YamlKind::kList || node->items.empty()) {
    section->Add(*node, name + "must be a list of numbers");
    return numbers;
  }
  if (node->items.size() > most) {
    section->Add(*node, name + "more than " + std::to_string(most));
    return numbers;
  }
  for (const YamlNode& item : node->items) {
    double number = 0;
    const bool infinite = item.text.ends_with("Inf") || item.text.ends_with("inf");
    if (!NumberOf(item, &number)) {
      section->Add(item, name + (infinite ? "+Inf is always there and is not written"
                                          : Quoted(item.text) + " is not a number"));
    } else if (!numbers.empty() && number <= numbers.back()) {
      section->Add(item, name + "must ascend, and " + item.text + " does not");
    } else {
      numbers.push_back(number);
    }
  }
  return numbers;
}

void ReadSummary(Section* section, MetricSpec* metric) {
  constexpr size_t kQuantilesMax = 32;
  SummarySpec& summary = metric->summary;
  summary.quantiles = ReadNumbers(section, "quantiles", kQuantilesMax);
  for (const double quantile : summary.quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    section->Add("quantiles", section->title() + ": quantiles: are from 0 to 1: 0.99, not 99");
    break;
  }
  for (std::string_view key : {"max_age", "age_buckets"}) {
    if (section->Has(key) && !section->Has("quantiles")) {
      section->Add(key, section->title() + ": " + std::string(key) +
                            ": is about quantiles, and there are none");
    }
  }
  summary.age_buckets =
      static_cast<uint32_t>(section->Integer("age_buckets", 1, 100).value_or(summary.age_buckets));
  const std::optional<std::string> text = section->Text("max_age");
  if (!text) return;
  double seconds = 0;
  if (!ParseDuration(*text, &seconds) || seconds < 1 || seconds > kMaxAgeSecondsMost) {
    section->Add("max_age", section->title() +
                                ": max_age: must be a duration from 1s to 7d like 60s or 10m, "
                                "and this is " +
                                Quoted(*text));
    return;
  }
  summary.max_age_ms = static_cast<int64_t>(seconds * 1000);
}

// `native: true`, or a mapping that says how fine the buckets are.
void ReadNative(Section* metric_section, MetricSpec* metric, Faults* faults) {
  const YamlNode* node = metric_section->Get("native");
  if (node == nullptr) return;
  NativeSpec native;
  if (node->kind == YamlKind::kMapping) {
    Section section(metric_section->file(), *node, metric_section->title() + ": native", faults);
    native.schema = static_cast<int>(section.Integer("schema", 0, 8).value_or(native.schema));
    native.buckets_max = static_cast<uint32_t>(
        section.Integer("max_buckets", 20, 2000).value_or(native.buckets_max));
    if (const YamlNode* zero = section.Get("zero_threshold"); zero != nullptr) {
      if (!NumberOf(*zero, &native.zero_threshold) || native.zero_threshold <= 0) {
        section.Add(*zero, section.title() + ": zero_threshold: must be a number above 0");
      }
    }
    section.Finish();
  } else if (!metric_section->Bool("native").value_or(false)) {
    return;
  }
  metric->native = native;
}

void RefuseForOthers(Section* section, std::string_view key, std::string_view kind) {
  if (!section->Has(key)) return;
  const bool many = key.ends_with('s');
  section->Add(key, section->title() + ": " + std::string(key) + (many ? ": are" : ": is") +
                        " for " + std::string(kind) + " only");
}

}  // namespace

void ReadDistribution(Section* section, std::optional<MetricKind> kind, MetricSpec* metric,
                      Faults* faults) {
  metric->buckets = ReadNumbers(section, "buckets", kBucketsMax);
  ReadNative(section, metric, faults);
  ReadSummary(section, metric);
  if (!kind) return;
  if (*kind == MetricKind::kSummary) {
    section->Require("value", "the field that is observed");
  } else {
    for (std::string_view key : {"quantiles", "max_age", "age_buckets"}) {
      RefuseForOthers(section, key, "summaries");
    }
  }
  if (*kind == MetricKind::kHistogram) {
    section->Require("value", "the field that is observed");
    if (!metric->native) {
      section->Require("buckets", "the upper bounds in ascending order");
    }
  } else {
    RefuseForOthers(section, "buckets", "histograms");
    RefuseForOthers(section, "native", "histograms");
  }
}

}  // namespace parshall::rules
