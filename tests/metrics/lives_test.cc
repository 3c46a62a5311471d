// Series that are there from the start, and series that go.

#include <catch2/catch.hpp>
#include <thread>

#include "metrics/own_families.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

constexpr int64_t kStart = 1'700'000'000'000;

rules::MetricSpec Mortal(int64_t ttl_ms) {
  rules::MetricSpec spec = Counter("c_total", {FieldLabel("pod"), FieldLabel("path")});
  spec.ttl_ms = ttl_ms;
  return spec;
}

// An event with `gone: yes` deletes.
rules::DeleteSpec DeleteBy(std::vector<std::string> labels) {
  rules::DeleteSpec spec;
  spec.when = {{.field = "gone", .values = {"yes"}, .where = {}}};
  spec.labels = std::move(labels);
  return spec;
}

std::string TextOf(const Bench& bench, int64_t now_ms = 0) {
  std::string text;
  AppendText(bench.store->TakeSnapshot({}, now_ms), {}, &text);
  return text;
}

size_t Rows(const Snapshot& snapshot, size_t family = 0) {
  size_t rows = 0;
  snapshot.ForEachRow(snapshot.families()[family], [&](const Row&) { ++rows; });
  return rows;
}

TEST_CASE("init exports label sets at 0 from the start, and the first event makes it 1") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a"), ConstantLabel("site", "x")}),
                   Histogram("h", "v", {1}, {FieldLabel("a"), ConstantLabel("site", "x")}),
                   Counter("other_total", {FieldLabel("a")})};
  for (size_t i = 0; i < 2; ++i) rules.metrics[i].init = {{{"a", "x"}}, {{"a", "y"}}};
  Bench bench(rules, {Rule({"a", "v"})}, {{"env", "prod"}}, {.now_ms = kStart});
  CHECK(TextOf(bench) ==
        "# HELP c_total Things that were counted.\n# TYPE c_total counter\n"
        "c_total{a=\"x\",site=\"x\",env=\"prod\"} 0\nc_total{a=\"y\",site=\"x\",env=\"prod\"} 0\n"
        "# HELP h Things that were counted.\n# TYPE h histogram\n"
        "h_bucket{a=\"x\",site=\"x\",env=\"prod\",le=\"1\"} 0\n"
        "h_bucket{a=\"x\",site=\"x\",env=\"prod\",le=\"+Inf\"} 0\n"
        "h_sum{a=\"x\",site=\"x\",env=\"prod\"} 0\nh_count{a=\"x\",site=\"x\",env=\"prod\"} 0\n"
        "h_bucket{a=\"y\",site=\"x\",env=\"prod\",le=\"1\"} 0\n"
        "h_bucket{a=\"y\",site=\"x\",env=\"prod\",le=\"+Inf\"} 0\n"
        "h_sum{a=\"y\",site=\"x\",env=\"prod\"} 0\nh_count{a=\"y\",site=\"x\",env=\"prod\"} 0\n");
  bench.Count("x", 0.5);
  bench.Count("z", 3);
  CHECK(bench.Value("c_total", R"(a="x",site="x",env="prod")") == 1);
  CHECK(bench.Value("c_total", R"(a="y",site="x",env="prod")") == 0);
  CHECK(bench.Value("c_total", R"(a="z",site="x",env="prod")") == 1);
  const Snapshot snapshot = bench.store->TakeSnapshot();
  snapshot.ForEachRow(snapshot.families()[0], [&](const Row& row) {
    if (row.series->labels.starts_with("a=\"x\"")) CHECK(row.series->created_ms == kStart);
  });
}

TEST_CASE("A series that init made keeps its start time over a restart") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")})};
  rules.metrics[0].init = {{{"a", "x"}}};
  Bench first(rules, {Rule({"a"})}, {}, {.now_ms = kStart});
  const SavedMetrics saved = Save(first.store->TakeSnapshot());
  Bench second(rules, {Rule({"a"})}, {}, {.now_ms = kStart + 5000});
  CHECK(second.store->Restore(saved).empty());
  const Snapshot snapshot = second.store->TakeSnapshot();
  CHECK(Rows(snapshot) == 1);
  snapshot.ForEachRow(snapshot.families()[0],
                      [&](const Row& row) { CHECK(row.series->created_ms == kStart); });
}

TEST_CASE("A series that was not counted for the ttl goes, and its number and values are free") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(1000)};
  rules.metrics[0].labels[0].limit = 2;
  Bench bench(rules, {Rule({"pod", "path"})});
  const auto count = [&](std::string_view pod, int64_t at_ms) {
    bench.Apply(RecordOf(pod, "/").Get(), 1, kStart + at_ms);
  };
  count("a", 0);
  count("a-name-that-is-longer-than-a-key", 500);
  CHECK(Rows(bench.store->TakeSnapshot({}, kStart + 999)) == 2);
  count("third", 600);
  CHECK(bench.Value("c_total", R"(pod="__other__",path="/")") == 1);
  const Snapshot later = bench.store->TakeSnapshot({}, kStart + 1000);
  CHECK_FALSE(later.ValueOf("c_total", R"(pod="a",path="/")").has_value());
  CHECK(later.ValueOf("c_total", R"(pod="a-name-that-is-longer-than-a-key",path="/")") == 1);
  CHECK(later.gone()[0].expired == 1);
  // The meter remembers "a" by its old number; the place is free for a new value.
  count("third", 1100);
  CHECK(bench.Value("c_total", R"(pod="third",path="/")") == 1);
  CHECK(bench.store->registry().numbers_end(0) == 3);
  CHECK(bench.store->registry().LearnedValues(0, 0) ==
        std::vector<std::string>{"third", "a-name-that-is-longer-than-a-key"});
  count("a", 1200);
  CHECK_FALSE(bench.store->TakeSnapshot().ValueOf("c_total", R"(pod="a",path="/")").has_value());
  // Later than all: nothing is left, and everything begins anew.
  CHECK(Rows(bench.store->TakeSnapshot({}, kStart + 9000)) == 0);
  count("a", 9000);
  CHECK(bench.Value("c_total", R"(pod="a",path="/")") == 1);
}

TEST_CASE("A snapshot shows its series although their numbers went to others") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(1000)};
  Bench bench(rules, {Rule({"pod", "path"})});
  bench.Apply(RecordOf("old", "/").Get(), 1, kStart);
  const Snapshot before = bench.store->TakeSnapshot();
  CHECK(Rows(bench.store->TakeSnapshot({}, kStart + 1000)) == 0);
  bench.Apply(RecordOf("new", "/").Get(), 2, kStart + 1000);
  const Snapshot after = bench.store->TakeSnapshot();
  CHECK(before.ValueOf("c_total", R"(pod="old",path="/")") == 1);
  CHECK(after.ValueOf("c_total", R"(pod="new",path="/")") == 1);
  CHECK(Rows(after) == 1);
}

TEST_CASE("An event deletes the series of its labels, and what comes later begins anew") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(0)};
  rules.metrics[0].remove = DeleteBy({"pod"});
  Bench bench(rules, {Rule({"pod", "path", "gone"})});
  bench.Count("a", "/1", "no");
  bench.Count("a", "/2", "no");
  bench.Count("b", "/1", "no");
  bench.Count("a", "/3", "yes");  // is counted itself, and goes with the others
  CHECK(Rows(bench.store->TakeSnapshot()) == 1);
  CHECK(bench.store->TakeSnapshot().gone()[0].deleted == 3);
  bench.Count("a", "/1", "no");
  CHECK(bench.Value("c_total", R"(pod="a",path="/1")") == 1);
  // Deleted and counted again before anybody looked.
  bench.Count("b", "/1", "yes");
  bench.Apply(RecordOf("b", "/1", "no").Get(), 3, kStart + 7'000'000);
  const Snapshot snapshot = bench.store->TakeSnapshot();
  CHECK(snapshot.ValueOf("c_total", R"(pod="b",path="/1")") == 1);
  snapshot.ForEachRow(snapshot.families()[0], [&](const Row& row) {
    if (row.series->labels.starts_with("pod=\"b\"")) {
      CHECK(row.series->created_ms == kStart + 7'000'000);
    }
  });
  // Nobody knows these labels; `other` and `__other__` stand for many and do not go.
  bench.Count("nobody", Null{}, "no");
  bench.Count(Null{}, Null{}, "yes");
  bench.Count("unheard of", "/", "yes");
  CHECK(bench.Value("c_total", R"(pod="nobody",path="other")") == 1);
  CHECK(bench.Value("c_total", R"(pod="other",path="other")") == 1);
}

TEST_CASE("A deletion takes what other workers counted before it, not what they counted later") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(0)};
  rules.metrics[0].remove = DeleteBy({"path", "pod"});
  const std::vector<RuleFields> fields = {Rule({"pod", "path", "gone"})};
  Bench bench(rules, fields);
  Shard& second = bench.store->AddShard();
  Meter second_meter(*bench.store, second, fields);
  const auto count_second = [&](std::string_view pod, uint64_t sequence) {
    const Shard::Batch batch(second, sequence, kStart);
    second_meter.Apply(RecordOf(pod, "/", "no").Get());
  };
  for (const char* pod : {"before", "after", "both"}) {
    bench.Apply(RecordOf(pod, "/", "no").Get(), 1, kStart);
  }
  count_second("before", 2);
  count_second("after", 4);
  for (const char* pod : {"before", "after"}) {
    bench.Apply(RecordOf(pod, "/", "yes").Get(), 3, kStart);
  }
  const Snapshot snapshot = bench.store->TakeSnapshot();
  CHECK_FALSE(snapshot.ValueOf("c_total", R"(pod="before",path="/")").has_value());
  CHECK(snapshot.ValueOf("c_total", R"(pod="after",path="/")") == 1);
  CHECK(snapshot.ValueOf("c_total", R"(pod="both",path="/")") == 1);
}

TEST_CASE("Lives survive a restart: what was nearly too old goes in time") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(1000)};
  Bench first(rules, {Rule({"pod", "path"})});
  first.Apply(RecordOf("gone", "/").Get(), 1, kStart - 5000);
  CHECK(Rows(first.store->TakeSnapshot({}, kStart)) == 0);
  first.Apply(RecordOf("old", "/").Get(), 1, kStart);
  first.Apply(RecordOf("young", "/").Get(), 1, kStart + 900);
  const SavedMetrics saved = Save(first.store->TakeSnapshot());
  Bench second(rules, {Rule({"pod", "path"})});
  CHECK(second.store->Restore(saved).empty());
  CHECK(Rows(second.store->TakeSnapshot({}, kStart + 950)) == 2);
  const Snapshot later = second.store->TakeSnapshot({}, kStart + 1000);
  CHECK(Rows(later) == 1);
  CHECK(later.ValueOf("c_total", R"(pod="young",path="/")") == 1);
  CHECK(later.gone()[0].expired == 2);
}

TEST_CASE("Workers that count and scrapes that sweep do not disturb each other") {
  rules::RuleSet rules;
  rules.metrics = {Mortal(5), Counter("all_total")};
  rules.metrics[0].remove = DeleteBy({"pod"});
  const std::vector<RuleFields> fields = {Rule({"pod", "path", "gone"})};
  const std::shared_ptr<Store> store = Store::Create(rules).value();
  std::atomic<uint64_t> sequence{0};
  std::vector<std::jthread> workers;
  constexpr int kBatches = 300;
  for (int w = 0; w < 2; ++w) {
    Shard& shard = store->AddShard();
    workers.emplace_back([&, w] {
      Meter meter(*store, shard, fields);
      for (int i = 0; i < kBatches; ++i) {
        const Shard::Batch batch(shard, ++sequence, kStart + i);
        for (int k = 0; k < 20; ++k) {
          const std::string pod = Numbered(k % 2 == 0 ? "p" : "a-pod-with-a-long-name-", i / 3 + k);
          meter.Apply(RecordOf(pod, w, k == 7 ? "yes" : "no").Get());
        }
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const Snapshot snapshot = store->TakeSnapshot();
    uint64_t sum = 0;
    snapshot.ForEachRow(snapshot.families()[1], [&](const Row& row) { sum += row.cells[0]; });
    REQUIRE(sum <= 2 * kBatches * 20);
    std::this_thread::yield();
  }
  workers.clear();
  CHECK(store->TakeSnapshot().ValueOf("all_total", "") == 2 * kBatches * 20);
  CHECK(Rows(store->TakeSnapshot({}, kStart + 10'000), 1) == 0);
  CHECK(store->registry().series_count(store->layout().families[1].space) == 0);
  CHECK(store->registry().numbers_end(store->layout().families[1].space) < 2000);
}

}  // namespace
}  // namespace parshall::metrics
