// Labels with templates: from the paths of real logs to series, with exact totals throughout.

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

rules::RuleSet Templated() {
  rules::LabelSpec path = FieldLabel("path");
  path.path_template = true;
  path.routes = {"/blog/:slug"};
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("status"), path}),
                   Histogram("h", "size", {10, 100}, {FieldLabel("status"), path})};
  return rules;
}

std::string PathOf(int i) {
  switch (i % 5) {
    case 0:
      return Numbered("/users/", i) + "/posts";
    case 1:
      return Numbered("/tags/w", i / 5 % 40);
    case 2:
      return Numbered("/blog/post-", i);
    case 3:
      return "/x" + Numbered("/d", i / 5 % 20) + "/index.html";
    default:
      return "/about";
  }
}

std::vector<std::pair<std::string, uint64_t>> Counts(const Snapshot& snapshot) {
  std::vector<std::pair<std::string, uint64_t>> counts;
  snapshot.ForEachRow(snapshot.families()[0], [&](const Row& row) {
    counts.emplace_back(row.series->labels, row.cells[0]);
  });
  return counts;
}

const std::vector<std::pair<std::string, uint64_t>> kWanted = {
    {R"(status="200",path="/about")", 200},
    {R"(status="200",path="/blog/:slug")", 200},
    {R"(status="200",path="/tags/:any")", 200},
    {R"(status="200",path="/users/:id/posts")", 200},
    {R"(status="200",path="/x/:any/index.html")", 200},
};

TEST_CASE("Series follow their templates, and totals stay exact") {
  Bench bench(Templated(), {Rule({"status", "path", "size"})});
  for (int i = 0; i < 1000; ++i) {
    bench.Count(200, PathOf(i), i % 200);
    if (i % 37 == 0) {  // somebody looks while it learns
      uint64_t total = 0;
      for (const auto& [labels, count] : Counts(bench.store->TakeSnapshot())) total += count;
      REQUIRE(total == static_cast<uint64_t>(i) + 1);
    }
  }
  bench.Count(Null{}, Null{}, 1);
  const Snapshot snapshot = bench.store->TakeSnapshot();
  auto wanted = kWanted;
  wanted.emplace_back(R"(status="other",path="other")", 1);
  CHECK(Counts(snapshot) == wanted);
  const Family& histogram = snapshot.families()[1];
  snapshot.ForEachRow(histogram, [&](const Row& row) {
    if (row.series->labels.find("about") == std::string::npos) return;
    CHECK(ObservationCount(histogram, row.cells) == 200);
  });
  // Numbers and places of values that were renamed are free again.
  CHECK(snapshot.UseOf(0, 1).values == 5);
  CHECK(snapshot.LearnedTemplates(0, 1).size() == 5);
  CHECK(bench.store->registry().series_count(0) == 6);
}

TEST_CASE("init of a template is the series that its paths count in") {
  rules::RuleSet rules = Templated();
  rules.metrics[0].init = {{{"status", "200"}, {"path", "/users/:id/posts"}},
                           {{"status", "200"}, {"path", "/cart/17"}}};
  rules.metrics.resize(1);
  Bench bench(rules, {Rule({"status", "path", "size"})});
  using Wanted = std::vector<std::pair<std::string, uint64_t>>;
  CHECK(Counts(bench.store->TakeSnapshot()) ==
        Wanted{{R"(status="200",path="/cart/:id")", 0},
               {R"(status="200",path="/users/:id/posts")", 0}});
  bench.Count(200, "/users/4711/posts", 1);
  bench.Count(200, "/cart/3", 1);
  CHECK(Counts(bench.store->TakeSnapshot()) ==
        Wanted{{R"(status="200",path="/cart/:id")", 1},
               {R"(status="200",path="/users/:id/posts")", 1}});
}

TEST_CASE("Templates do not depend on threads, nor on the order of the lines") {
  const std::vector<RuleFields> fields = {Rule({"status", "path", "size"})};
  const std::shared_ptr<Store> store = Store::Create(Templated()).value();
  std::vector<std::jthread> workers;
  for (int w = 0; w < 3; ++w) {
    Shard& shard = store->AddShard();
    workers.emplace_back([&, w] {
      Meter meter(*store, shard, fields);
      for (int i = 999; i >= 0; --i) {
        if (i % 3 != w) continue;
        const RecordBuilder record = RecordOf(200, PathOf(i), 1);
        const Shard::Batch batch(shard, 1, 0);
        meter.Apply(record.Get());
      }
    });
  }
  for (int i = 0; i < 50; ++i) store->TakeSnapshot();
  workers.clear();
  CHECK(Counts(store->TakeSnapshot()) == kWanted);
}

TEST_CASE("What is renamed at the next look takes no place within the limit") {
  rules::RuleSet rules = Templated();
  for (rules::MetricSpec& metric : rules.metrics) metric.labels[1].limit = 20;
  Bench bench(rules, {Rule({"status", "path", "size"})});
  for (int i = 0; i < 1000; ++i) bench.Count(200, PathOf(i), 1);  // nobody looks meanwhile
  CHECK(Counts(bench.store->TakeSnapshot()) == kWanted);
}

TEST_CASE("What was learned survives a restart; series from before it are renamed") {
  Bench first(Templated(), {Rule({"status", "path", "size"})});
  for (int i = 0; i < 1000; ++i) first.Count(200, PathOf(i), 1);
  const SavedMetrics saved = Save(first.store->TakeSnapshot());
  Bench second(Templated(), {Rule({"status", "path", "size"})});
  CHECK(second.store->Restore(saved).empty());
  CHECK(Counts(second.store->TakeSnapshot()) == kWanted);
  second.Count(200, "/tags/never-seen", 1);
  CHECK(second.Value("c_total", R"(status="200",path="/tags/:any")") == 201);

  // Saved by rules that had no template.
  rules::RuleSet plain = Templated();
  for (rules::MetricSpec& metric : plain.metrics) metric.labels[1].path_template = false;
  Bench raw(plain, {Rule({"status", "path", "size"})});
  raw.Count(200, "/users/1", 1);
  raw.Count(200, "/users/2", 1);
  raw.Count(200, Null{}, 1);
  Bench third(Templated(), {Rule({"status", "path", "size"})});
  CHECK(third.store->Restore(Save(raw.store->TakeSnapshot())).empty());
  CHECK(third.Value("c_total", R"(status="200",path="/users/:id")") == 2);
  CHECK(third.Value("c_total", R"(status="200",path="other")") == 1);
}

}  // namespace
}  // namespace parshall::metrics
