#include "state/commit.h"

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/state/kit.h"
#include "tests/tools/fault_shim.h"

using namespace parshall;
using namespace parshall::state;

namespace {

// Until it goes, calls on files under `path` are treated so.
class Faults {
 public:
  Faults(const std::string& path, const char* call, const char* at, const char* action,
         const std::string& log = {}) {
    FaultShimSet(path.c_str(), call, at, action, log.c_str());
  }
  ~Faults() { FaultShimClear(); }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
};

uint64_t GenerationOf(const Recovered& recovered) {
  return recovered.snapshot ? recovered.snapshot->generation : 0;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A commit counts the generation up, keeps the one before, and leaves nothing else") {
  const TempDir temp;
  StateDir dir = OpenDir(temp.path());
  Committer committer(dir, MustRecover(dir));
  uint64_t bytes = 0;
  for (uint64_t n = 1; n <= 5; ++n) {
    Snapshot snapshot = SnapshotOf(n);
    REQUIRE(committer.Commit(snapshot).ok());
    CHECK(snapshot.generation == n);
    CHECK(committer.generation() == n);
    const std::string file = ReadFile(temp / "snapshot");
    CHECK(file == Encoded(snapshot));
    bytes += file.size();
    CHECK(committer.tally().last_bytes == file.size());
    Refusal refusal;
    if (n > 1) CHECK(Decode(ReadFile(temp / "snapshot.previous"), &refusal)->generation == n - 1);
  }
  CHECK(committer.tally().commits == 5);
  CHECK(committer.tally().failures == 0);
  CHECK(committer.tally().bytes == bytes);
  CHECK(committer.tally().last_success_ms > 1'600'000'000'000);
  CHECK(committer.tally().last_duration_seconds > 0);
  CHECK(committer.tally().last_error.empty());
  size_t names = 0;
  for (const auto& entry : std::filesystem::directory_iterator(temp.path())) {
    static_cast<void>(entry);
    ++names;
  }
  CHECK(names == 3);  // lock, snapshot, snapshot.previous
  // The next run goes on from there.
  const Recovered recovered = MustRecover(dir);
  CHECK(TextOf(*recovered.snapshot).find("5 5\n") == 0);
  Committer next(dir, recovered);
  Snapshot snapshot = SnapshotOf(6);
  REQUIRE(next.Commit(snapshot).ok());
  CHECK(snapshot.generation == 6);
}

TEST_CASE("A refused snapshot never takes the place of the generation it was recovered from") {
  const TempDir temp;
  const std::string torn = Encoded(SnapshotOf(1)).substr(0, 99);
  {
    StateDir dir = OpenDir(temp.path());
    Committer committer(dir, {});
    for (uint64_t n = 1; n <= 3; ++n) {
      Snapshot snapshot = SnapshotOf(n);
      REQUIRE(committer.Commit(snapshot).ok());
    }
  }
  WriteFile(temp / "snapshot", torn);
  const std::string previous = ReadFile(temp / "snapshot.previous");
  StateDir dir = OpenDir(temp.path());
  const Recovered recovered = MustRecover(dir);
  CHECK(GenerationOf(recovered) == 2);
  Committer committer(dir, recovered);
  Snapshot snapshot = SnapshotOf(4);
  REQUIRE(committer.Commit(snapshot).ok());
  CHECK(snapshot.generation == 3);
  CHECK(ReadFile(temp / "snapshot.previous") == previous);
  CHECK(ReadFile(temp / "snapshot.refused") == torn);  // for whoever wants to know
  REQUIRE(committer.Commit(snapshot).ok());
  Refusal refusal;
  CHECK(Decode(ReadFile(temp / "snapshot.previous"), &refusal)->generation == 3);
}

TEST_CASE("Short and interrupted writes make a whole snapshot") {
  const TempDir temp;
  StateDir dir = OpenDir(temp.path());
  Committer committer(dir, {});
  Snapshot snapshot = SnapshotOf(1);
  {
    const Faults faults(temp.path(), "write", "*", "short");
    REQUIRE(committer.Commit(snapshot).ok());
    CHECK(FaultShimCount() == Encoded(snapshot).size());
  }
  CHECK(ReadFile(temp / "snapshot") == Encoded(snapshot));
  {
    const Faults faults(temp.path(), "write,openat", "1", "EINTR");
    REQUIRE(committer.Commit(snapshot).ok());
  }
  {
    const Faults faults(temp.path(), "write", "1", "EINTR");
    REQUIRE(committer.Commit(snapshot).ok());
    CHECK(FaultShimCount() == 2);
  }
  CHECK(GenerationOf(MustRecover(dir)) == 3);
}

TEST_CASE("A failure of any call of a commit harms nothing, and the next commit succeeds") {
  for (const char* const error : {"ENOSPC", "EIO", "EROFS"}) {
    for (unsigned long at = 1;; ++at) {
      const TempDir temp;
      StateDir dir = OpenDir(temp.path());
      Committer committer(dir, {});
      Snapshot snapshot = SnapshotOf(1);
      REQUIRE(committer.Commit(snapshot).ok());
      snapshot = SnapshotOf(2);
      REQUIRE(committer.Commit(snapshot).ok());
      snapshot = SnapshotOf(3);
      Status status = Ok();
      unsigned long calls = 0;
      {
        const Faults faults(temp.path(), nullptr, std::to_string(at).c_str(), error);
        status = committer.Commit(snapshot);
        calls = FaultShimCount();
      }
      INFO(error << " at call " << at << " of " << calls);
      if (calls < at) {
        CHECK(at == 7);  // openat, write, fdatasync, two renames, fsync
        CHECK(status.ok());
        break;
      }
      REQUIRE_FALSE(status.ok());
      INFO(status.error().ToString());
      CHECK(Contains(status.error().ToString(), temp.path()));
      CHECK(committer.tally().failures == 1);
      CHECK(committer.tally().commits == 2);
      CHECK(committer.tally().last_error == status.error().ToString());
      const uint64_t generation = GenerationOf(LookInto(temp.path()));
      CHECK((generation == 2 || (generation == 3 && at == 6)));
      CHECK(CountTemporaries(temp.path()) == 0);
      snapshot = SnapshotOf(4);
      REQUIRE(committer.Commit(snapshot).ok());
      CHECK(snapshot.generation == 4);
      CHECK(committer.tally().last_error.empty());
      const Recovered recovered = LookInto(temp.path());
      CHECK(GenerationOf(recovered) == 4);
      CHECK(recovered.notices.empty());
      // The generation before the failure, or that of the try that failed last.
      Refusal refusal;
      const uint64_t previous = Decode(ReadFile(temp / "snapshot.previous"), &refusal)->generation;
      CHECK(previous == (at == 6 ? 3 : 2));
    }
  }
}

// D3: the kernel forgets what it could not write, and the second fsync would say yes.
TEST_CASE("After a failed fsync the file is given up, never synced again") {
  for (unsigned long at = 1; at <= 40; ++at) {
    const TempDir temp;
    const TempDir logs;
    StateDir dir = OpenDir(temp.path());
    Committer committer(dir, {});
    uint64_t good = 0;
    {
      const Faults faults(temp.path(), "fsync,fdatasync", std::to_string(at).c_str(), "EIO",
                          logs / "log");
      for (uint64_t n = 1; n <= 20; ++n) {
        Snapshot snapshot = SnapshotOf(n);
        const bool ok = committer.Commit(snapshot).ok();
        const uint64_t generation = GenerationOf(LookInto(temp.path()));
        INFO("fsync " << at << ", commit " << n);
        REQUIRE((generation == good || generation == n));
        if (ok) REQUIRE(generation == n);
        good = generation;
      }
    }
    CHECK(committer.tally().failures == 1);
    CHECK(committer.tally().commits == 19);
    const std::string log = ReadFile(logs / "log");
    const size_t failed = log.find("failed\t");
    REQUIRE(failed != std::string::npos);
    const size_t path_at = log.find(temp.path(), failed);
    const std::string path = log.substr(path_at, log.find('\n', path_at) - path_at);
    if (path != temp.path()) {  // else it is the directory, which stays
      INFO(path);
      CHECK_FALSE(Contains(log.substr(path_at + path.size()), path));
    }
  }
}

TEST_CASE("A full disk harms nothing, and a commit succeeds when there is space again") {
  const TempDir temp;
  const std::string disk = temp / "disk";
  REQUIRE(::mkdir(disk.c_str(), 0700) == 0);
  if (::geteuid() != 0 || ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) {
    WARN("skipped: this process may not mount a small disk");
    return;
  }
  struct Unmount {
    const std::string& path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{disk};
  StateDir dir = OpenDir(disk);
  Committer committer(dir, {});
  uint64_t good = 0;
  uint64_t n = 0;
  const auto commit = [&] {
    Snapshot snapshot = SnapshotOf(++n);
    snapshot.sources.clear();
    snapshot.totals.emplace_back(std::string(20'000, 'x'), n);  // five pages
    const Status status = committer.Commit(snapshot);
    if (status.ok()) good = snapshot.generation;
    return status;
  };
  REQUIRE(commit().ok());
  for (int cycle = 0; cycle < 100; ++cycle) {
    INFO("cycle " << cycle);
    {
      const Fd filler(::open((disk + "/filler").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
      REQUIRE(filler.valid());
      // Leaves none to some pages free, so that it is full at another place each time.
      const std::string page(4096, 'f');
      off_t size = 0;
      ssize_t written = 0;
      while ((written = ::write(filler.get(), page.data(), page.size())) > 0) size += written;
      REQUIRE(errno == ENOSPC);
      REQUIRE(::ftruncate(filler.get(), size - 4096 * (cycle % 5)) == 0);
    }
    const uint64_t before = good;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const Status status = commit();
      REQUIRE_FALSE(status.ok());
      INFO(status.error().ToString());
      REQUIRE(Contains(status.error().ToString(), "No space left on device"));
      REQUIRE(GenerationOf(LookInto(disk)) == before);
      REQUIRE(CountTemporaries(disk) == 0);
    }
    REQUIRE(::unlink((disk + "/filler").c_str()) == 0);
    REQUIRE(commit().ok());
    REQUIRE(GenerationOf(LookInto(disk)) == good);
  }
  CHECK(committer.tally().failures == 300);
  CHECK(committer.tally().commits == 101);
}
