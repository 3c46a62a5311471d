// Going on after a crash: what was written behind the last snapshot is taken back, in the right
// file, and nothing else is ever cut.

#include <random>

#include "base/gzip.h"
#include "tests/sinks/output_kit.h"

namespace parshall::sinks {
namespace {

using testing::Content;
using testing::OpenSink;
using testing::Quick;
using testing::Records;
using testing::TempDir;
using testing::WriteWhole;

// A run that recorded its position behind the first two records and was killed behind the fourth.
OutputPosition KilledRun(const std::string& path) {
  auto sink = OpenSink(path, Quick());
  REQUIRE(sink->Write(Records(0, 2)).ok());
  const OutputPosition position = *sink->position();
  REQUIRE(sink->Write(Records(2, 4)).ok());
  return position;
}

}  // namespace

TEST_CASE("The file is cut back in its place") {
  const TempDir dir;
  const std::string path = dir / "out";
  const OutputPosition position = KilledRun(path);
  CHECK(position.path == path);
  CHECK(position.length == 16);
  std::ofstream(path, std::ios::app) << "{\"half a rec";
  auto sink = OpenSink(path, Quick(), position);
  CHECK(Content(path) == Records(0, 2));
  CHECK(sink->position()->identity == position.identity);
  REQUIRE(sink->Write(Records(2, 5)).ok());
  CHECK(Content(path) == Records(0, 5));
  CHECK(sink->TakeNotices().empty());
}

TEST_CASE("A file that was moved away is cut back where it stands") {
  const TempDir dir;
  const std::string path = dir / "out";
  const std::string moved = dir / GENERATE("out.1", "out-20261121.log", "elsewhere");
  const bool new_file = GENERATE(false, true);  // of somebody else
  CAPTURE(moved, new_file);
  const OutputPosition position = KilledRun(path);
  std::filesystem::rename(path, moved);
  if (new_file) WriteWhole(path, "theirs, and longer than what was recorded\n");
  WriteWhole(dir / "bystander", Records(0, 9));
  auto sink = OpenSink(path, Quick(), position);
  CHECK(Content(moved) == Records(0, 2));
  CHECK(sink->TakeNotices().empty());
  REQUIRE(sink->Write(Records(2, 5)).ok());
  CHECK(Content(path) ==
        (new_file ? "theirs, and longer than what was recorded\n" : "") + Records(2, 5));
  CHECK(Content(dir / "bystander") == Records(0, 9));
}

// As logrotate does it without `delaycompress`.
TEST_CASE("A file that was compressed meanwhile is left as it is, and what comes again is told") {
  const TempDir dir;
  const std::string path = dir / "out";
  const OutputPosition position = KilledRun(path);
  const std::string packed = dir / GENERATE("out.1.gz", "out-20261121.gz");
  struct Row {
    std::string content;
    const char* told;  // empty: nothing stands twice
  };
  const auto row = GENERATE(
      Row{Records(0, 2), ""},
      Row{Records(0, 4), "with 16 bytes of records behind the last snapshot; these records come"},
      Row{Records(0, 1), "neither here nor beside it"}, Row{"", "neither here nor beside it"});
  CAPTURE(packed, row.content);
  std::filesystem::remove(path);
  const std::string bytes =
      row.content.empty() ? "no gzip file, though it looks so" : Gzip(row.content, 6);
  WriteWhole(packed, bytes);
  auto sink = OpenSink(path, Quick(), position);
  const std::vector<std::string> notices = sink->TakeNotices();
  REQUIRE(notices.size() == (row.told[0] == '\0' ? 0 : 1));
  if (!notices.empty()) CHECK(notices[0].find(row.told) != std::string::npos);
  CHECK(Content(packed) == bytes);
  REQUIRE(sink->Write(Records(2, 5)).ok());
  CHECK(Content(path) == Records(2, 5));
}

TEST_CASE("The recorded file is cut back where another one in another folder is named now") {
  const TempDir dir;
  const TempDir other;
  const OutputPosition position = KilledRun(dir / "out");
  auto sink = OpenSink(other / "next", Quick(), position);
  CHECK(Content(dir / "out") == Records(0, 2));
  CHECK(sink->TakeNotices().empty());
  REQUIRE(sink->Write(Records(2, 5)).ok());
  CHECK(Content(other / "next") == Records(2, 5));
}

TEST_CASE("A file that is not the recorded one is never cut") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputPosition position = KilledRun(path);
  const std::string told = "records since the last snapshot may stand twice";

  SECTION("gone, and another stands there") {
    std::filesystem::rename(path, dir / "kept");  // so that its inode is not used again
    WriteWhole(path, Records(10, 20));
    std::filesystem::remove(dir / "kept");
    auto sink = OpenSink(path, Quick(), position);
    CHECK(Content(path) == Records(10, 20));
    const auto notices = sink->TakeNotices();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0] == path + ": the output file of the last run (\"" + path +
                            "\", 16 bytes) is neither here nor beside it; " + told);
  }
  SECTION("another birth, as when an inode is used again") {
    if (position.identity.birth_ns == 0) return;
    position.identity.birth_ns -= 1;
    auto sink = OpenSink(path, Quick(), position);
    CHECK(Content(path) == Records(0, 4));
    CHECK(sink->TakeNotices().size() == 1);
  }
  SECTION("gone, with its folder") {
    position.path = "/nowhere/out";
    position.identity.inode += 1'000'000'007;
    auto sink = OpenSink(path, Quick(), position);
    CHECK(Content(path) == Records(0, 4));
    CHECK(sink->TakeNotices().size() == 1);
  }
  SECTION("a link in the folder leads to it, and it stands elsewhere") {
    const TempDir other;
    std::filesystem::rename(path, other / "out");
    std::filesystem::create_symlink(other / "out", dir / "link");
    auto sink = OpenSink(path, Quick(), position);
    CHECK(Content(other / "out") == Records(0, 4));
    CHECK(sink->TakeNotices().size() == 1);
  }
  SECTION("shorter than recorded") {
    std::filesystem::resize_file(path, 8);
    auto sink = OpenSink(path, Quick(), position);
    CHECK(Content(path) == Records(0, 1));
    const auto notices = sink->TakeNotices();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0] ==
          path +
              ": this output file has 8 bytes, and the last snapshot knows of 16; somebody cut "
              "it, and records may be missing");
  }
}

TEST_CASE("A file is known after a restart of the machine gave its device another number") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputPosition position = KilledRun(path);
  if (position.identity.birth_ns == 0) return;
  position.identity.device ^= 0x100000001;
  auto sink = OpenSink(path, Quick(), position);
  CHECK(Content(path) == Records(0, 2));
}

TEST_CASE("Half a record at the end is kept off what follows") {
  const TempDir dir;
  const std::string path = dir / "out";
  WriteWhole(path, "{\"half\":");
  OutputPosition position;
  {
    auto sink = OpenSink(path, Quick());
    position = *sink->position();
    CHECK(position.length == 8);
    REQUIRE(sink->Write(Records(0, 1)).ok());
    REQUIRE(sink->Write(Records(1, 2)).ok());
    CHECK(Content(path) == "{\"half\":\n" + Records(0, 2));
  }
  auto sink = OpenSink(path, Quick(), position);  // before anything of ours
  CHECK(Content(path) == "{\"half\":");
  REQUIRE(sink->Write(Records(0, 2)).ok());
  CHECK(Content(path) == "{\"half\":\n" + Records(0, 2));
}

// The protocol of the header: kills at random moments of runs that rotate, are rotated by others
// and take snapshots now and then. All files together hold each record once, in order.
TEST_CASE("A thousand kills leave each record once, through rotations of all kinds") {
  const uint32_t seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&random](uint32_t n) { return static_cast<int>(random() % n); };
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_bytes = 300;
  options.keep = 1'000;
  options.durable = false;
  std::optional<OutputPosition> snapshot;  // durable
  int snapshot_next = 0;
  int moves = 0;
  for (int run = 0; run < 250; ++run) {
    auto sink = OpenSink(path, options, snapshot);
    int next = snapshot_next;
    const auto commit = [&] {
      snapshot = sink->position();
      snapshot_next = next;
    };
    // What recovery does before the first write. Without it a first file is not named.
    commit();
    for (int step = below(12); step > 0; --step) {
      if (sink->ReopenDue()) {
        REQUIRE(sink->Reopen().ok());
        if (below(4) == 0) break;  // killed between the new file and its snapshot
        commit();
      }
      const int count = 1 + below(5);
      std::string records = Records(next, next + count);
      if (step == 1) records.resize(records.size() - static_cast<size_t>(below(6)));  // torn
      REQUIRE(sink->Write(records).ok());
      next += count;
      if (step > 1 && below(3) == 0) commit();
      if (step > 1 && below(10) == 0) {
        std::filesystem::rename(path, dir / ("moved" + std::to_string(moves++)));
      }
    }
    const auto notices = sink->TakeNotices();
    CAPTURE(notices);
    REQUIRE(notices.empty());
  }
  OpenSink(path, options, snapshot);
  size_t files = 0;
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    ++files;
  }
  CHECK(files > 10);
  std::sort(lines.begin(), lines.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  REQUIRE(snapshot_next > 500);
  CHECK((all == Records(0, snapshot_next)));
}

}  // namespace parshall::sinks
