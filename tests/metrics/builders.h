#pragma once
// What the tests of metrics/ build: metrics as the rules would have them, and records from texts.

#include <charconv>
#include <cmath>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/meter.h"
#include "metrics/store.h"

namespace parshall::metrics::testing {

// "f", 3 → "f3". (With +, g++ 12 at -O3 warns of an overlap that there is not.)
inline std::string Numbered(std::string_view text, int64_t number) {
  std::string numbered(text);
  numbered.append(std::to_string(number));
  return numbered;
}

inline rules::LabelSpec FieldLabel(std::string name) {
  rules::LabelSpec label;
  label.name = name;
  label.field = std::move(name);
  return label;
}

inline rules::LabelSpec ConstantLabel(std::string name, std::string text) {
  rules::LabelSpec label;
  label.name = std::move(name);
  label.text = std::move(text);
  return label;
}

inline rules::MetricSpec Counter(std::string name, std::vector<rules::LabelSpec> labels = {},
                                 std::string value = {}) {
  rules::MetricSpec spec;
  spec.name = std::move(name);
  spec.help = "Things that were counted.";
  spec.labels = std::move(labels);
  spec.value = std::move(value);
  return spec;
}

inline rules::MetricSpec Gauge(std::string name, rules::GaugeOp op,
                               std::vector<rules::LabelSpec> labels = {}) {
  rules::MetricSpec spec = Counter(std::move(name), std::move(labels), "value");
  spec.kind = rules::MetricKind::kGauge;
  spec.op = op;
  return spec;
}

inline rules::MetricSpec Histogram(std::string name, std::string value, std::vector<double> buckets,
                                   std::vector<rules::LabelSpec> labels = {}) {
  rules::MetricSpec spec = Counter(std::move(name), std::move(labels), std::move(value));
  spec.kind = rules::MetricKind::kHistogram;
  spec.buckets = std::move(buckets);
  return spec;
}

inline const std::vector<double> kSizeBuckets = {100,   250,    500,    1000,    2500,    10000,
                                                 25000, 100000, 250000, 1000000, 2500000, 10000000};

// The metrics of SPEC section 6 for access lines: they share one label look-up.
inline rules::RuleSet DefaultMetrics() {
  rules::LabelSpec method = FieldLabel("method");
  method.values = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  method.other = "_OTHER";
  rules::LabelSpec status = FieldLabel("status");
  status.match = "[1-5][0-9][0-9]";
  status.other = "_OTHER";
  rules::RuleSet rules;
  rules.metrics = {Counter("http_requests_total", {method, status}),
                   Histogram("http_response_size_bytes", "size", kSizeBuckets, {method, status})};
  for (rules::MetricSpec& spec : rules.metrics) spec.event = rules::EventKind::kRequest;
  return rules;
}

// Nothing that a rule could not have said: a text, a number, a null, an absent value.
struct Null {};
struct Absent {};
struct Mistyped {};  // a JSON event's value that is not of its field's type

class RecordBuilder {
 public:
  RecordBuilder() = default;
  // Moving leaves the texts where they are; a copy's values would point into the other one.
  RecordBuilder(RecordBuilder&&) = default;
  RecordBuilder(const RecordBuilder&) = delete;
  RecordBuilder& operator=(const RecordBuilder&) = delete;

  RecordBuilder& Add(std::string_view text) {
    texts_.emplace_back(text);
    return Push(records::ValueKind::kString);
  }
  RecordBuilder& Add(int64_t number) {
    texts_.push_back(std::to_string(number));
    Push(records::ValueKind::kInt);
    values_.back().integer = number;
    return *this;
  }
  RecordBuilder& Add(int number) { return Add(int64_t{number}); }
  RecordBuilder& Add(double number) {
    texts_.push_back(std::to_string(number));
    Push(records::ValueKind::kFloat);
    values_.back().number = number;
    return *this;
  }
  RecordBuilder& Add(Null) {
    texts_.emplace_back("-");
    return Push(records::ValueKind::kNull);
  }
  RecordBuilder& Add(Mistyped) {
    values_.emplace_back().SetMistyped();
    return *this;
  }
  RecordBuilder& Add(Absent) {
    values_.emplace_back();
    return *this;
  }

  // Valid as long as the builder lives and is not added to.
  records::Record Get(rules::EventKind event = rules::EventKind::kLog, uint32_t rule = 0) const {
    records::Record record;
    record.rule = rule;
    record.event = event;
    record.values = values_.data();
    record.values_count = static_cast<uint32_t>(values_.size());
    return record;
  }

 private:
  RecordBuilder& Push(records::ValueKind kind) {
    records::Value value;
    value.data = texts_.back().data();
    value.size = static_cast<uint32_t>(texts_.back().size());
    value.kind = kind;
    values_.push_back(value);
    return *this;
  }

  std::deque<std::string> texts_;  // does not move what it holds
  std::vector<records::Value> values_;
};

template <typename... Values>
RecordBuilder RecordOf(const Values&... values) {
  RecordBuilder builder;
  (builder.Add(values), ...);
  return builder;
}

inline RuleFields Rule(std::vector<std::string> fields,
                       rules::EventKind event = rules::EventKind::kLog, std::string name = "rule") {
  RuleFields rule;
  rule.rule_name = std::move(name);
  rule.event = event;
  for (std::string& field : fields) {
    records::FieldInfo info;
    info.name = std::move(field);
    rule.fields.push_back(std::move(info));
  }
  return rule;
}

// A store with one worker; records go in, a snapshot comes out.
class Bench {
 public:
  Bench(const rules::RuleSet& rules, const std::vector<RuleFields>& fields,
        const ConstantLabels& constants = {}, RegistryOptions options = {})
      : store(Store::Create(rules, constants, options).value()),
        shard(store->AddShard()),
        meter(*store, shard, fields) {}

  void Apply(const records::Record& record, uint64_t sequence = 0,
             int64_t now_ms = 1'700'000'000'123) {
    const Shard::Batch batch(shard, sequence, now_ms);
    meter.Apply(record);
  }
  template <typename... Values>
  void Count(const Values&... values) {
    const RecordBuilder builder = RecordOf(values...);
    Apply(builder.Get());
  }
  double Value(std::string_view family, std::string_view labels = {}) const {
    return store->TakeSnapshot().ValueOf(family, labels).value_or(-1);
  }

  std::shared_ptr<Store> store;
  Shard& shard;
  Meter meter;
};

}  // namespace parshall::metrics::testing
