// Reloads as the pipeline does them: while batches come and scrapes look on, one rule set takes the
// place of another, and nobody can tell from the counts.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <sstream>
#include <thread>

#include "tests/pipeline/corpus.h"
#include "tests/pipeline/kit.h"

namespace parshall::pipeline {
namespace {

using testing::InPieces;
using testing::kCorpusLineBytesMax;
using testing::MemoryOutput;
using testing::Rules;
using testing::RunAll;
using testing::RunResult;
using testing::Shipped;
using testing::Step;
using testing::TestRun;

constexpr std::chrono::milliseconds kPatience{20'000};

#if defined(__SANITIZE_THREAD__)
constexpr int kRounds = 3;
#else
constexpr int kRounds = 8;
#endif

Change To(const Rules& rules, uint64_t hash = 0) {
  Change change;
  change.program = rules.program;
  change.store = rules.NewStore();
  change.config_hash = hash;
  return change;
}

Rules WithMetrics(const std::string& yaml) {
  rules::RuleSet set = testing::Shipped().set;
  for (rules::MetricSpec& metric : records::testing::RulesOf(yaml).metrics)
    set.metrics.push_back(std::move(metric));
  return Rules(std::move(set));
}

// What of a ledger must not depend on swaps.
std::string SourceRows(const std::string& ledger) { return ledger.substr(0, ledger.find('\n')); }

std::vector<size_t> Places(size_t size, size_t piece, std::mt19937_64* random) {
  std::vector<size_t> places;
  for (size_t at = 0; at < size; at += 1 + (*random)() % piece) places.push_back(at);
  return places;
}

std::string Line(int status) {
  return "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" " +
         std::to_string(status) + " 5 \"-\" \"M\"\n";
}

// A run that stands still at each kPause of its script, where the test does what it wants.
struct Stepped : TestRun {
  using TestRun::TestRun;
  // Everything before the next block is done with.
  void Reach() { set->WaitForBlock(); }
};

Step Text(std::string text) { return {Step::kBytes, 0, std::move(text)}; }
const Step kPause{Step::kPause, 0, {}};
const Step kEnd{Step::kEnded, 0, {}};

double Value(Pipeline& pipeline, const std::string& metric, const std::string& labels) {
  return pipeline.Scrape().snapshot.ValueOf(metric, labels).value_or(-1);
}

}  // namespace

TEST_CASE("Swaps under load lose and double no line, whatever is open between two batches") {
  std::mt19937_64 random(5);
  for (int round = 0; round < kRounds; ++round) {
    const std::string corpus = testing::RandomCorpus(&random, 1500);
    const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}),
                                  {.threads = 1, .line_bytes_max = kCorpusLineBytesMax});
    for (const size_t threads : std::initializer_list<size_t>{1, 3}) {
      INFO(round << ": " << threads << " threads");
      std::vector<Step> steps = InPieces(corpus, Places(corpus.size(), 700, &random));
      steps.insert(steps.begin() + static_cast<ptrdiff_t>(steps.size() / 2), kPause);
      TestRun run(Shipped(), {"a.log"}, std::move(steps),
                  {.threads = threads, .line_bytes_max = kCorpusLineBytesMax});
      run.Start();
      std::atomic<bool> over{false};
      std::thread scraper([&] {
        while (!over) {
          const Pipeline::Moment moment = run.pipeline->Scrape();
          for (const Ledger::Source& source : moment.ledger.sources) {
            if (testing::LinesRead(source.tally) != testing::LinesWithOutcome(source.tally))
              std::abort();
          }
        }
      });
      uint64_t swaps = 0;
      while (true) {
        const auto swapped = run.pipeline->Swap(To(Shipped(), ++swaps), kPatience);
        if (!swapped.ok()) {
          CHECK(swapped.error().what == "the program is ending");
          break;
        }
        CHECK(swapped->empty());
        CHECK(run.pipeline->Scrape().ledger.config_hash == swaps);
        if (swaps == 5) run.set->Release();
      }
      CHECK(swaps > 5);
      const RunResult got = run.Finish();
      over = true;
      scraper.join();
      CHECK((got.output == want.output));
      CHECK(got.metrics == want.metrics);
      CHECK(SourceRows(got.ledger) == SourceRows(want.ledger));
      CHECK(got.failures.empty());
    }
  }
}

TEST_CASE(
    "A metric that stays the same keeps its values; one that changed begins anew, and is named") {
  const Rules before = WithMetrics(
      "metrics:\n"
      "  - {name: gone_total, kind: counter, help: x.}\n"
      "  - {name: by_total, kind: counter, help: x., labels: {status: status}}\n");
  const Rules after = WithMetrics(
      "metrics:\n"
      "  - {name: new_total, kind: counter, help: x.}\n"
      "  - {name: by_total, kind: counter, help: x., labels: {code: status}}\n");
  Stepped run(before, {"a.log"},
              {Text(Line(200) + Line(500)), kPause, Text(Line(200)), kPause, kEnd}, {});
  run.Start();
  run.Reach();
  const std::string get = "method=\"GET\",status=\"200\"";
  const auto created = [&] {
    const Pipeline::Moment moment = run.pipeline->Scrape();
    int64_t at = 0;
    for (const metrics::Family& family : moment.snapshot.families()) {
      if (family.name != "http_requests_total") continue;
      moment.snapshot.ForEachRow(family, [&](const metrics::Row& row) {
        if (row.series->labels == get) at = row.series->created_ms;
      });
    }
    return at;
  };
  const int64_t began = created();
  CHECK(began > 0);
  CHECK(Value(*run.pipeline, "by_total", "status=\"200\"") == 1);
  const auto swapped = run.pipeline->Swap(To(after), kPatience);
  REQUIRE(swapped.ok());
  CHECK(*swapped == std::vector<std::string>{
                        "the metric \"by_total\" has other labels, buckets or another kind than in "
                        "the old rules; it begins at 0",
                        "the metric \"gone_total\" is in the old rules but no longer in the rules; "
                        "its series are gone"});
  CHECK(Value(*run.pipeline, "http_requests_total", get) == 1);
  CHECK(created() == began);
  CHECK(Value(*run.pipeline, "gone_total", "") == -1);
  CHECK(Value(*run.pipeline, "by_total", "status=\"200\"") == -1);
  run.set->Release();
  run.Reach();
  CHECK(Value(*run.pipeline, "http_requests_total", get) == 2);
  CHECK(created() == began);
  CHECK(Value(*run.pipeline, "new_total", "") == 1);
  CHECK(Value(*run.pipeline, "by_total", "code=\"200\"") == 1);
  run.set->Release();
  CHECK(run.Finish().failures.empty());
}

TEST_CASE("A label's values keep their places when a metric joins its group") {
  const std::string labels = "labels: {status: {field: status, limit: 2}}}\n";
  const Rules before =
      WithMetrics("metrics:\n  - {name: a_total, kind: counter, help: x., " + labels);
  const Rules after =
      WithMetrics("metrics:\n  - {name: a_total, kind: counter, help: x., " + labels +
                  "  - {name: b_total, kind: counter, help: x., " + labels);
  Stepped run(before, {"a.log"},
              {Text(Line(200) + Line(404)), kPause, Text(Line(500) + Line(503)), kPause, kEnd}, {});
  run.Start();
  run.Reach();
  REQUIRE(run.pipeline->Swap(To(after), kPatience).ok());
  run.set->Release();
  run.Reach();
  // Beyond the limit, as if nothing had happened.
  CHECK(Value(*run.pipeline, "a_total", "status=\"__other__\"") == 2);
  CHECK(Value(*run.pipeline, "a_total", "status=\"500\"") == -1);
  CHECK(Value(*run.pipeline, "b_total", "status=\"__other__\"") == 2);
  run.set->Release();
  CHECK(run.Finish().failures.empty());
}

TEST_CASE("An open event goes on under rules that take it, and ends with the old ones otherwise") {
  const std::string rule = "  - {name: err, pattern: '^E (?P<what>.*)$', multiline: true}\n";
  const std::string metric =
      "metrics:\n  - {name: err_total, kind: counter, help: x., rules: [err]}\n";
  const Rules before(records::testing::RulesOf("rules:\n" + rule + metric));
  const std::string other = "  - {name: other, pattern: '^O (?P<x>.*)$'}\n";
  struct Case {
    std::string name;
    std::string rules;
    size_t records;  // of "E boom" and the line behind it
  };
  const Case cases[] = {
      {"moved behind another rule", "rules:\n" + other + rule + metric, 1},
      {"gone", "rules:\n" + other, 2},
      {"takes other lines now",
       "rules:\n  - {name: err, pattern: '^F (?P<what>.*)$', multiline: true}\n" + other + metric,
       2},
      {"joins nothing any more", "rules:\n  - {name: err, pattern: '^E (?P<what>.*)$'}\n" + metric,
       2},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    const Rules after(records::testing::RulesOf(one.rules));
    Stepped run(before, {"a.log"}, {Text("E boom\n"), kPause, Text("  at f\n"), kEnd}, {});
    run.Start();
    run.Reach();
    CHECK(run.output.Text().empty());
    REQUIRE(run.pipeline->Swap(To(after), kPatience).ok());
    if (one.records == 2) CHECK(run.output.Text().find("boom") != std::string::npos);
    run.set->Release();
    const RunResult result = run.Finish();
    CHECK(std::count(result.output.begin(), result.output.end(), '\n') ==
          static_cast<ptrdiff_t>(one.records));
    CHECK(result.output.find("boom") != std::string::npos);
    CHECK(result.output.find("at f") != std::string::npos);
    // By the old rules or the new ones, but once; where the metric stays it shows.
    if (one.name != "gone") CHECK(result.metrics.find("err_total 1\n") != std::string::npos);
  }
}

TEST_CASE("The output can be another one from a batch on") {
  MemoryOutput second;
  Stepped run(Shipped(), {"a.log"}, {Text(Line(200)), kPause, Text(Line(404) + Line(404)), kEnd},
              {});
  run.Start();
  run.Reach();
  Change change = To(Shipped());
  change.output.emplace(second.Open());
  REQUIRE(run.pipeline->Swap(std::move(change), kPatience).ok());
  const std::string first = run.output.Text();
  run.set->Release();
  const RunResult result = run.Finish();
  CHECK(run.output.Text() == first);
  CHECK(first.find("\"status\":200") != std::string::npos);
  CHECK(second.Text().find("\"status\":200") == std::string::npos);
  const std::string rest = second.Text();
  CHECK(std::count(rest.begin(), rest.end(), '\n') == 2);
  const Ledger ledger = run.pipeline->Scrape().ledger;
  CHECK(ledger.output_bytes == first.size() + rest.size());
  CHECK(ledger.output.bytes_written == first.size() + rest.size());
  CHECK(ledger.records.records == 3);
}

TEST_CASE("With a state, a new output is named by a snapshot before anything is written to it") {
  MemoryOutput second;
  struct Seen {
    uint64_t length;
    uint64_t written;  // of the second output
    uint64_t lines;
  };
  std::vector<Seen> seen;
  std::mutex mutex;
  const CommitSnapshot commit = [&](state::Snapshot& snapshot) {
    const std::lock_guard lock(mutex);
    const uint64_t lines = snapshot.sources.empty() ? 0 : 1;
    seen.push_back({snapshot.output ? snapshot.output->length : 0, second.Text().size(), lines});
    return Ok();
  };
  Stepped run(Shipped(), {"a.log"}, {Text(Line(200)), kPause, Text(Line(404)), kEnd},
              {.commit = commit, .state_interval_ms = 60'000});
  REQUIRE(run.pipeline->CommitFirst().ok());
  run.Start();
  run.Reach();
  Change change = To(Shipped());
  change.output.emplace(second.Open());
  REQUIRE(run.pipeline->Swap(std::move(change), kPatience).ok());
  {
    const std::lock_guard lock(mutex);
    REQUIRE(seen.size() == 3);
    CHECK(seen[1].length == run.output.Text().size());  // all of the old one
    CHECK(seen[2].length == 0);                         // the new one, still empty
    CHECK(seen[2].written == 0);
    CHECK(seen[2].lines == 1);
  }
  run.set->Release();
  CHECK(run.Finish().failures.empty());
}

TEST_CASE("If a snapshot cannot be committed, the output stays") {
  MemoryOutput second;
  std::atomic<bool> fails{false};
  const CommitSnapshot commit = [&](state::Snapshot&) -> Status {
    if (fails) return Fail("no space", "state");
    return Ok();
  };
  Stepped run(Shipped(), {"a.log"}, {Text(Line(200)), kPause, Text(Line(404)), kEnd},
              {.commit = commit, .state_interval_ms = 60'000});
  run.Start();
  run.Reach();
  fails = true;
  Change change = To(Shipped(), 7);
  change.output.emplace(second.Open());
  const auto swapped = run.pipeline->Swap(std::move(change), kPatience);
  REQUIRE(!swapped.ok());
  CHECK(swapped.error().ToString() == "state: no space");
  CHECK(run.pipeline->Scrape().ledger.config_hash == 0);
  fails = false;
  run.set->Release();
  const RunResult result = run.Finish();
  CHECK(std::count(result.output.begin(), result.output.end(), '\n') == 2);
  CHECK(second.Text().empty());
}

}  // namespace parshall::pipeline
