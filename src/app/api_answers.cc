#include "app/api_answers.h"

#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/explain_session.h"
#include "app/version.h"
#include "metrics/label_text.h"
#include "metrics/roles.h"

namespace parshall::app {
namespace {

using nlohmann::ordered_json;

constexpr double kMillisASecond = 1000;

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What every answer begins with: two answers of one moment have the same uptime.
ordered_json Head(const ApiMoment& at) { return {{"uptime_seconds", at.uptime_seconds}}; }

const prometheus::MetricFamily* Find(const ApiMoment& at, std::string_view name) {
  for (const prometheus::MetricFamily& family : at.own) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

double ValueOf(const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric) {
  return family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

// The value of an own series without labels; null where there is none.
ordered_json OwnValue(const ApiMoment& at, std::string_view name, double factor = 1) {
  const prometheus::MetricFamily* family = Find(at, name);
  if (family == nullptr || family->metric.empty()) return nullptr;
  const double value = ValueOf(*family, family->metric[0]) * factor;
  // Whole numbers as such; they are far below 2^53.
  if (value == std::trunc(value)) return static_cast<int64_t>(value);
  return value;
}

ordered_json OutcomesJson(const std::array<uint64_t, records::kOutcomes>& outcomes) {
  ordered_json json = ordered_json::object();
  for (size_t n = 0; n < records::kOutcomes; ++n) {
    json[std::string(records::OutcomeName(static_cast<records::Outcome>(n)))] = outcomes[n];
  }
  return json;
}

// "2xx" of "200"; anything else is "other".
size_t StatusClass(std::string_view status) {
  if (status.size() != 3 || status[0] < '1' || status[0] > '5') return 0;
  return static_cast<size_t>(status[0] - '0');
}

// How often the records of a row were counted.
uint64_t CountOf(const metrics::Family& family, const metrics::Row& row) {
  return family.kind == rules::MetricKind::kHistogram ? metrics::ObservationCount(family, row.cells)
                                                      : row.cells[0];
}

ordered_json RequestsJson(const metrics::Snapshot& snapshot, const metrics::Roles& roles) {
  if (!roles.requests) return nullptr;
  const metrics::Family& family = snapshot.families()[*roles.requests];
  std::array<uint64_t, 6> classes{};
  snapshot.ForEachRow(family, [&](const metrics::Row& row) {
    metrics::ForEachLabel(row.series->labels, [&](std::string_view name, std::string_view value) {
      if (name == roles.status_label) classes[StatusClass(value)] += CountOf(family, row);
    });
  });
  ordered_json json{{"metric", family.name}, {"label", roles.status_label}};
  for (size_t n = 1; n < classes.size(); ++n) {
    json["by_class"][std::to_string(n) + "xx"] = classes[n];
  }
  json["by_class"]["other"] = classes[0];
  return json;
}

// All series of a histogram together.
ordered_json HistogramJson(const metrics::Snapshot& snapshot, std::optional<uint32_t> index,
                           double unit) {
  if (!index) return nullptr;
  const metrics::Family& family = snapshot.families()[*index];
  std::vector<double> bounds = family.buckets.bounds();
  for (double& bound : bounds) bound *= unit;
  std::vector<uint64_t> counts(family.buckets.count());
  double sum = 0;
  snapshot.ForEachRow(family, [&](const metrics::Row& row) {
    for (size_t n = 0; n < counts.size(); ++n) counts[n] += row.cells[n];
    sum += metrics::AsDouble(row.cells[counts.size()]);
  });
  return {{"metric", family.name}, {"bounds", bounds}, {"counts", counts}, {"sum", sum * unit}};
}

}  // namespace

std::string StatusJson(const ApiMoment& at) {
  const pipeline::Ledger& ledger = at.moment.ledger;
  const pipeline::SourceTally& gone = ledger.gone.tally;
  std::array<uint64_t, records::kOutcomes> outcomes = gone.outcomes;
  uint64_t read = gone.lines_framed - gone.lines_waiting;
  uint64_t bytes = gone.bytes_read;
  for (const pipeline::Ledger::Source& source : ledger.sources) {
    read += source.tally.lines_framed - source.tally.lines_waiting;
    bytes += source.tally.bytes_read;
    for (size_t n = 0; n < outcomes.size(); ++n) outcomes[n] += source.tally.outcomes[n];
  }
  ordered_json json = Head(at);
  json["version"] = kVersion;
  json["now_ms"] = NowMs();
  json["ready"] = at.ready;
  json["lines"] = {{"read", read}, {"outcomes", OutcomesJson(outcomes)}};
  json["bytes_read"] = bytes;
  json["sources"] = ledger.sources.size();
  json["records"] = ledger.records.records;
  json["continuation_lines"] = ledger.continuation_lines;
  json["output"] = {{"bytes", ledger.output_bytes},
                    {"write_errors", ledger.output.write_errors},
                    {"dropped_records", ledger.output.dropped_records},
                    {"paused", ledger.output.paused}};
  json["state"] = nullptr;
  if (Find(at, "parshall_state_generation") != nullptr) {
    json["state"] = {{"generation", OwnValue(at, "parshall_state_generation")},
                     {"write_errors", OwnValue(at, "parshall_state_write_errors_total")},
                     {"last_commit_ms", OwnValue(at, "parshall_state_last_commit_timestamp_seconds",
                                                 kMillisASecond)}};
  }
  json["process"] = {{"cpu_seconds", OwnValue(at, "process_cpu_seconds_total")},
                     {"memory_bytes", OwnValue(at, "process_resident_memory_bytes")}};
  return JsonText(json);
}

std::string TrafficJson(const ApiMoment& at) {
  const metrics::Snapshot& snapshot = at.moment.snapshot;
  const metrics::Roles roles = metrics::FindRoles(snapshot.layout());
  ordered_json json = Head(at);
  json["requests"] = RequestsJson(snapshot, roles);
  json["size_bytes"] = HistogramJson(snapshot, roles.size, 1);
  json["duration_seconds"] = HistogramJson(snapshot, roles.duration, roles.duration_unit_seconds);
  return JsonText(json);
}

std::string SourcesJson(const ApiMoment& at) {
  const pipeline::Ledger& ledger = at.moment.ledger;
  std::map<std::string_view, const bytes::FollowTally*> following;
  for (const auto& [name, tally] : ledger.following) following[name] = &tally;
  ordered_json rows = ordered_json::array();
  for (const pipeline::Ledger::Source& source : ledger.sources) {
    ordered_json row{{"name", source.name},
                     {"lines_read", source.tally.lines_framed - source.tally.lines_waiting},
                     {"outcomes", OutcomesJson(source.tally.outcomes)},
                     {"bytes_read", source.tally.bytes_read},
                     {"bytes_skipped", source.tally.bytes_skipped},
                     {"following", nullptr}};
    if (const auto found = following.find(source.name); found != following.end()) {
      const bytes::FollowTally& tally = *found->second;
      row["following"] = {{"lag_bytes", tally.bytes_behind},  {"lag_seconds", tally.seconds_behind},
                          {"files", tally.files_open},        {"rotations", tally.rotations},
                          {"truncations", tally.truncations}, {"lost_bytes", tally.bytes_lost}};
    }
    rows.push_back(std::move(row));
  }
  ordered_json json = Head(at);
  json["sources"] = std::move(rows);
  return JsonText(json);
}

std::string RulesJson(const ApiMoment& at) {
  ordered_json rows = ordered_json::array();
  for (const pipeline::RuleRow& rule : pipeline::RuleRows(at.moment.ledger)) {
    ordered_json row{{"name", rule.name},
                     {"matches", rule.matches},
                     {"misses", rule.misses},
                     {"plan_matches", rule.plan_matches},
                     {"seconds", static_cast<double>(rule.nanos) * 1e-9},
                     {"last_match_ms", nullptr},
                     {"dropped", ordered_json::object()}};
    if (rule.last_match_seconds > 0) {
      row["last_match_ms"] = static_cast<int64_t>(rule.last_match_seconds * kMillisASecond);
    }
    for (const auto& [reason, count] : rule.dropped) row["dropped"][reason] = count;
    if (rule.samples) row["sampled_out"] = rule.sampled_out;
    rows.push_back(std::move(row));
  }
  ordered_json json = Head(at);
  json["rules"] = std::move(rows);
  return JsonText(json);
}

std::string CardinalityJson(const ApiMoment& at) {
  // By metric; they come from the same families as /metrics, so that the figures are the same.
  std::map<std::string, ordered_json> metrics_rows;
  std::vector<std::string> order;
  for (const metrics::Family& family : at.moment.snapshot.families()) {
    metrics_rows[family.name] = {{"name", family.name},
                                 {"help", family.help},
                                 {"series", 0},
                                 {"rejected", 0},
                                 {"labels", ordered_json::array()}};
    order.push_back(family.name);
  }
  const auto each = [&](std::string_view name, auto add) {
    const prometheus::MetricFamily* family = Find(at, name);
    if (family == nullptr) return;
    for (const prometheus::ClientMetric& metric : family->metric) {
      std::map<std::string_view, const std::string*> labels;
      for (const auto& label : metric.label) labels[label.name] = &label.value;
      const auto row = metrics_rows.find(*labels["metric"]);
      if (row != metrics_rows.end()) add(row->second, labels, ValueOf(*family, metric));
    }
  };
  const auto label_of = [](ordered_json& row, const std::string& name) -> ordered_json& {
    for (ordered_json& label : row["labels"]) {
      if (label["name"] == name) return label;
    }
    row["labels"].push_back({{"name", name},
                             {"values", 0},
                             {"limit", 0},
                             {"overflow", 0},
                             {"top", ordered_json::array()}});
    return row["labels"].back();
  };
  uint64_t series = 0;
  each("parshall_metric_series", [&](ordered_json& row, auto&, double value) {
    row["series"] = static_cast<uint64_t>(value);
    series += static_cast<uint64_t>(value);
  });
  each("parshall_metric_rejected_total", [](ordered_json& row, auto&, double value) {
    row["rejected"] = row["rejected"].template get<uint64_t>() + static_cast<uint64_t>(value);
  });
  const auto set = [&](std::string_view name, const char* key) {
    each(name, [&, key](ordered_json& row, auto& labels, double value) {
      label_of(row, *labels["label"])[key] = static_cast<uint64_t>(value);
    });
  };
  set("parshall_metric_label_values", "values");
  set("parshall_metric_label_limit", "limit");
  set("parshall_metric_overflow_total", "overflow");
  each("parshall_metric_overflow_top_ratio", [&](ordered_json& row, auto& labels, double value) {
    label_of(row, *labels["label"])["top"].push_back(
        {{"value", *labels["value"]}, {"ratio", value}});
  });
  ordered_json rows = ordered_json::array();
  for (const std::string& name : order) rows.push_back(std::move(metrics_rows[name]));
  ordered_json json = Head(at);
  json["series"] = series;
  json["metrics"] = std::move(rows);
  return JsonText(json);
}

}  // namespace parshall::app
