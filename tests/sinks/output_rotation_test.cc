// When the next output file begins: by size, by age, on request, moved away or cut by others.

#include <sys/stat.h>

#include <atomic>

#include "tests/sinks/output_kit.h"

namespace parshall::sinks {
namespace {

using testing::Becomes;
using testing::Content;
using testing::OpenSink;
using testing::Quick;
using testing::Records;
using testing::TempDir;
using testing::WriteWhole;

// As the pipeline does it.
void Deliver(JsonLinesSink& sink, const std::string& records) {
  if (sink.ReopenDue()) REQUIRE(sink.Reopen().ok());
  REQUIRE(sink.Write(records).ok());
}

size_t FilesIn(const TempDir& dir) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir.path()), {}));
}

size_t OpenDescriptors() {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace

TEST_CASE("A file of its size gets a number, and only so many are kept") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_bytes = 16;  // two records
  options.keep = 3;
  auto sink = OpenSink(path, options);
  for (int n = 0; n < 9; ++n) {
    Deliver(*sink, Records(n, n + 1));
    CHECK(sink->position()->length == (n % 2 == 0 ? 8 : 16));
  }
  CHECK(Content(path) == Records(8, 9));
  CHECK(Content(path + ".1") == Records(6, 8));
  CHECK(Content(path + ".2") == Records(4, 6));
  CHECK(Content(path + ".3") == Records(2, 4));
  CHECK(FilesIn(dir) == 4);
  CHECK(sink->tally().rotations == 4);
  CHECK(sink->tally().reopenings == 4);
  CHECK(sink->bytes_written() == 72);
  CHECK(sink->TakeNotices().empty());
}

TEST_CASE("Content from before counts for the size, and a gap in the numbers is filled") {
  const TempDir dir;
  const std::string path = dir / "out";
  WriteWhole(path, Records(0, 5));
  WriteWhole(path + ".1", "one");
  WriteWhole(path + ".3", "three");
  OutputOptions options = Quick();
  options.rotate_bytes = 40;
  auto sink = OpenSink(path, options);
  Deliver(*sink, Records(5, 6));
  CHECK(Content(path) == Records(5, 6));
  CHECK(Content(path + ".1") == Records(0, 5));
  CHECK(Content(path + ".2") == "one");
  CHECK(Content(path + ".3") == "three");
}

TEST_CASE("A file of its age gets a number, an empty one does not") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_interval = std::chrono::seconds(1);
  auto sink = OpenSink(path, options);
  const auto opened = std::chrono::steady_clock::now();
  CHECK_FALSE(sink->ReopenDue());
  REQUIRE(sink->Write(Records(0, 1)).ok());
  REQUIRE(Becomes([&] { return sink->ReopenDue(); }));
  CHECK(std::chrono::steady_clock::now() - opened > std::chrono::milliseconds(900));
  REQUIRE(sink->Reopen().ok());
  CHECK(Content(path).empty());
  CHECK(Content(path + ".1") == Records(0, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK_FALSE(sink->ReopenDue());
}

TEST_CASE("A file made by an earlier run has its age already") {
  const TempDir dir;
  const std::string path = dir / "out";
  WriteWhole(path, Records(0, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  bytes::FileStat stat;
  REQUIRE(bytes::StatPath(path, &stat) == 0);
  if (stat.identity.birth_ns == 0) {
    WARN("skipped: the file system keeps no time of birth");
    return;
  }
  OutputOptions options = Quick();
  options.rotate_interval = std::chrono::seconds(1);
  CHECK(OpenSink(path, options)->ReopenDue());
  options.rotate_interval = std::chrono::hours(1);
  CHECK_FALSE(OpenSink(path, options)->ReopenDue());
}

TEST_CASE("A file that logrotate moved away is left for a new one") {
  const TempDir dir;
  const std::string path = dir / "out";
  const bool created = GENERATE(false, true);  // `create`, with something in it already
  const bool deleted = GENERATE(false, true);
  CAPTURE(created, deleted);
  auto sink = OpenSink(path, Quick());
  Deliver(*sink, Records(0, 2));
  if (deleted) {
    std::filesystem::remove(path);
  } else {
    std::filesystem::rename(path, path + "-20261121");
  }
  if (created) WriteWhole(path, "theirs\n");
  Deliver(*sink, Records(2, 3));
  CHECK(Content(path) == (created ? "theirs\n" : "") + Records(2, 3));
  CHECK(Content(path + "-20261121") == (deleted ? "-" : Records(0, 2)));
  CHECK(sink->position()->length == std::filesystem::file_size(path));
  CHECK(sink->tally().rotations == 0);
  CHECK(sink->tally().reopenings == 1);
}

TEST_CASE("Where the path leads is looked at only so often, or when asked") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.look_interval = std::chrono::hours(1);
  auto sink = OpenSink(path, options);
  Deliver(*sink, Records(0, 1));
  std::filesystem::rename(path, path + ".old");
  Deliver(*sink, Records(1, 2));
  CHECK(Content(path) == "-");
  sink->RequestReopen();
  Deliver(*sink, Records(2, 3));
  CHECK(Content(path) == Records(2, 3));
  CHECK(Content(path + ".old") == Records(0, 2));
}

TEST_CASE("A request without a move changes nothing") {
  const TempDir dir;
  const std::string path = dir / "out";
  auto sink = OpenSink(path, Quick());
  Deliver(*sink, Records(0, 1));
  const bytes::FileIdentity identity = sink->position()->identity;
  sink->RequestReopen();
  CHECK(sink->ReopenDue());
  Deliver(*sink, Records(1, 2));
  CHECK_FALSE(sink->ReopenDue());
  CHECK(sink->position()->identity == identity);
  CHECK(Content(path) == Records(0, 2));
  CHECK(sink->tally().reopenings == 0);

  auto device = OpenSink("/dev/null", Quick());
  device->RequestReopen();
  CHECK_FALSE(device->ReopenDue());
  CHECK(device->TakeNotices() ==
        std::vector<std::string>{"/dev/null: this is no regular file, and is not opened anew"});
  CHECK_FALSE(device->ReopenDue());
  CHECK(device->TakeNotices().empty());
}

TEST_CASE("A file that others cut is appended to, and the position follows") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_bytes = 33;
  auto sink = OpenSink(path, options);
  Deliver(*sink, Records(0, 4));
  std::filesystem::copy_file(path, dir / "copy");
  std::filesystem::resize_file(path, 0);
  CHECK(sink->position()->length == 0);
  Deliver(*sink, Records(4, 6));
  CHECK(sink->position()->length == 16);
  CHECK(Content(path) == Records(4, 6));
  CHECK(sink->tally().rotations == 0);
}

TEST_CASE("The next file is like the one before it, also behind a symbolic link") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "data");
  std::filesystem::create_symlink("data/out", dir / "link");
  OutputOptions options = Quick();
  options.rotate_bytes = 1;
  auto sink = OpenSink(dir / "link", options);
  REQUIRE(::chmod((dir / "data/out").c_str(), 0620) == 0);
  Deliver(*sink, Records(0, 1));
  Deliver(*sink, Records(1, 2));
  CHECK(Content(dir / "data/out.1") == Records(0, 1));
  CHECK(Content(dir / "data/out") == Records(1, 2));
  CHECK(std::filesystem::is_symlink(dir / "link"));
  struct stat facts;
  REQUIRE(::stat((dir / "data/out").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0620);
}

TEST_CASE("A rotation that fails leaves the old file in use, is told and tried again") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_bytes = 1;
  options.keep = 1;
  std::filesystem::create_directories(path + ".1/in the way");
  auto sink = OpenSink(path, options);
  Deliver(*sink, Records(0, 1));
  Deliver(*sink, Records(1, 2));
  CHECK(Content(path) == Records(0, 2));
  const std::vector<std::string> notices = sink->TakeNotices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0] == path + ": this cannot be renamed to " + path +
                          ".1: Is a directory; records go on into the old file");
  std::filesystem::remove_all(path + ".1");
  Deliver(*sink, Records(2, 3));
  CHECK(Content(path) == Records(2, 3));
  CHECK(Content(path + ".1") == Records(0, 2));

  options.on_error = OnError::kExit;
  std::filesystem::remove(path + ".1");
  std::filesystem::create_directory(path + ".1");
  auto strict = OpenSink(path, options);
  REQUIRE(strict->ReopenDue());
  CHECK_FALSE(strict->Reopen().ok());
}

TEST_CASE("Without a new file, records go on into the one that was moved away") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  auto sink = OpenSink(path, options);
  Deliver(*sink, Records(0, 1));
  std::filesystem::rename(path, path + ".1");
  std::filesystem::create_directory(path);
  Deliver(*sink, Records(1, 2));
  CHECK(Content(path + ".1") == Records(0, 2));
  CHECK(sink->TakeNotices().size() == 1);
  std::filesystem::remove(path);
  Deliver(*sink, Records(2, 3));
  CHECK(Content(path) == Records(2, 3));
  CHECK(Content(path + ".1") == Records(0, 2));
}

TEST_CASE("Failed attempts at a new file are a second apart") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.reopen_delay = std::chrono::hours(1);
  auto sink = OpenSink(path, options);
  std::filesystem::rename(path, path + ".1");
  std::filesystem::create_directory(path);
  for (int n = 0; n < 100; ++n) Deliver(*sink, Records(n, n + 1));
  CHECK(sink->TakeNotices().size() == 1);
  CHECK(Content(path + ".1") == Records(0, 100));
}

TEST_CASE("Another thread syncs and counts while a thousand files begin") {
  const TempDir dir;
  const std::string path = dir / "out";
  OutputOptions options = Quick();
  options.rotate_bytes = 1;
  options.keep = 2;
  options.durable = false;
  auto sink = OpenSink(path, options);
  const size_t descriptors = OpenDescriptors();
  std::atomic<bool> done = false;
  bool fine = true;
  std::thread committer([&] {
    while (!done) {
      fine = fine && sink->Sync().ok();
      fine = fine && sink->tally().rotations <= 1000;
      sink->TakeNotices();
    }
  });
  for (int n = 0; n <= 1000; ++n) Deliver(*sink, Records(n, n + 1));
  done = true;
  committer.join();
  CHECK(fine);
  CHECK(sink->tally().rotations == 1000);
  CHECK(Content(path + ".2") == Records(998, 999));
  CHECK(FilesIn(dir) == 3);
  CHECK(OpenDescriptors() == descriptors);
}

}  // namespace parshall::sinks
