// Room that is kept behind the end of an output file while much is written to it: it never shows in
// the length, and nobody pays for it when the file is left.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sinks/output_kit.h"

namespace parshall::sinks {
namespace {

using testing::OpenSink;
using testing::Quick;
using testing::TempDir;

constexpr uint64_t kMiB = 1 << 20;
// What a file system may round up to, with what it needs itself.
constexpr uint64_t kSlack = kMiB;

uint64_t Allocated(const std::string& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

bool CanKeepRoom(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const bool can = ::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, kMiB) == 0;
  ::unlink(path.c_str());
  return can;
}

std::string MiBOfRecords() {
  std::string text;
  while (text.size() < kMiB) text += "{\"a record\":\"" + std::string(50, 'x') + "\"}\n";
  return text;
}

TEST_CASE("Room is kept behind much, not behind little, and given back at the end") {
  const TempDir dir;
  const std::string path = dir / "out";
  if (!CanKeepRoom(path)) {
    WARN("this file system keeps no room; not tested");
    return;
  }
  const std::string text = MiBOfRecords();
  OutputOptions options = Quick();
  options.durable = GENERATE(true, false);
  CAPTURE(options.durable);
  uint64_t written = 0;
  {
    auto sink = OpenSink(path, options);
    const auto write = [&](int times) {
      for (int n = 0; n < times; ++n) {
        REQUIRE(sink->Write(text).ok());
        written += text.size();
      }
      REQUIRE(sink->Sync().ok());
      CHECK(sink->position()->length == written);
      CHECK(std::filesystem::file_size(path) == written);
    };
    write(10);
    CHECK(Allocated(path) <= written + kSlack);
    write(10);
    // A state is what finds such room again after a crash.
    CHECK((Allocated(path) > written + kSlack) == options.durable);
    CHECK(Allocated(path) <= written + 17 * kMiB + kSlack);
  }
  CHECK(std::filesystem::file_size(path) == written);
  CHECK(Allocated(path) <= written + kSlack);
}

TEST_CASE("Room that a crash left is given back by the run that goes on") {
  const TempDir dir;
  const std::string path = dir / "out";
  if (!CanKeepRoom(path)) {
    WARN("this file system keeps no room; not tested");
    return;
  }
  const bool behind = GENERATE(false, true);  // with records behind the last snapshot
  CAPTURE(behind);
  OutputPosition position;
  {
    auto sink = OpenSink(path, Quick());
    REQUIRE(sink->Write("{}\n").ok());
    position = *sink->position();
    if (behind) REQUIRE(sink->Write("{}\n").ok());
  }
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, 16 * kMiB) == 0);
  REQUIRE(Allocated(path) > 15 * kMiB);
  auto sink = OpenSink(path, Quick(), position);
  CHECK(sink->TakeNotices().empty());
  CHECK(std::filesystem::file_size(path) == 3);
  CHECK(Allocated(path) <= kSlack);
}

TEST_CASE("A file that somebody cuts while room is kept is written on from its new end") {
  const TempDir dir;
  const std::string path = dir / "out";
  const std::string text = MiBOfRecords();
  auto sink = OpenSink(path, Quick());
  for (int n = 0; n < 18; ++n) REQUIRE(sink->Write(text).ok());
  REQUIRE(::truncate(path.c_str(), 0) == 0);
  REQUIRE(sink->Write("{\"b\":1}\n").ok());
  CHECK(testing::Content(path) == "{\"b\":1}\n");
}

}  // namespace
}  // namespace parshall::sinks
