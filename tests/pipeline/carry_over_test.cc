#include <catch2/catch.hpp>

#include <mutex>
#include <random>

#include "tests/pipeline/corpus.h"
#include "tests/pipeline/kit.h"

// What one run leaves to the next: a run that goes on from a snapshot ends as one that was never
// interrupted, whatever was open at the moment of the snapshot.

namespace parshall::pipeline {
namespace {

using testing::InPieces;
using testing::RunAll;
using testing::RunResult;
using testing::ScriptedSet;
using testing::Shipped;
using testing::Step;
using testing::TestRun;

constexpr size_t kLineBytesMax = testing::kCorpusLineBytesMax;

// All snapshots that a run commits, in order.
struct Snapshots {
  CommitSnapshot Commit() {
    return [this](state::Snapshot& snapshot) {
      const std::lock_guard lock(mutex);
      all.push_back(snapshot);
      return Ok();
    };
  }
  std::mutex mutex;
  std::vector<state::Snapshot> all;
};

// The rest of the text behind where the snapshot ends, read by a run that goes on from it.
RunResult GoOn(const state::Snapshot& snapshot, const std::string& corpus, size_t threads,
               std::mt19937_64* random) {
  uint64_t offset = 0;
  for (const bytes::FilePosition& file : snapshot.files) offset = file.offset;
  REQUIRE(offset <= corpus.size());
  const std::string rest = corpus.substr(offset);
  std::vector<size_t> places;
  for (size_t at = 0; at < rest.size(); at += 1 + (*random)() % 900) places.push_back(at);
  TestRun run(Shipped(), {"a.log"}, InPieces(rest, places),
              {.threads = threads, .line_bytes_max = kLineBytesMax});
  run.set->BeginAt(0, offset);
  state::Snapshot copy = snapshot;
  CHECK(run.pipeline->Restore(std::move(copy)).empty());
  run.Start();
  return run.Finish();
}

TEST_CASE("A run that goes on from a snapshot ends as one that was never stopped") {
  std::mt19937_64 random(71);
  for (int round = 0; round < 12; ++round) {
    const std::string corpus = testing::RandomCorpus(&random, 400);
    const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}),
                                  {.threads = 1, .line_bytes_max = kLineBytesMax});
    // A stop in the middle: what is open stays open, for the next run.
    for (const size_t threads : std::initializer_list<size_t>{1, 3}) {
      INFO(round << ": " << threads << " threads");
      Snapshots snapshots;
      const size_t cut = random() % corpus.size();
      std::vector<Step> steps = InPieces(corpus.substr(0, cut), {cut / 3, cut / 2});
      steps.back() = {Step::kBlock, 0, {}};
      TestRun first(Shipped(), {"a.log"}, steps,
                    {.threads = threads,
                     .line_bytes_max = kLineBytesMax,
                     .commit = snapshots.Commit(),
                     .state_interval_ms = 60'000});
      REQUIRE(first.pipeline->CommitFirst().ok());
      first.Start();
      first.set->WaitForBlock();
      first.pipeline->Stop();
      const RunResult before = first.Finish();
      REQUIRE(snapshots.all.size() == 2);
      const RunResult after = GoOn(snapshots.all.back(), corpus, threads, &random);
      CHECK(before.output + after.output == want.output);
      CHECK(after.metrics == want.metrics);
      // The bytes, lines and outcomes of the source; rules are counted by name, see RuleRows().
      CHECK(after.ledger.substr(0, after.ledger.find('\n')) ==
            want.ledger.substr(0, want.ledger.find('\n')));
    }
  }
}

TEST_CASE("Every snapshot that is taken under way is one moment of counts, positions and output") {
  std::mt19937_64 random(72);
  size_t taken = 0;
  // A run may be over before many were taken; then more are played.
  for (int round = 0; round < 6 || (taken <= 20 && round < 60); ++round) {
    const std::string corpus = testing::RandomCorpus(&random, 1500);
    const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}),
                                  {.threads = 1, .line_bytes_max = kLineBytesMax});
    Snapshots snapshots;
    std::vector<size_t> places;
    for (size_t at = 0; at < corpus.size(); at += 1 + random() % 300) places.push_back(at);
    TestRun run(Shipped(), {"a.log"}, InPieces(corpus, places),
                {.threads = round % 2 == 0 ? size_t{4} : size_t{1},
                 .line_bytes_max = kLineBytesMax,
                 .commit = snapshots.Commit(),
                 .state_interval_ms = 1});
    run.Start();
    const RunResult whole = run.Finish();
    CHECK(whole.output == want.output);
    CHECK(whole.metrics == want.metrics);
    const std::string output = run.output.Text();
    taken += snapshots.all.size();
    for (size_t n = 0; n < snapshots.all.size(); n += 1 + snapshots.all.size() / 8) {
      INFO(round << ": snapshot " << n << " of " << snapshots.all.size());
      const state::Snapshot& snapshot = snapshots.all[n];
      uint64_t written = 0;
      for (const auto& [name, value] : snapshot.totals) {
        if (name == "output_bytes") written = value;
      }
      const RunResult after = GoOn(snapshot, corpus, 2, &random);
      CHECK(testing::WithoutClock(output.substr(0, written), run.began) + after.output ==
            want.output);
      CHECK(after.metrics == want.metrics);
    }
  }
  CHECK(taken > 20);
}

TEST_CASE("A snapshot that cannot be committed stops nothing and is tried again") {
  std::atomic<int> tries{0};
  std::mt19937_64 random(73);
  const std::string corpus = testing::RandomCorpus(&random, 600);
  std::vector<Step> steps = InPieces(corpus, {});
  steps.insert(steps.end() - 1, {Step::kBlock, 0, {}});
  TestRun run(Shipped(), {"a.log"}, steps,
              {.line_bytes_max = kLineBytesMax,
               .commit = [&tries](state::Snapshot&) -> Status {
                 if (tries++ == 0) return Ok();
                 return Fail("no space left on device", "state");
               },
               .state_interval_ms = 1});
  CHECK(run.pipeline->CommitFirst().ok());
  CHECK_FALSE(run.pipeline->TakeStateTrouble());
  run.Start();
  run.set->WaitForBlock();
  const int before = tries;
  while (tries < before + 3) std::this_thread::yield();
  CHECK(run.pipeline->TakeStateTrouble() == "state: no space left on device");
  run.set->Release();
  const RunResult result = run.Finish();
  CHECK(result.output == RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}),
                                {.threads = 1, .line_bytes_max = kLineBytesMax})
                             .output);
  REQUIRE(result.failures.size() == 1);  // the last one would be missed
  CHECK(result.failures[0] == "state: no space left on device");
}

TEST_CASE("Before the first snapshot could be committed nothing is written") {
  const bool stopped = GENERATE(false, true);  // while it is tried
  std::atomic<int> tries{0};
  std::mt19937_64 random(74);
  const std::string corpus = testing::RandomCorpus(&random, 100);
  std::atomic<uint64_t> written_before{0};
  TestRun* running = nullptr;
  TestRun run(Shipped(), {"a.log"}, InPieces(corpus, {}),
              {.line_bytes_max = kLineBytesMax,
               .commit = [&](state::Snapshot&) -> Status {
                 if (++tries > 3 && !stopped) return Ok();
                 written_before += running->output.Text().size();
                 return Fail("no space left on device", "state");
               },
               .state_interval_ms = 1});
  running = &run;
  CHECK_FALSE(run.pipeline->CommitFirst().ok());
  run.Start();
  if (stopped) {
    while (tries < 3) std::this_thread::yield();
    run.pipeline->Stop();
  }
  const RunResult result = run.Finish();
  CHECK(written_before == 0);
  if (stopped) {
    CHECK(result.output.empty());
    REQUIRE(result.failures.size() == 1);
    CHECK(result.failures[0] == "state: no space left on device");
    return;
  }
  CHECK(tries > 3);
  CHECK(result.failures.empty());
  CHECK(result.output == RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}),
                                {.threads = 1, .line_bytes_max = kLineBytesMax})
                             .output);
}

}  // namespace
}  // namespace parshall::pipeline
