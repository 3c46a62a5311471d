// A commit is killed at each of its system calls (K3 of the reliability matrix): what is on the
// disk then is the generation before or the one after.

#include <sys/mman.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

#include "tests/state/kit.h"
#include "tests/tools/fault_shim.h"

using namespace parshall;
using namespace parshall::state;

namespace {

constexpr uint64_t kCommits = 20;

// What a child says before it is killed. In shared memory.
struct Said {
  uint64_t tried = 0;      // generation
  uint64_t committed = 0;  // generation
  bool ended = false;
};

// Small ones, and each says which generation it belongs to.
Snapshot SmallSnapshot(uint64_t generation) {
  Snapshot snapshot;
  snapshot.totals = {{"generation", generation}, {std::string(700, 'x'), 1}};
  return snapshot;
}

// One run, from opening the directory on.
void Run(const std::string& path, Said& said) {
  auto dir = StateDir::Open(path);
  if (!dir) return;
  auto recovered = Recover(*dir);
  if (!recovered) return;
  Committer committer(*dir, *recovered);
  for (uint64_t n = 0; n < kCommits; ++n) {
    said.tried = committer.generation() + 1;
    Snapshot snapshot = SmallSnapshot(said.tried);
    if (!committer.Commit(snapshot)) return;
    said.committed = snapshot.generation;
  }
  said.ended = true;
}

}  // namespace

TEST_CASE("Killed at any system call, a run leaves the generation before or the one after") {
  void* const memory =
      ::mmap(nullptr, sizeof(Said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  for (const char* const action : {"kill", "after", "torn"}) {
    unsigned long kills = 0;
    for (unsigned long at = 1;; ++at) {
      const TempDir temp;
      const std::string path = temp / "state";
      Said* const said = new (memory) Said;
      // The second run of each begins with what the first one left.
      bool ended = false;
      for (int run = 0; run < 2; ++run) {
        const uint64_t begun_with = said->committed;
        said->tried = begun_with;
        said->ended = false;
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
          FaultShimSet(path.c_str(), nullptr, std::to_string(at).c_str(), action, nullptr);
          Run(path, *said);
          ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        INFO(action << " at call " << at << " of run " << run << ", tried " << said->tried
                    << ", committed " << said->committed);
        const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        REQUIRE(killed != said->ended);
        ended = said->ended;
        kills += killed;
        if (!IsThere(path)) {
          REQUIRE(said->committed == 0);
          continue;
        }
        const Recovered recovered = LookInto(path);
        const uint64_t generation = recovered.snapshot ? recovered.snapshot->generation : 0;
        REQUIRE((generation == said->committed || generation == said->tried));
        if (recovered.snapshot) {
          REQUIRE(recovered.snapshot->totals == SmallSnapshot(generation).totals);
        }
        for (const uint64_t refused : recovered.refused) REQUIRE(refused == 0);
        // The next run goes on from what is there.
        said->committed = generation;
      }
      // And a run that nobody kills goes on, and clears up.
      const Said before = *said;
      Said last = before;
      Run(path, last);
      REQUIRE(last.ended);
      REQUIRE(last.committed == before.committed + kCommits);
      REQUIRE(CountTemporaries(path) == 0);
      if (ended) break;  // it has no more calls than `at`
    }
    // 20 commits of 6 calls, but the first has one less; then opening and reading.
    CHECK(kills > 2 * 119);
  }
  ::munmap(memory, sizeof(Said));
}
