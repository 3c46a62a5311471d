#include <algorithm>
#include <random>

#include "tests/bytes/follow_kit.h"

// Rotation and truncation, seen and unseen: between two looks, and between two runs. Rounds can be
// multiplied by the environment's PARSHALL_ROUNDS.

namespace parshall::bytes {
namespace {

void GzipInPlace(const std::string& path) {
  std::string text;
  const Fd fd = OpenForReading(path);
  char buffer[4096];
  for (ssize_t n; (n = ReadSome(fd.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  // As gzip(1) does it, with the time of the original.
  struct stat was = {};
  REQUIRE(::fstat(fd.get(), &was) == 0);
  Append(path + ".gz", Gzip(text));
  const timespec times[2] = {was.st_atim, was.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, (path + ".gz").c_str(), times, 0) == 0);
  Delete(path);
}

// logrotate with `rotate` and perhaps `compress` (delayed by one).
void Rotate(const std::string& log, int keep, bool compress) {
  for (int i = keep; i >= 1; --i) {
    for (const std::string ending : {"", ".gz"}) {
      const std::string from = log + "." + std::to_string(i) + ending;
      if (::access(from.c_str(), F_OK) != 0) continue;
      Rename(from, log + "." + std::to_string(i + 1) + ending);
      if (compress && ending.empty()) GzipInPlace(log + "." + std::to_string(i + 1));
    }
  }
  if (::access(log.c_str(), F_OK) == 0) Rename(log, log + ".1");
}

// A log that is rotated at random while nobody or somebody reads, in many short runs.
struct Life {
  explicit Life(unsigned seed) : random(seed) {}

  int Below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  std::string Lines() {
    std::string lines;
    for (int i = Below(40); i >= 0; --i) lines += "line " + std::to_string(++line) + "\n";
    written += lines;
    return lines;
  }

  std::mt19937 random;
  int line = 0;
  std::string written;
};

TEST_CASE("nothing is lost or read twice over stops, rotations and compression") {
  const bool compress = GENERATE(false, true);
  const bool glob = GENERATE(false, true);
  const int rounds = Rounds(25);
  CAPTURE(compress, glob);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Life life(static_cast<unsigned>(round));
    TempDir dir;
    const std::string log = dir / "access.log";
    const SourceSpec spec{.path = glob ? dir / "access.log*" : log};
    // What was rotated away before the first run saw it is none of its business.
    Append(log, "");
    std::vector<FilePosition> left;
    std::map<std::string, std::string> got;
    for (int run = 0; run < 6; ++run) {
      SetOptions options{.rotate_wait_ms = 1};
      options.resume = left;
      auto set = OpenSet({spec}, options);
      Reader reader(*set, 200);
      // Sometimes stopped before everything was read.
      for (int steps = life.Below(3) == 0 ? life.Below(8) : 30; steps > 0; --steps) {
        if (life.Below(6) == 0) Append(log, life.Lines());
        // Compressed only while nobody reads: files written and compressed within one tick of the
        // file system's clock cannot be told apart by time.
        if (life.Below(15) == 0) Rotate(log, 9, false);
        reader.Step(steps % 5 == 0 ? 3 : 0);
      }
      left = set->Positions();
      for (const std::string& name : {log, log + ".1", log + ".2", log + ".3"}) {
        got[name] += Plain(reader.text(name));
      }
      // While nobody reads.
      for (int i = life.Below(3); i > 0; --i) {
        if (life.Below(2) == 0) Append(log, life.Lines());
        Rotate(log, 9, compress);
      }
      Append(log, life.Lines());
    }
    SetOptions options{.rotate_wait_ms = 1};
    options.resume = left;
    auto set = OpenSet({spec}, options);
    Reader reader(*set);
    std::string all;
    const auto gather = [&] {
      all.clear();
      for (const std::string& name : {log, log + ".1", log + ".2", log + ".3"}) {
        all += got[name] + Plain(reader.text(name));
      }
      return all.size() >= life.written.size();
    };
    CHECK(reader.Until(gather));
    for (int i = 0; i < 5; ++i) reader.Step(5);
    gather();
    if (glob) {
      // A file found under its rotated name may be a source of its own: the order is not one.
      const auto sorted = [](const std::string& text) {
        std::vector<std::string> lines;
        for (size_t at = 0; at < text.size();) {
          const size_t end = text.find('\n', at);
          lines.push_back(text.substr(at, end - at));
          at = end + 1;
        }
        std::sort(lines.begin(), lines.end());
        return lines;
      };
      if (sorted(all) != sorted(life.written)) {
        for (const auto& [name, text] : got) WARN(name << ": " << text);
        WARN("got " << all.size() << " of " << life.written.size());
      }
      REQUIRE((sorted(all) == sorted(life.written)));
    } else {
      if (all != life.written) {
        size_t at = 0;
        while (at < all.size() && all[at] == life.written[at]) ++at;
        WARN("differs at " << at << " of " << life.written.size() << ", got " << all.size() << ": "
                           << all.substr(at, 40) << " instead of " << life.written.substr(at, 40));
      }
      REQUIRE((all == life.written));
    }
  }
}

TEST_CASE("a file that was compressed while nobody read is finished, then the ones behind it") {
  const bool glob = GENERATE(false, true);
  TempDir dir;
  const std::string log = dir / "access.log";
  const SourceSpec spec{.path = glob ? dir / "access.log*" : log};
  Append(log, "one\n");
  std::vector<FilePosition> left;
  {
    auto set = OpenSet({spec});
    Reader reader(*set);
    reader.UntilText(log, "one\n");
    left = set->Positions();
  }
  Append(log, "rest of one\n");
  Rotate(log, 9, true);
  Append(log, "two\n");
  Rotate(log, 9, true);
  Append(log, "three\n");
  auto set = OpenSet({spec}, {.rotate_wait_ms = 10, .resume = left});
  Reader reader(*set);
  reader.UntilText(log, "rest of one\n<next>two\n<next>three\n");
}

TEST_CASE("a file that two rotations carried past between two looks is read") {
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set = OpenSet({{.path = log}}, {.inotify = false, .rotate_wait_ms = 10});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  Append(log, "rest of one\n");
  Rotate(log, 9, false);
  Append(log, "two\n");
  Rotate(log, 9, false);
  Append(log, "three\n");
  reader.UntilText(log, "one\nrest of one\n<next>two\n<next>three\n");
  CHECK(TallyOf(*set, log).rotations == 2);
}

// One of 8,800,000 lines' files of the bar K5 went so.
TEST_CASE("a file that stood in the way of logrotate's `create` is read under its backup's name") {
  const bool glob = GENERATE(false, true);
  CAPTURE(glob);
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log, "one\n");
  auto set =
      OpenSet({{.path = glob ? dir / "*.log" : log}}, {.inotify = false, .rotate_wait_ms = 10});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  Append(log, "rest of one\n");
  Rename(log, log + ".1");
  Append(log, "two\n");
  Rename(log, log + "-2026112121.backup");
  Append(log, "three\n");
  reader.UntilText(log, "one\nrest of one\n<next>two\n<next>three\n");
}

TEST_CASE("older files that stood there before the first run are not taken for missed ones") {
  TempDir dir;
  const std::string log = dir / "access.log";
  Append(log + ".1", "of old\n");
  Append(log, "one\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 10});
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  Rotate(log, 9, false);
  Append(log, "two\n");
  reader.UntilText(log, "one\n<next>two\n");
}

TEST_CASE("two files that begin alike are both read whole") {
  TempDir dir;
  const std::string begin(4096, 'a');
  const int rounds = Rounds(10);
  for (int round = 0; round < rounds; ++round) {
    const std::string one = dir / ("one" + std::to_string(round) + ".log");
    const std::string two = dir / ("two" + std::to_string(round) + ".log");
    Append(one, begin + "one\n");
    auto set = OpenSet({{.path = dir / ("*" + std::to_string(round) + ".log")}});
    Reader reader(*set);
    reader.UntilText(one, begin + "one\n");
    Append(two, begin + "two\n");
    // As a rotated name it looks even more like a copy.
    Append(one + ".1", begin + "2\n");
    reader.UntilText(two, begin + "two\n");
    // Truncated and written again, longer and with the same beginning, before anybody looks.
    Truncate(one);
    Append(one, begin + "and now something else\n");
    reader.UntilText(one, begin + "one\n<next>" + begin + "and now something else\n");
    CHECK(TallyOf(*set, one).truncations == 1);
  }
}

TEST_CASE("a file that was truncated unread is reported with what its size proves") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, std::string(1000, 'a'));
  auto set = OpenSet({{.path = log}});
  Reader reader(*set, 100);
  reader.Step(0);
  Truncate(log);
  reader.UntilText(log, std::string(100, 'a') + "<next>");
  CHECK(TallyOf(*set, log).bytes_lost == 900);
  CHECK(TallyOf(*set, log).truncations == 1);
}

TEST_CASE("a reused inode is another file, shorter, as long, and longer") {
  const int rounds = Rounds(10);
  for (int round = 0; round < rounds; ++round) {
    for (const size_t size : {500, 1000, 1500}) {
      CAPTURE(round, size);
      TempDir dir;
      const std::string log = dir / "a.log";
      Append(log, std::string(1000, 'a'));
      std::vector<FilePosition> left;
      {
        auto set = OpenSet({{.path = log}});
        Reader reader(*set);
        reader.UntilText(log, std::string(1000, 'a'));
        left = set->Positions();
      }
      Delete(log);
      Append(log, std::string(size, 'b'));
      // A file system that keeps no birth would give the same identity.
      left.at(0).identity = IdentityOf(log);
      auto set = OpenSet({{.path = log}}, {.resume = left});
      Reader reader(*set);
      reader.UntilText(log, std::string(size, 'b'));
    }
  }
}

TEST_CASE("files are closed while they are idle, and lose nothing by it") {
  TempDir dir;
  SetOptions options{.rotate_wait_ms = 10, .open_files_max = 30};
  for (int i = 0; i < 100; ++i) Append(dir / ("f" + std::to_string(i) + ".log"), "1\n");
  const size_t before = OpenDescriptors();
  auto set = OpenSet({{.path = dir / "*.log"}}, options);
  Reader reader(*set);
  const auto read = [&](const std::string& text) {
    return reader.Until([&] {
      for (int i = 0; i < 100; ++i) {
        if (reader.text(dir / ("f" + std::to_string(i) + ".log")) != text) return false;
      }
      return true;
    });
  };
  REQUIRE(read("1\n"));
  reader.Drain();
  CHECK(OpenDescriptors() < before + 40);
  for (int i = 0; i < 100; ++i) {
    const std::string log = dir / ("f" + std::to_string(i) + ".log");
    Append(log, "tail\n");
    Rename(log, log + ".1");
    Append(log, "2\n");
  }
  CHECK(read("1\ntail\n<next>2\n"));
  reader.Drain();
  CHECK(OpenDescriptors() < before + 40);
}

}  // namespace
}  // namespace parshall::bytes
