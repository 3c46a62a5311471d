// A rotation renames one file after the other, and somebody looks at the folder and opens what
// stands there meanwhile. A thousand kills with 400 rotated files found it: one of them was missed.
#include <ctime>

#include <atomic>
#include <thread>

#include "bytes/rotated_siblings.h"
#include "tests/bytes/follow_kit.h"

namespace parshall::bytes {
namespace {

// Until files that are made now are born later than those before.
void AwaitTick() {
  const auto ticks = [] {
    timespec now;
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
  };
  for (const auto before = ticks(); ticks() == before;) std::this_thread::yield();
}

std::string Numbered(const std::string& log, int n) { return log + "." + std::to_string(n); }

TEST_CASE("every rotated file is found while all of them are renamed") {
  constexpr int kFiles = 150;
  TempDir dir;
  const std::string log = dir / "access.log";
  std::vector<FileIdentity> files;
  for (int n = 1; n <= kFiles; ++n) {
    Append(Numbered(log, n), "x");
    files.push_back(IdentityOf(Numbered(log, n)));
  }
  std::atomic<bool> stop{false};
  std::thread rotation([&] {
    while (!stop.load()) {
      for (int n = kFiles; n >= 1; --n) Rename(Numbered(log, n), Numbered(log, n + 1));
      for (int n = 1; n <= kFiles; ++n) Rename(Numbered(log, n + 1), Numbered(log, n));
    }
  });
  FolderNames names;
  size_t missed = 0;
  for (int round = 0; round < Rounds(50); ++round) {
    std::vector<FileIdentity> found;
    for (const RotatedSibling& sibling : RotatedSiblings(log, names)) {
      found.push_back(sibling.stat.identity);
    }
    for (const FileIdentity& file : files) missed += std::ranges::count(found, file) == 0;
    const FileIdentity& one = files[static_cast<size_t>(round) % files.size()];
    missed += FindInFolder(log, one, names).empty();
  }
  stop.store(true);
  rotation.join();
  CHECK(missed == 0);
}

TEST_CASE(
    "what was rotated while nobody read is read in order, though a rotation goes on meanwhile") {
  constexpr int kFiles = 100;
  for (int round = 0; round < Rounds(10); ++round) {
    CAPTURE(round);
    TempDir dir;
    const std::string log = dir / "access.log";
    Append(log, "begun\n");
    std::vector<FilePosition> left;
    {
      auto set = OpenSet({{.path = log}});
      Reader reader(*set);
      reader.UntilText(log, "begun\n");
      left = set->Positions();
    }
    int rotated = 0;
    std::string wanted = "begun\n";
    const auto rotate = [&] {
      for (int n = rotated; n >= 1; --n) Rename(Numbered(log, n), Numbered(log, n + 1));
      Rename(log, Numbered(log, 1));
      ++rotated;
      const std::string line = "file " + std::to_string(rotated) + "\n";
      wanted += "<next>" + line;
      AwaitTick();
      Append(log + ".new", line);
      Rename(log + ".new", log);
    };
    while (rotated < kFiles) rotate();
    std::thread rotation([&] {
      for (int n = 0; n < 5; ++n) rotate();
    });
    auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 1, .resume = left});
    rotation.join();
    Reader reader(*set);
    // The first was read before.
    wanted.erase(0, std::string("begun\n").size());
    reader.UntilText(log, wanted);
  }
}

}  // namespace
}  // namespace parshall::bytes
