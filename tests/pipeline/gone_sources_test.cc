#include <catch2/catch.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "tests/pipeline/kit.h"

// Sources whose files are gone: their counts outlive their names, in memory and over a restart.

namespace parshall::pipeline {
namespace {

using testing::LinesRead;
using testing::LinesWithOutcome;
using testing::Shipped;
using testing::Step;
using testing::TestRun;

std::string Name(size_t n) { return "/var/log/app-" + std::to_string(10'000 + n) + ".log"; }

// n + 1 lines.
std::string Lines(size_t n) {
  std::string text;
  for (size_t line = 0; line <= n; ++line) text += "no rule knows this\n";
  return text;
}

// Names that come, are read and are gone, in groups as a look finds them.
struct Script {
  void ComeAndGo(size_t first, size_t end) {
    for (size_t n = first; n < end; ++n) {
      names.push_back(Name(n));
      steps.push_back({Step::kBytes, names.size() - 1, Lines(n)});
      lines += n + 1;
    }
    for (size_t n = first; n < end; ++n) {
      steps.push_back({Step::kFileEnded, names.size() - end + n, ""});
      steps.push_back({Step::kGone, names.size() - end + n, ""});
    }
    steps.push_back({Step::kIdle, 0, ""});
  }
  std::vector<std::string> names;
  std::vector<Step> steps;
  uint64_t lines = 0;
};

// The ledger balances for every source and for what has no name any more.
uint64_t CheckedLines(const Ledger& ledger) {
  uint64_t lines = LinesRead(ledger.gone.tally);
  CHECK(LinesWithOutcome(ledger.gone.tally) == lines);
  for (const Ledger::Source& source : ledger.sources) {
    CAPTURE(source.name);
    CHECK(LinesRead(source.tally) == LinesWithOutcome(source.tally));
    lines += LinesRead(source.tally);
  }
  return lines;
}

// At a kBlock the last batch may still be in some worker's hand.
Ledger LedgerWith(TestRun& run, uint64_t lines) {
  run.set->WaitForBlock();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    Ledger ledger = run.pipeline->Scrape().ledger;
    const uint64_t read = CheckedLines(ledger);
    if (read >= lines || std::chrono::steady_clock::now() > until) {
      CHECK(read == lines);
      return ledger;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_CASE("A source that is gone keeps its counts, and goes on with them when its name is back") {
  const size_t threads = GENERATE(1, 4);
  Script script;
  script.ComeAndGo(0, 5);
  script.steps.push_back({Step::kBlock, 0, ""});
  script.ComeAndGo(3, 4);
  script.steps.push_back({Step::kBlock, 0, ""});
  TestRun run(Shipped(), script.names, script.steps, {.threads = threads});
  run.Start();
  Ledger ledger = LedgerWith(run, 15);
  CHECK(ledger.sources.size() == 5);
  run.set->Release();
  ledger = LedgerWith(run, 19);
  CHECK(ledger.gone.sources == 0);
  REQUIRE(ledger.sources.size() == 5);
  std::map<std::string, uint64_t> read;
  for (const Ledger::Source& source : ledger.sources) read[source.name] = LinesRead(source.tally);
  CHECK(read[Name(3)] == 8);
  CHECK(read[Name(4)] == 5);
  run.pipeline->Stop();
  CHECK(run.Finish().failures.empty());
}

TEST_CASE("Of many gone sources the oldest give up their names, and no count") {
  constexpr size_t kNames = 3 * AbsentSources::kKeptMax;
  const size_t threads = GENERATE(1, 4);
  const size_t group = GENERATE(1, 50, 600);
  CAPTURE(threads, group);
  std::mutex mutex;
  std::vector<state::Snapshot> snapshots;
  const auto commit = [&](state::Snapshot& snapshot) {
    const std::lock_guard lock(mutex);
    snapshots.push_back(snapshot);
    return Ok();
  };
  Script script;
  for (size_t n = 0; n < kNames; n += group) script.ComeAndGo(n, n + group);
  script.names.push_back("lives.log");
  script.steps.push_back({Step::kBytes, script.names.size() - 1, Lines(6)});
  script.lines += 7;
  script.steps.push_back({Step::kBlock, 0, ""});
  {
    TestRun run(Shipped(), script.names, script.steps, {.threads = threads, .commit = commit});
    run.Start();
    const Ledger ledger = LedgerWith(run, script.lines);
    CHECK(ledger.sources.size() == AbsentSources::kKeptMax + 1);
    CHECK(ledger.gone.sources == kNames - AbsentSources::kKeptMax);
    CHECK(ledger.sources.back().name != Name(0));
    run.pipeline->Stop();
    CHECK(run.Finish().failures.empty());
  }
  // And so it stands in the snapshot: with some of them back, and one that was given up. The inodes
  // of files that were deleted shortly before are remembered there.
  REQUIRE(!snapshots.empty());
  if (GENERATE(false, true)) {
    for (size_t n = 0; n < kNames; ++n) {
      snapshots.back().files.push_back({.source = Name(n), .identity = {.inode = n + 1}});
    }
  }
  Script second;
  second.names = {"lives.log"};
  second.steps.push_back({Step::kBytes, 0, Lines(0)});
  ++second.lines;
  second.ComeAndGo(kNames - 1, kNames);
  second.ComeAndGo(0, 1);
  second.steps.push_back({Step::kBlock, 0, ""});
  TestRun run(Shipped(), second.names, second.steps, {.threads = threads, .commit = commit});
  run.set->BeginAt(0, Lines(6).size());
  CHECK(run.pipeline->Restore(snapshots.back()).empty());
  CHECK(CheckedLines(run.pipeline->Scrape().ledger) == script.lines);
  run.Start();
  const Ledger ledger = LedgerWith(run, script.lines + second.lines);
  CHECK(ledger.sources.size() == AbsentSources::kKeptMax + 1);
  // The name that was given up came back as a new one, and took the place of the oldest.
  CHECK(ledger.gone.sources == kNames - AbsentSources::kKeptMax + 1);
  for (const Ledger::Source& source : ledger.sources) {
    if (source.name == Name(kNames - 1)) CHECK(LinesRead(source.tally) == 2 * kNames);
    if (source.name == Name(0)) CHECK(LinesRead(source.tally) == 1);
    if (source.name == "lives.log") CHECK(LinesRead(source.tally) == 8);
  }
  run.pipeline->Stop();
  CHECK(run.Finish().failures.empty());
}

}  // namespace
}  // namespace parshall::pipeline
