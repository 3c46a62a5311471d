#include <algorithm>
#include <thread>

#include "tests/bytes/follow_kit.h"

// copytruncate: copies that are made of a file which is then truncated in its place, by writers
// that append and by stale ones that leave holes. Rounds can be multiplied by the environment's
// PARSHALL_ROUNDS.

namespace parshall::bytes {
namespace {

TEST_CASE("copytruncate: what was not read before it is read from the copy, and nothing twice") {
  const bool glob = GENERATE(false, true);
  const bool restarted = GENERATE(false, true);
  CAPTURE(glob, restarted);
  TempDir dir;
  const std::string log = dir / "access.log";
  const SourceSpec spec{.path = glob ? dir / "access.log*" : log};
  const std::string begin(5000, 'a');
  Append(log, begin + "\nread\n");
  auto set = OpenSet({spec}, {.rotate_wait_ms = 10});
  auto reader = std::make_unique<Reader>(*set);
  reader->UntilText(log, begin + "\nread\n");
  reader->Drain();
  std::string want = begin + "\nread\n";
  if (restarted) {
    const auto left = set->Positions();
    reader.reset();
    set.reset();
    want.clear();
    Append(log, "not yet\n");
    std::filesystem::copy_file(log, log + ".1");
    Truncate(log);
    Append(log, "after\n");
    set = OpenSet({spec}, {.rotate_wait_ms = 10, .resume = left});
    reader = std::make_unique<Reader>(*set);
  } else {
    Append(log, "not yet\n");
    std::filesystem::copy_file(log, log + ".1");
    Truncate(log);
    Append(log, "after\n");
  }
  reader->UntilText(log, want + "not yet\n<next>after\n");
  for (int i = 0; i < 20; ++i) reader->Step(20);
  CHECK(reader->text(log) == want + "not yet\n<next>after\n");
  CHECK(reader->text(log + ".1").empty());
  CHECK(TallyOf(*set, log).bytes_lost == 0);
  CHECK(TallyOf(*set, log).rotations == 0);
}

// Logs begin alike: with somebody's address. One of 20 million lines was once cut so.
TEST_CASE("copytruncate: a new file of which only a common beginning stands yet is no copy") {
  TempDir dir;
  const std::string log = dir / "access.log";
  const std::string line =
      "203.0.113.9 - - [21/Nov/2026:09:32:30 +0000] \"GET /r/1 HTTP/1.1\" 200 5\n";
  const std::string other =
      "203.0.113.9 - - [21/Nov/2026:09:32:30 +0000] \"GET /r/2 HTTP/1.1\" 200 5\n";
  const size_t begun = GENERATE(1, 13, 56);
  CAPTURE(begun);
  Append(log, line + line);
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, line + line);
  Append(log + ".1", other.substr(0, begun));
  for (int i = 0; i < 20; ++i) reader.Step(20);
  Append(log + ".1", other.substr(begun));
  reader.UntilText(log + ".1", other);
  CHECK(reader.text(log + ".1") == other);
}

// What a writer without O_APPEND does that is at this place in its file.
void WriteAt(const std::string& path, uint64_t offset, std::string_view text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(fd.valid());
  REQUIRE(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(text.size()));
}

// Copies that cp has made in one moment, and copytruncate in the next. All of the interleavings
// below were seen to double lines.

TEST_CASE(
    "a new copy under the name that a source of its own was read by is not read as its next") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one begins\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one begins\n");
  reader.Drain();
  // Two rotations between two looks: what came between them stands only in the second copy, which
  // is no copy of anything that was read, and so a source.
  std::filesystem::copy_file(log, log + ".1");
  Truncate(log);
  WriteAt(log, stale ? 11 : 0, "two is here\n");
  Rename(log + ".1", log + ".2");
  std::filesystem::copy_file(log, log + ".1");
  Truncate(log);
  WriteAt(log, stale ? 23 : 0, "three is longer\n");
  reader.UntilText(log, "one begins\n<next>three is longer\n");
  reader.UntilText(log + ".1", "two is here\n");
  reader.Drain();
  // Now the source of access.log.1 has lost its name, to a copy of what access.log has read.
  Rename(log + ".2", log + ".3");
  Rename(log + ".1", log + ".2");
  std::filesystem::copy_file(log, log + ".1");
  for (int i = 0; i < 10; ++i) reader.Step(20);
  Truncate(log);
  WriteAt(log, stale ? 39 : 0, "four\n");
  reader.UntilText(log, "one begins\n<next>three is longer\n<next>four\n");
  for (int i = 0; i < 20; ++i) reader.Step(20);
  CHECK(reader.text(log + ".1") == "two is here\n");
  CHECK(reader.text(log + ".2").empty());
  CHECK(reader.text(log + ".3").empty());
  CHECK(TallyOf(*set, log).bytes_lost == 0);
}

TEST_CASE("a copy that was gone on with is not read again by the source that had its name") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one begins\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one begins\n");
  Append(log + ".1", "its own\n");
  reader.UntilText(log + ".1", "its own\n");
  reader.Drain();
  Rename(log + ".1", log + ".2");
  WriteAt(log, 11, "rest of one\n");
  std::filesystem::copy_file(log, log + ".1");
  Truncate(log);
  WriteAt(log, stale ? 23 : 0, "two\n");
  reader.UntilText(log, "one begins\nrest of one\n<next>two\n");
  // The names are looked at again after a second at most.
  for (int i = 0; i < 60; ++i) reader.Step(20);
  CHECK(reader.text(log) == "one begins\nrest of one\n<next>two\n");
  CHECK(reader.text(log + ".1") == "its own\n");
}

TEST_CASE("a copy that is made slowly is not read, at whatever length it is looked at") {
  const bool stale = GENERATE(false, true);
  const bool read_late = GENERATE(false, true);  // the original is truncated while it is copied
  CAPTURE(stale, read_late);
  TempDir dir;
  const std::string log = dir / "access.log";
  std::string text = "begins\n";
  Append(log, text);
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, text);
  uint64_t at = 7;
  if (stale) {
    // Once round, so that the file begins with a hole.
    std::filesystem::copy_file(log, log + ".9");
    Truncate(log);
    reader.UntilText(log, text + "<next>");
  }
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "line " + std::to_string(i) + "\n";
  WriteAt(log, at, lines);
  text += (stale ? "<next>" : "") + lines;
  reader.UntilText(log, text);
  const std::string all = (stale ? std::string(at, '\0') : std::string("begins\n")) + lines;
  // A name that comes has the folder looked at.
  int names = 0;
  const auto look = [&] {
    Append(dir / ("name" + std::to_string(++names)), "");
    for (int i = 0; i < 4; ++i) reader.Step(15);
  };
  size_t copied = 0;
  for (size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{30}, size_t{100},
                      size_t{5000}, all.size() - 1}) {
    if (read_late && size == 5000) Truncate(log);
    Append(log + ".1", all.substr(copied, size - copied));
    copied = size;
    look();
  }
  Append(log + ".1", all.substr(copied));
  look();
  if (!read_late) Truncate(log);
  WriteAt(log, stale ? all.size() : 0, "after\n");
  reader.UntilText(log, text + "<next>after\n");
  for (int i = 0; i < 10; ++i) reader.Step(20);
  CHECK(reader.text(log + ".1").empty());
  CHECK(TallyOf(*set, log).bytes_lost == 0);
}

TEST_CASE("a copy that stands before its original is read at all is not read beside it") {
  const bool truncated = GENERATE(false, true);
  CAPTURE(truncated);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  // Truncated, and while that is taken in, the next copy is made of what was not read yet.
  Append(log, "rest\n");
  std::filesystem::copy_file(log, log + ".2");
  Truncate(log);
  Source* source = nullptr;
  REQUIRE(set->Next(2000, &source) == Ready::kSource);
  char buffer[100];
  REQUIRE(source->Read(buffer, sizeof buffer).status == ReadStatus::kNothing);
  WriteAt(log, 9, "two\n");
  std::filesystem::copy_file(log, log + ".1");
  // The folder is looked at many times before the log is read.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (std::chrono::steady_clock::now() < until) set->Next(0, &source);
  if (truncated) Truncate(log);
  WriteAt(log, 13, "three\n");
  std::string all;
  const auto gather = [&] {
    all = Plain(reader.text(log)) + Plain(reader.text(log + ".1"));
    return all.size() >= 19;
  };
  CHECK(reader.Until(gather));
  for (int i = 0; i < 20; ++i) reader.Step(20);
  gather();
  CHECK(all == (truncated ? "one\nrest\nthree\ntwo\n" : "one\nrest\ntwo\nthree\n"));
  CHECK(TallyOf(*set, log).bytes_lost == 0);
  CHECK(reader.text(log + ".2").empty());
}

TEST_CASE("a copy of what came behind a truncation that nobody has noticed is not read beside it") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  reader.Drain();
  std::filesystem::copy_file(log, log + ".2");
  Truncate(log);
  WriteAt(log, stale ? 4 : 0, "two two\n");
  // The next copy stands before the log is read again.
  std::filesystem::copy_file(log, log + ".1");
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  Source* source = nullptr;
  while (std::chrono::steady_clock::now() < until) set->Next(0, &source);
  reader.UntilText(log, "one\n<next>two two\n");
  for (int i = 0; i < 10; ++i) reader.Step(20);
  CHECK(reader.text(log + ".1").empty());
  CHECK(reader.text(log + ".2").empty());
}

TEST_CASE("a size that was seen behind a truncation proves no loss") {
  const bool copied = GENERATE(false, true);
  CAPTURE(copied);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  reader.Drain();
  if (copied) std::filesystem::copy_file(log, log + ".1");
  Truncate(log);
  WriteAt(log, 4, std::string(1000, '2') + "\n");
  // The path is looked at (once a second) before the log is read.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  Source* source = nullptr;
  while (std::chrono::steady_clock::now() < until) set->Next(0, &source);
  reader.UntilText(log, "one\n<next>" + std::string(1000, '2') + "\n");
  CHECK(TallyOf(*set, log).truncations == 1);
  CHECK(TallyOf(*set, log).bytes_lost == 0);
}

TEST_CASE("a copy with less than was read is known over a restart") {
  const size_t lines = GENERATE(20, 2000);
  CAPTURE(lines);
  TempDir dir;
  const std::string log = dir / "access.log";
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += "line number " + std::to_string(i) + "\n";
  if (lines == 20) text = std::string(4096, 'a') + "\n" + text;
  Append(log, text);
  std::vector<FilePosition> left;
  {
    auto set = OpenSet({{.path = log}});
    Reader reader(*set);
    reader.UntilText(log, text);
    // The copy was made, and the writer wrote on.
    std::filesystem::copy_file(log, log + ".1");
    Append(log, "behind the copy\n");
    reader.UntilText(log, text + "behind the copy\n");
    left = set->Positions();
  }
  Truncate(log);
  Append(log, "after\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5, .resume = left});
  Reader reader(*set);
  reader.UntilText(log, "after\n");
  for (int i = 0; i < 10; ++i) reader.Step(20);
  CHECK(reader.text(log) == "after\n");
  CHECK(reader.text(log + ".1").empty());
}

TEST_CASE("a hole at the beginning of a file is passed over, whoever begins to read there") {
  TempDir dir;
  const std::string log = dir / "a.log";
  WriteAt(log, 10'000'000, "line\n");
  auto set = OpenSet({{.path = log}});
  Reader reader(*set);
  reader.UntilText(log, "line\n");
  CHECK(TallyOf(*set, log).nul_bytes_skipped == 10'000'000);
  CHECK(TallyOf(*set, log).bytes_lost == 0);
}

TEST_CASE("copytruncate under load loses only what the tally says, and doubles nothing") {
  const bool stale = GENERATE(false, true);
  const int rounds = Rounds(4);
  CAPTURE(stale);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    TempDir dir;
    const std::string log = dir / "access.log";
    Append(log, "line 0 begins\n");
    auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
    std::atomic<bool> done = false;
    std::atomic<bool> rotating = true;
    uint64_t written = 14;
    std::thread writer([&] {
      Fd fd(::open(log.c_str(), O_WRONLY | O_CLOEXEC | (stale ? 0 : O_APPEND)));
      if (stale) ::lseek(fd.get(), 0, SEEK_END);
      // The last truncation finds it writing.
      bool last = false;
      for (int i = 1; !last; ++i) {
        last = i > 4000 && !rotating;
        const std::string line = "line " + std::to_string(i) + " of this round\n";
        written += line.size();
        WriteAll(fd.get(), line);
        if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
      done = true;
    });
    std::thread rotator([&] {
      for (int i = 1; i <= 4; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(12));
        for (int k = i; k > 1; --k) {
          Rename(log + "." + std::to_string(k - 1), log + "." + std::to_string(k));
        }
        std::filesystem::copy_file(log, log + ".1");
        Truncate(log);
      }
      rotating = false;
    });
    Reader reader(*set);
    while (!done) reader.Step(1);
    writer.join();
    rotator.join();
    for (int i = 0; i < 40; ++i) reader.Step(20);
    // Every source's text, cut into lines: none may stand there twice.
    std::map<std::string, std::string> seen;  // where
    uint64_t got = 0;
    for (int k = 0; k <= 4; ++k) {
      const std::string source = k == 0 ? log : log + "." + std::to_string(k);
      const std::string text = Plain(reader.text(source));
      got += text.size();
      for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string here = source + " at " + std::to_string(at);
        const auto [first, once] = seen.emplace(text.substr(at, end - at), here);
        if (!once) FAIL("twice: " + first->first + ", " + first->second + " and " + here);
        at = end + 1;
      }
    }
    const FollowTally tally = TallyOf(*set, log);
    // Copies of what came and went between two looks are sources of their own, holes and all.
    uint64_t nuls = 0;
    for (const auto& [name, one] : set->Tallies()) nuls += one.nul_bytes_skipped;
    CAPTURE(tally.truncations, tally.bytes_lost, nuls, written, got);
    CHECK(got <= written);
    CHECK(tally.truncations >= 1);
    if (stale) CHECK(nuls > 0);
    // A loss that sizes prove is no larger than the loss there is.
    CHECK(tally.bytes_lost <= written - got);
  }
}

TEST_CASE("a copy that somebody made and left standing is not read, nor is the original harmed") {
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set = OpenSet({{.path = dir / "access.log*"}}, {.rotate_wait_ms = 5});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  std::filesystem::copy_file(log, log + ".1");
  for (int i = 0; i < 20; ++i) reader.Step(10);
  CHECK(reader.text(log + ".1").empty());
  Append(log, "two\n");
  reader.UntilText(log, "one\ntwo\n");
  // Unless it becomes a log of its own.
  Append(log + ".1", "its own\n");
  reader.UntilText(log + ".1", "its own\n");
}

}  // namespace
}  // namespace parshall::bytes
