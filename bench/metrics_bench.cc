// The meter and the scrape: what a line pays for its metrics, what /metrics costs with many series.

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "metrics/openmetrics.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these benchmarks
using rules::EventKind;

// Records in random order. Their values are as frequent as in a real access log (99 % GET, 91 % of
// 200), or, mixed, as hard to foresee as may be.
std::vector<RecordBuilder> AccessRecords(size_t count, bool mixed) {
  std::vector<const char*> methods = {"GET", "GET",  "GET",  "GET", "GET",
                                      "GET", "POST", "HEAD", "PUT", "OPTIONS"};
  std::vector<int> statuses = {200, 200, 200, 200, 200, 200, 304, 301, 404, 500, 206, 403};
  if (!mixed) {
    methods.insert(methods.end(), 500, "GET");
    statuses.insert(statuses.end(), 60, 200);
  }
  std::mt19937_64 random(1);
  std::vector<RecordBuilder> records;
  for (size_t i = 0; i < count; ++i) {
    RecordBuilder record;
    record.Add(methods[random() % methods.size()]);
    record.Add(statuses[random() % statuses.size()]);
    const double size = std::pow(10.0, std::uniform_real_distribution<>(0, 7.2)(random));
    if (random() % 15 == 0) {
      record.Add(Null{});
    } else {
      record.Add(static_cast<int64_t>(size));
    }
    records.push_back(std::move(record));
  }
  return records;
}

// The records' texts and values side by side, as warm in the cache as a line that was just read.
struct Packed {
  explicit Packed(const std::vector<RecordBuilder>& builders) {
    for (const RecordBuilder& builder : builders) {
      const records::Record record = builder.Get(EventKind::kRequest);
      for (uint32_t i = 0; i < record.values_count; ++i) {
        values.push_back(record.values[i]);
        texts.append(record.values[i].text());
      }
      records.push_back(record);
    }
    size_t text = 0;
    size_t value = 0;
    for (records::Value& each : values) {
      each.data = texts.data() + text;
      text += each.size;
    }
    for (records::Record& record : records) {
      record.values = values.data() + value;
      value += record.values_count;
    }
  }

  std::string texts;
  std::vector<records::Value> values;
  std::vector<records::Record> records;
};

void ApplyAll(benchmark::State& state, const std::vector<RecordBuilder>& builders, Bench* bench) {
  const Packed packed(builders);
  const std::vector<records::Record>& records = packed.records;
  for (auto _ : state) {
    const Shard::Batch batch(bench->shard, 0, 0);
    for (const records::Record& record : records) bench->meter.Apply(record);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * records.size()));
  state.counters["ns_a_line"] =
      benchmark::Counter(static_cast<double>(state.iterations() * records.size()) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// The default metrics: a counter and a histogram of 12 buckets by method and status.
void ApplyDefaults(benchmark::State& state) {
  Bench bench(DefaultMetrics(), {Rule({"method", "status", "size"}, EventKind::kRequest)});
  ApplyAll(state, AccessRecords(8192, state.range(0) != 0), &bench);
}
BENCHMARK(ApplyDefaults)->ArgName("mixed")->Arg(0)->Arg(1);

// One of the labels is longer than a key of 15 bytes.
void ApplyLongLabels(benchmark::State& state) {
  rules::RuleSet rules = DefaultMetrics();
  for (rules::MetricSpec& spec : rules.metrics) spec.labels[0] = FieldLabel("method");
  Bench bench(rules, {Rule({"method", "status", "size"}, EventKind::kRequest)});
  std::vector<RecordBuilder> records;
  for (int i = 0; i < 4096; ++i) {
    records.push_back(RecordOf(Numbered("/a/path/of/some/length/", i * 7919 % 50), 200, i));
  }
  ApplyAll(state, records, &bench);
}
BENCHMARK(ApplyLongLabels);

// A client that never says the same method twice: every look-up misses.
void ApplyHostile(benchmark::State& state) {
  Bench bench(DefaultMetrics(), {Rule({"method", "status", "size"}, EventKind::kRequest)});
  std::vector<RecordBuilder> records;
  for (int i = 0; i < 100'000; ++i) {
    records.push_back(RecordOf(Numbered("M", i * 7919), 200, i));
  }
  ApplyAll(state, records, &bench);
}
BENCHMARK(ApplyHostile);

// `series` histograms of 12 buckets.
std::unique_ptr<Bench> ManySeries(int64_t series) {
  rules::RuleSet rules;
  rules::LabelSpec path = FieldLabel("path");
  path.limit = 1'000'000;
  rules.metrics = {
      Histogram("http_response_size_bytes", "size", kSizeBuckets, {path, FieldLabel("status")})};
  auto bench =
      std::make_unique<Bench>(rules, std::vector<RuleFields>{Rule({"path", "status", "size"})});
  for (int64_t i = 0; i < series; ++i) {
    bench->Count(Numbered("/path/number/", i), 200 + i % 5, i * 977);
  }
  return bench;
}

// A random look-up among many series.
void ApplyManySeries(benchmark::State& state) {
  const std::unique_ptr<Bench> bench = ManySeries(state.range(0));
  std::vector<RecordBuilder> records;
  std::mt19937_64 random(2);
  for (int i = 0; i < 16384; ++i) {
    const auto k = static_cast<int64_t>(random() % static_cast<uint64_t>(state.range(0)));
    records.push_back(RecordOf(Numbered("/path/number/", k), 200 + k % 5, k));
  }
  ApplyAll(state, records, bench.get());
}
BENCHMARK(ApplyManySeries)->Arg(1000)->Arg(10'000);

void TakeSnapshot(benchmark::State& state) {
  const std::unique_ptr<Bench> bench = ManySeries(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(bench->store->TakeSnapshot());
}
BENCHMARK(TakeSnapshot)->Arg(10'000)->Unit(benchmark::kMillisecond);

// Snapshot and body: what a scrape costs.
template <typename Append>
void Scrape(benchmark::State& state, Append append) {
  const std::unique_ptr<Bench> bench = ManySeries(state.range(0));
  size_t bytes = 0;
  for (auto _ : state) {
    std::string body;
    append(bench->store->TakeSnapshot(), std::span<const prometheus::MetricFamily>(), &body);
    bytes = body.size();
    benchmark::DoNotOptimize(body.data());
  }
  state.counters["body_bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(Scrape, text, AppendText)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Scrape, openmetrics, AppendOpenMetrics)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parshall::metrics
