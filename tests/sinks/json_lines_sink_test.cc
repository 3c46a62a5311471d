#include "sinks/json_lines_sink.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "tests/sinks/output_kit.h"

namespace parshall::sinks {
namespace {

using testing::ReadWhole;
using testing::TempDir;

// A FIFO with a reader of ours and a sink that writes to it.
struct Pipe {
  explicit Pipe(const TempDir& dir) : path(dir / "fifo") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    reader.Reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader.valid());
    auto opened = JsonLinesSink::Open(path);
    REQUIRE(opened.ok());
    sink = std::move(*opened);
  }
  std::string path;
  Fd reader;
  std::unique_ptr<JsonLinesSink> sink;
};

}  // namespace

TEST_CASE("A file is made, appended to and counted") {
  const TempDir dir;
  const std::string path = dir / "records.jsonl";
  {
    auto sink = JsonLinesSink::Open(path);
    REQUIRE(sink.ok());
    CHECK((*sink)->Write("{\"a\":1}\n").ok());
    CHECK((*sink)->Write("").ok());
    CHECK((*sink)->Write("{\"b\":2}\n").ok());
    CHECK((*sink)->bytes_written() == 16);
    CHECK(ReadWhole(path) == "{\"a\":1}\n{\"b\":2}\n");
  }
  auto again = JsonLinesSink::Open(path);
  REQUIRE(again.ok());
  CHECK((*again)->bytes_written() == 0);
  CHECK((*again)->Write("{\"c\":3}\n").ok());
  CHECK(ReadWhole(path) == "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
  struct stat facts;
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  const mode_t mask = ::umask(022);
  ::umask(mask);
  CHECK((facts.st_mode & 0777) == (0644 & ~mask));
}

TEST_CASE("What cannot be opened is an error with its path") {
  const TempDir dir;
  const auto error = [](const std::string& path) {
    auto sink = JsonLinesSink::Open(path);
    REQUIRE_FALSE(sink.ok());
    CHECK(sink.error().where == path);
    return sink.error().what;
  };
  CHECK(error(dir / "") == "cannot write records here: Is a directory");
  CHECK(error(dir / "missing/records.jsonl") ==
        "cannot write records here: No such file or directory");
}

TEST_CASE("No space left is an error, said with the path") {
  auto sink = JsonLinesSink::Open("/dev/full", {.on_error = OnError::kExit});
  REQUIRE(sink.ok());
  const Status written = (*sink)->Write("{}\n");
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().ToString() ==
        "/dev/full: records cannot be written: No space left on device");
  CHECK((*sink)->bytes_written() == 0);
}

TEST_CASE("A reader that went away is an error, not a signal") {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does at its start
  const TempDir dir;
  Pipe pipe(dir);
  CHECK(pipe.sink->Write("{\"a\":1}\n").ok());
  pipe.reader.Reset();
  const Status written = pipe.sink->Write("{\"b\":2}\n");
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().ToString() ==
        pipe.path + ": the reader of the records went away (broken pipe)");
  CHECK(pipe.sink->bytes_written() == 8);
}

TEST_CASE("A slow reader gets everything, in order") {
  const TempDir dir;
  Pipe pipe(dir);
  // Much more than a pipe holds, so writes come up short and block.
  std::string lines;
  for (int n = 0; n < 60'000; ++n) lines += "{\"number\":" + std::to_string(n) + "}\n";
  const bool non_blocking = GENERATE(false, true);
  if (non_blocking) {
    // Somebody who shares our end of the pipe may have made it so.
    for (int fd = 3; fd < 256; ++fd) {
      struct stat mine, theirs;
      if (::fstat(fd, &mine) != 0 || ::fstat(pipe.reader.get(), &theirs) != 0) continue;
      if (mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev) {
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
      }
    }
  }
  ::fcntl(pipe.reader.get(), F_SETFL, 0);
  Status written = Ok();
  std::thread writer([&] {
    written = pipe.sink->Write(lines);
    pipe.sink.reset();
  });
  std::string got;
  char block[3000];  // odd sizes: the writer sees every kind of short write
  for (ssize_t size; (size = ReadSome(pipe.reader.get(), block, sizeof block)) > 0;) {
    got.append(block, static_cast<size_t>(size));
  }
  writer.join();
  CHECK(written.ok());
  CHECK(got.size() == lines.size());
  CHECK((got == lines));
}

}  // namespace parshall::sinks
