#include "metrics/store.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests
using rules::EventKind;

TEST_CASE("Every snapshot is one moment: counts, buckets and the pipeline's own tallies agree") {
  const std::shared_ptr<Store> store = Store::Create(DefaultMetrics()).value();
  const std::vector<RuleFields> fields = {Rule({"method", "status", "size"}, EventKind::kRequest)};
  constexpr int kWorkers = 2;
  constexpr int kBatchLines = 64;
  struct alignas(64) Tally {
    uint64_t lines = 0;  // under the shard's lock, as a pipeline's tally is
  };
  std::array<Tally, kWorkers> tallies;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> batches{0};
  std::vector<std::jthread> workers;
  for (int w = 0; w < kWorkers; ++w) {
    Shard& shard = store->AddShard();
    workers.emplace_back([&, w] {
      Meter meter(*store, shard, fields);
      std::vector<RecordBuilder> records;
      for (int i = 0; i < kBatchLines; ++i) {
        records.push_back(RecordOf(i % 3 == 0 ? "GET" : "POST", 200 + (i + w) % 7, i * 1000));
      }
      int new_status = 100;
      while (!stop.load()) {
        // New series keep appearing while snapshots are taken.
        const RecordBuilder fresh = RecordOf("PUT", 100 + new_status++ % 500, 7);
        const Shard::Batch batch(shard, batches.fetch_add(1), 0);
        for (const RecordBuilder& record : records) meter.Apply(record.Get(EventKind::kRequest));
        meter.Apply(fresh.Get(EventKind::kRequest));
        tallies[static_cast<size_t>(w)].lines += kBatchLines + 1;
      }
    });
  }
  while (batches.load() < 10) std::this_thread::yield();

  uint64_t before = 0;
  for (int i = 0; i < 200; ++i) {
    uint64_t lines = 0;
    const Snapshot snapshot =
        store->TakeSnapshot([&] { lines = tallies[0].lines + tallies[1].lines; });
    const Family& counter = snapshot.families()[0];
    const Family& histogram = snapshot.families()[1];
    std::vector<std::pair<std::string, uint64_t>> counts;
    std::vector<std::pair<std::string, uint64_t>> observations;
    uint64_t total = 0;
    snapshot.ForEachRow(counter, [&](const Row& row) {
      counts.emplace_back(row.series->labels, row.cells[0]);
      total += row.cells[0];
    });
    snapshot.ForEachRow(histogram, [&](const Row& row) {
      observations.emplace_back(row.series->labels, ObservationCount(histogram, row.cells));
    });
    REQUIRE(counts == observations);
    REQUIRE(total == lines);
    REQUIRE(total % (kBatchLines + 1) == 0);  // whole batches only
    REQUIRE(total > before);
    before = total;
    // So many that are begun, and at least one is new and whole.
    const uint64_t begun = batches.load();
    while (batches.load() <= begun + kWorkers) std::this_thread::yield();
  }
  stop = true;
  workers.clear();
  const Snapshot last = store->TakeSnapshot();
  uint64_t total = 0;
  last.ForEachRow(last.families()[0], [&](const Row& row) { total += row.cells[0]; });
  CHECK(total == batches.load() * (kBatchLines + 1));
}

TEST_CASE("A scrape gets its turn although a worker locks again at once") {
  const std::shared_ptr<Store> store = Store::Create(DefaultMetrics()).value();
  Shard& shard = store->AddShard();
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> batches{0};
  std::jthread worker([&] {
    while (!stop.load()) {
      const Shard::Batch batch(shard, batches.fetch_add(1), 0);
    }
  });
  while (batches.load() == 0) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) store->TakeSnapshot();
  // And the worker gets its turn although scrapes follow each other at once.
  const uint64_t before = batches.load();
  while (batches.load() == before) store->TakeSnapshot();
  stop = true;
}

TEST_CASE("Many scrapers and new workers at once do not disturb each other") {
  const std::shared_ptr<Store> store = Store::Create(DefaultMetrics()).value();
  const std::vector<RuleFields> fields = {Rule({"method", "status", "size"}, EventKind::kRequest)};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        Shard& shard = store->AddShard();
        Meter meter(*store, shard, fields);
        const Shard::Batch batch(shard, 0, 0);
        for (int k = 0; k < 50; ++k) {
          meter.Apply(RecordOf("GET", 100 + k, 1).Get(EventKind::kRequest));
        }
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) store->TakeSnapshot();
    });
  }
  threads.clear();
  const Snapshot snapshot = store->TakeSnapshot();
  CHECK(snapshot.ValueOf("http_requests_total", R"(method="GET",status="149")") == 60);
}

TEST_CASE("A snapshot keeps what it shows alive and unchanged") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")})};
  auto bench = std::make_unique<Bench>(rules, std::vector<RuleFields>{Rule({"a"})});
  bench->Count("x");
  const Snapshot snapshot = bench->store->TakeSnapshot();
  bench->Count("x");
  bench->Count("y");
  bench.reset();
  CHECK(snapshot.ValueOf("c_total", R"(a="x")") == 1);
  CHECK_FALSE(snapshot.ValueOf("c_total", R"(a="y")").has_value());
}

TEST_CASE("WantedFields names each field of labels, values and conditions once") {
  rules::RuleSet rules;
  rules.metrics = {Histogram("h", "size", {1}, {FieldLabel("method"), ConstantLabel("x", "y")}),
                   Counter("c_total", {FieldLabel("method")}, "size")};
  rules.metrics[1].when = {{.field = "level", .values = {}, .where = {}}};
  CHECK(WantedFields(rules) == std::vector<std::string>{"method", "size", "level"});
}

TEST_CASE("Store refuses metrics that cannot stand in one exposition") {
  struct Case {
    const char* name;
    std::vector<rules::MetricSpec> metrics;
    ConstantLabels constants;
    const char* fault;  // part of the sentence; empty: none
  };
  rules::LabelSpec bad_match = FieldLabel("a");
  bad_match.match = "(";
  std::vector<rules::LabelSpec> many;
  for (int i = 0; i < 33; ++i) many.push_back(FieldLabel(Numbered("f", i)));
  rules::MetricSpec no_value = Gauge("g", rules::GaugeOp::kSet);
  no_value.value.clear();
  const std::vector<Case> cases = {
      {"defaults", DefaultMetrics().metrics, {{"env", "prod"}}, ""},
      {"name", {Counter("a-b")}, {}, "is not a metric name"},
      {"own name", {Counter("parshall_lines_total")}, {}, "program's own"},
      {"process name", {Counter("process_open_fds")}, {}, "program's own"},
      {"label name", {Counter("c", {FieldLabel("a-b")})}, {}, "is not a label name"},
      {"reserved label", {Counter("c", {FieldLabel("__a")})}, {}, "is not a label name"},
      {"label twice", {Counter("c", {FieldLabel("a"), FieldLabel("a")})}, {}, "given twice"},
      {"label and constant", {Counter("c", {FieldLabel("a")})}, {{"a", "b"}}, "constant label"},
      {"constant twice", {}, {{"a", "b"}, {"a", "c"}}, "given twice"},
      {"constant name", {}, {{"a.b", "b"}}, "is not a label name"},
      {"le", {Histogram("h", "v", {1}, {FieldLabel("le")})}, {}, "le names the bounds"},
      {"le of a counter", {Counter("c", {FieldLabel("le")})}, {}, ""},
      {"constant le", {Histogram("h", "v", {1})}, {{"le", "1"}}, "clashes with the buckets"},
      {"no buckets", {Histogram("h", "v", {})}, {}, "at least one bucket"},
      {"buckets descend", {Histogram("h", "v", {2, 1})}, {}, "ascend"},
      {"buckets twice", {Histogram("h", "v", {1, 1})}, {}, "ascend"},
      {"gauge without value", {no_value}, {}, "needs value:"},
      {"match", {Counter("c", {bad_match})}, {}, "missing )"},
      {"many labels", {Counter("c", many)}, {}, "33 labels from fields"},
      {"two kinds",
       {Counter("c"), Gauge("c", rules::GaugeOp::kSet)},
       {},
       "is a gauge here and a counter"},
      {"two bucket lists",
       {Histogram("h", "v", {1}), Histogram("h", "v", {2})},
       {},
       "other buckets"},
      {"other labels", {Counter("c"), Counter("c", {FieldLabel("a")})}, {}, "other labels"},
      {"count of a histogram", {Histogram("h", "v", {1}), Counter("h_count")}, {}, "\"h_count\""},
      {"OpenMetrics family", {Counter("c_total"), Gauge("c", rules::GaugeOp::kSet)}, {}, "\"c\""},
      {"created", {Counter("c_total"), Counter("c_created")}, {}, "\"c_created\""},
  };
  for (const Case& row : cases) {
    INFO(row.name);
    rules::RuleSet rules;
    rules.metrics = row.metrics;
    for (rules::MetricSpec& spec : rules.metrics) {
      spec.where = {.file = "m.yaml", .line = 3, .column = 5};
    }
    const auto store = Store::Create(rules, row.constants);
    const std::string fault(row.fault);
    REQUIRE(store.ok() == fault.empty());
    if (!store.ok()) CHECK_THAT(store.error().what, Catch::Contains(fault));
  }
}

}  // namespace
}  // namespace parshall::metrics
