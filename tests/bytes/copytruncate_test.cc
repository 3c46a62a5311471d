#include <algorithm>
#include <memory>
#include <thread>

#include "tests/bytes/follow_kit.h"

// copytruncate: copies that are made of a file which is then truncated in its place, by writers
// that append and by stale ones that leave holes. Rounds can be multiplied by the environment's
// PARSHALL_ROUNDS.

namespace parshall::bytes {
namespace {

// What a writer without O_APPEND does that is at this place in its file.
void WriteAt(const std::string& path, uint64_t offset, std::string_view text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(fd.valid());
  REQUIRE(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(text.size()));
}

// A log that is followed, by its path or under a glob that names its copies too, and who reads it.
struct Followed {
  enum class By : uint8_t { kGlob, kPath };

  explicit Followed(const std::string& text, By by = By::kGlob, int rotate_wait_ms = 5)
      : rotate_wait_ms_(rotate_wait_ms) {
    Append(log, text);
    Open(by, {});
    reader->UntilText(log, text);
  }

  // Another run goes on from where this one stands, after `meanwhile`.
  template <typename Meanwhile>
  void Restart(By by, Meanwhile meanwhile) {
    const std::vector<FilePosition> left = set->Positions();
    reader.reset();
    set.reset();
    meanwhile();
    Open(by, left);
  }

  // What cp makes of it now.
  void CopyTo(const std::string& suffix) const { std::filesystem::copy_file(log, log + suffix); }
  void CopyAndTruncate(const std::string& suffix) const {
    CopyTo(suffix);
    Truncate(log);
  }
  void WriteAt(uint64_t offset, std::string_view text) const { bytes::WriteAt(log, offset, text); }

  void Steps(int count, int wait_ms) {
    for (int i = 0; i < count; ++i) reader->Step(wait_ms);
  }
  // The paths are looked at, and nothing is read.
  void LookFor(std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    Source* source = nullptr;
    while (std::chrono::steady_clock::now() < until) set->Next(0, &source);
  }
  void Until(const std::string& text) { reader->UntilText(log, text); }
  const std::string& text(const std::string& suffix = "") { return reader->text(log + suffix); }
  FollowTally tally() const { return TallyOf(*set, log); }

  TempDir dir;
  const std::string log = dir / "access.log";
  std::unique_ptr<SourceSet> set;
  std::unique_ptr<Reader> reader;

 private:
  void Open(By by, std::vector<FilePosition> left) {
    const std::string path = by == By::kGlob ? log + "*" : log;
    set = OpenSet({{.path = path}}, {.rotate_wait_ms = rotate_wait_ms_, .resume = std::move(left)});
    reader = std::make_unique<Reader>(*set);
  }

  const int rotate_wait_ms_;
};

TEST_CASE("copytruncate: what was not read before it is read from the copy, and nothing twice") {
  const bool glob = GENERATE(false, true);
  const bool restarted = GENERATE(false, true);
  CAPTURE(glob, restarted);
  const std::string begin(5000, 'a');
  std::string want = begin + "\nread\n";
  const auto by = glob ? Followed::By::kGlob : Followed::By::kPath;
  Followed log(want, by, 10);
  log.reader->Drain();
  const auto rotate = [&log] {
    Append(log.log, "not yet\n");
    log.CopyAndTruncate(".1");
    Append(log.log, "after\n");
  };
  if (restarted) {
    want.clear();
    log.Restart(by, rotate);
  } else {
    rotate();
  }
  log.Until(want + "not yet\n<next>after\n");
  log.Steps(20, 20);
  CHECK(log.text() == want + "not yet\n<next>after\n");
  CHECK(log.text(".1").empty());
  CHECK(log.tally().bytes_lost == 0);
  CHECK(log.tally().rotations == 0);
}

// Logs begin alike: with somebody's address. One of 20 million lines was once cut so.
TEST_CASE("copytruncate: a new file of which only a common beginning stands yet is no copy") {
  const std::string line =
      "203.0.113.9 - - [21/Nov/2026:09:32:30 +0000] \"GET /r/1 HTTP/1.1\" 200 5\n";
  const std::string other =
      "203.0.113.9 - - [21/Nov/2026:09:32:30 +0000] \"GET /r/2 HTTP/1.1\" 200 5\n";
  const size_t begun = GENERATE(1, 13, 56);
  CAPTURE(begun);
  Followed log(line + line);
  Append(log.log + ".1", other.substr(0, begun));
  log.Steps(20, 20);
  Append(log.log + ".1", other.substr(begun));
  log.reader->UntilText(log.log + ".1", other);
  CHECK(log.text(".1") == other);
}

// Copies that cp has made in one moment, and copytruncate in the next. All of the interleavings
// below were seen to double lines.

TEST_CASE(
    "a new copy under the name that a source of its own was read by is not read as its next") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  Followed log("one begins\n");
  log.reader->Drain();
  // Two rotations between two looks: what came between them stands only in the second copy, which
  // is no copy of anything that was read, and so a source.
  log.CopyAndTruncate(".1");
  log.WriteAt(stale ? 11 : 0, "two is here\n");
  Rename(log.log + ".1", log.log + ".2");
  log.CopyAndTruncate(".1");
  log.WriteAt(stale ? 23 : 0, "three is longer\n");
  log.Until("one begins\n<next>three is longer\n");
  log.reader->UntilText(log.log + ".1", "two is here\n");
  log.reader->Drain();
  // Now the source of access.log.1 has lost its name, to a copy of what access.log has read.
  Rename(log.log + ".2", log.log + ".3");
  Rename(log.log + ".1", log.log + ".2");
  log.CopyTo(".1");
  log.Steps(10, 20);
  Truncate(log.log);
  log.WriteAt(stale ? 39 : 0, "four\n");
  log.Until("one begins\n<next>three is longer\n<next>four\n");
  log.Steps(20, 20);
  CHECK(log.text(".1") == "two is here\n");
  CHECK(log.text(".2").empty());
  CHECK(log.text(".3").empty());
  CHECK(log.tally().bytes_lost == 0);
}

TEST_CASE("a copy that was gone on with is not read again by the source that had its name") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  Followed log("one begins\n");
  Append(log.log + ".1", "its own\n");
  log.reader->UntilText(log.log + ".1", "its own\n");
  log.reader->Drain();
  Rename(log.log + ".1", log.log + ".2");
  log.WriteAt(11, "rest of one\n");
  log.CopyAndTruncate(".1");
  log.WriteAt(stale ? 23 : 0, "two\n");
  log.Until("one begins\nrest of one\n<next>two\n");
  // The names are looked at again after a second at most.
  log.Steps(60, 20);
  CHECK(log.text() == "one begins\nrest of one\n<next>two\n");
  CHECK(log.text(".1") == "its own\n");
}

TEST_CASE("a copy that is made slowly is not read, at whatever length it is looked at") {
  const bool stale = GENERATE(false, true);
  const bool read_late = GENERATE(false, true);  // the original is truncated while it is copied
  CAPTURE(stale, read_late);
  std::string text = "begins\n";
  Followed log(text);
  uint64_t at = 7;
  if (stale) {
    // Once round, so that the file begins with a hole.
    log.CopyAndTruncate(".9");
    log.Until(text + "<next>");
  }
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "line " + std::to_string(i) + "\n";
  log.WriteAt(at, lines);
  text += (stale ? "<next>" : "") + lines;
  log.Until(text);
  const std::string all = (stale ? std::string(at, '\0') : std::string("begins\n")) + lines;
  // A name that comes has the folder looked at.
  int names = 0;
  const auto look = [&] {
    Append(log.dir / ("name" + std::to_string(++names)), "");
    log.Steps(4, 15);
  };
  size_t copied = 0;
  for (size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{30}, size_t{100},
                      size_t{5000}, all.size() - 1}) {
    if (read_late && size == 5000) Truncate(log.log);
    Append(log.log + ".1", all.substr(copied, size - copied));
    copied = size;
    look();
  }
  Append(log.log + ".1", all.substr(copied));
  look();
  if (!read_late) Truncate(log.log);
  log.WriteAt(stale ? all.size() : 0, "after\n");
  log.Until(text + "<next>after\n");
  log.Steps(10, 20);
  CHECK(log.text(".1").empty());
  CHECK(log.tally().bytes_lost == 0);
}

TEST_CASE("a copy that stands before its original is read at all is not read beside it") {
  const bool truncated = GENERATE(false, true);
  CAPTURE(truncated);
  Followed log("one\n");
  // Truncated, and while that is taken in, the next copy is made of what was not read yet.
  Append(log.log, "rest\n");
  log.CopyAndTruncate(".2");
  Source* source = nullptr;
  REQUIRE(log.set->Next(2000, &source) == Ready::kSource);
  char buffer[100];
  REQUIRE(source->Read(buffer, sizeof buffer).status == ReadStatus::kNothing);
  log.WriteAt(9, "two\n");
  log.CopyTo(".1");
  // The folder is looked at many times before the log is read.
  log.LookFor(std::chrono::milliseconds(100));
  if (truncated) Truncate(log.log);
  log.WriteAt(13, "three\n");
  std::string all;
  const auto gather = [&] {
    all = Plain(log.text()) + Plain(log.text(".1"));
    return all.size() >= 19;
  };
  CHECK(log.reader->Until(gather));
  log.Steps(20, 20);
  gather();
  CHECK(all == (truncated ? "one\nrest\nthree\ntwo\n" : "one\nrest\ntwo\nthree\n"));
  CHECK(log.tally().bytes_lost == 0);
  CHECK(log.text(".2").empty());
}

TEST_CASE("a copy of what came behind a truncation that nobody has noticed is not read beside it") {
  const bool stale = GENERATE(false, true);
  CAPTURE(stale);
  Followed log("one\n");
  log.reader->Drain();
  log.CopyAndTruncate(".2");
  log.WriteAt(stale ? 4 : 0, "two two\n");
  // The next copy stands before the log is read again.
  log.CopyTo(".1");
  log.LookFor(std::chrono::milliseconds(100));
  log.Until("one\n<next>two two\n");
  log.Steps(10, 20);
  CHECK(log.text(".1").empty());
  CHECK(log.text(".2").empty());
}

TEST_CASE("a size that was seen behind a truncation proves no loss") {
  const bool copied = GENERATE(false, true);
  CAPTURE(copied);
  Followed log("one\n", Followed::By::kPath);
  log.reader->Drain();
  if (copied) log.CopyTo(".1");
  Truncate(log.log);
  log.WriteAt(4, std::string(1000, '2') + "\n");
  // The path is looked at (once a second) before the log is read.
  log.LookFor(std::chrono::milliseconds(1500));
  log.Until("one\n<next>" + std::string(1000, '2') + "\n");
  CHECK(log.tally().truncations == 1);
  CHECK(log.tally().bytes_lost == 0);
}

TEST_CASE("a copy with less than was read is known over a restart") {
  const size_t lines = GENERATE(20, 2000);
  CAPTURE(lines);
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += "line number " + std::to_string(i) + "\n";
  if (lines == 20) text = std::string(4096, 'a') + "\n" + text;
  Followed log(text, Followed::By::kPath);
  // The copy was made, and the writer wrote on.
  log.CopyTo(".1");
  Append(log.log, "behind the copy\n");
  log.Until(text + "behind the copy\n");
  log.Restart(Followed::By::kGlob, [&log] {
    Truncate(log.log);
    Append(log.log, "after\n");
  });
  log.Until("after\n");
  log.Steps(10, 20);
  CHECK(log.text() == "after\n");
  CHECK(log.text(".1").empty());
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
    Followed followed("line 0 begins\n");
    const std::string& log = followed.log;
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
        followed.CopyAndTruncate(".1");
      }
      rotating = false;
    });
    while (!done) followed.reader->Step(1);
    writer.join();
    rotator.join();
    followed.Steps(40, 20);
    // Every source's text, cut into lines: none may stand there twice.
    std::map<std::string, std::string> seen;  // where
    uint64_t got = 0;
    for (int k = 0; k <= 4; ++k) {
      const std::string source = k == 0 ? log : log + "." + std::to_string(k);
      const std::string text = Plain(followed.reader->text(source));
      got += text.size();
      for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string here = source + " at " + std::to_string(at);
        const auto [first, once] = seen.emplace(text.substr(at, end - at), here);
        if (!once) FAIL("twice: " + first->first + ", " + first->second + " and " + here);
        at = end + 1;
      }
    }
    const FollowTally tally = followed.tally();
    // Copies of what came and went between two looks are sources of their own, holes and all.
    uint64_t nuls = 0;
    for (const auto& [name, one] : followed.set->Tallies()) nuls += one.nul_bytes_skipped;
    CAPTURE(tally.truncations, tally.bytes_lost, nuls, written, got);
    CHECK(got <= written);
    CHECK(tally.truncations >= 1);
    if (stale) CHECK(nuls > 0);
    // A loss that sizes prove is no larger than the loss there is.
    CHECK(tally.bytes_lost <= written - got);
  }
}

TEST_CASE("a copy that somebody made and left standing is not read, nor is the original harmed") {
  Followed log("one\n");
  log.CopyTo(".1");
  log.Steps(20, 10);
  CHECK(log.text(".1").empty());
  Append(log.log, "two\n");
  log.Until("one\ntwo\n");
  // Unless it becomes a log of its own.
  Append(log.log + ".1", "its own\n");
  log.reader->UntilText(log.log + ".1", "its own\n");
}

}  // namespace
}  // namespace parshall::bytes
