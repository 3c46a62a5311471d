// When records cannot be written: full disks, limits, readers that take nothing.

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <future>

#include "tests/sinks/output_kit.h"

namespace parshall::sinks {
namespace {

using testing::Becomes;
using testing::FileSizeLimit;
using testing::OpenSink;
using testing::Quick;
using testing::ReadWhole;
using testing::Records;
using testing::SmallDisk;
using testing::TempDir;
using testing::WriteWhole;

std::string Joined(const std::vector<std::string>& notices) {
  std::string all;
  for (const std::string& notice : notices) all += notice + "\n";
  return all;
}

}  // namespace

TEST_CASE("A full disk pauses writing, which goes on behind its last byte") {
  const SmallDisk disk;
  if (!disk.mounted()) return;
  const std::string path = disk / "records.jsonl";
  auto sink = OpenSink(path, Quick());
  REQUIRE(sink->Write(Records(0, 10)).ok());
  disk.Fill("filler");
  Status written = Fail("not yet");
  const std::string more = Records(10, 3000);  // more than the rest of a page
  std::thread writer([&] { written = sink->Write(more); });
  const bool paused = Becomes([&] { return sink->tally().paused; });
  const OutputTally during = sink->tally();
  const size_t short_of_it = ReadWhole(path).size();
  std::filesystem::remove(disk / "filler");
  writer.join();
  REQUIRE(paused);
  CHECK(during.write_errors > 0);
  CHECK(during.bytes_written == Records(0, 10).size());
  CHECK(short_of_it < Records(0, 3000).size());
  REQUIRE(written.ok());
  CHECK((ReadWhole(path) == Records(0, 3000)));
  const OutputTally after = sink->tally();
  CHECK_FALSE(after.paused);
  CHECK(after.paused_seconds > 0);
  CHECK(after.paused_seconds >= during.paused_seconds);
  CHECK(after.bytes_written == Records(0, 3000).size());
  CHECK(after.dropped_records == 0);
  const std::string notices = Joined(sink->TakeNotices());
  CHECK(notices.find(path +
                     ": records cannot be written: No space left on device; reading waits") == 0);
  CHECK(notices.find("records are written again, after") != std::string::npos);
  CHECK(std::count(notices.begin(), notices.end(), '\n') == 2);
}

TEST_CASE("A file that is deleted while the disk is full gives its space back") {
  const SmallDisk disk;
  if (!disk.mounted()) return;
  const std::string path = disk / "records.jsonl";
  auto sink = OpenSink(path, Quick());
  Status written = Fail("not yet");
  const std::string too_much = Records(0, 8000);
  REQUIRE(too_much.size() > 65536);
  std::thread writer([&] { written = sink->Write(too_much); });
  const bool paused = Becomes([&] { return sink->tally().paused; });
  std::filesystem::remove(path);
  writer.join();
  REQUIRE(paused);
  REQUIRE(written.ok());
  REQUIRE(sink->ReopenDue());
  REQUIRE(sink->Reopen().ok());
  REQUIRE(sink->Write(Records(0, 3)).ok());
  CHECK(ReadWhole(path) == Records(0, 3));
}

TEST_CASE("Writes of one byte each put records together") {
  const TempDir dir;
  const std::string path = dir / "records.jsonl";
  auto sink = OpenSink(path, Quick());
  const std::string records = Records(0, 12);
  Status written = Fail("not yet");
  {
    FileSizeLimit limit(0);
    std::thread writer([&] { written = sink->Write(records); });
    bool grew = true;
    for (size_t size = 1; size <= records.size(); ++size) {
      limit.Set(size);  // one byte more, and the next attempt is short by all the rest
      grew = grew && Becomes([&] { return std::filesystem::file_size(path) == size; });
    }
    limit.Lift();
    writer.join();
    CHECK(grew);
  }
  REQUIRE(written.ok());
  CHECK(ReadWhole(path) == records);
  CHECK(sink->tally().write_errors >= records.size() - 1);
}

TEST_CASE("What does not fit is dropped whole, at every byte of a record") {
  const TempDir dir;
  const std::string first = Records(100, 103);  // 10 bytes each
  for (size_t room = 0; room <= first.size() + 1; ++room) {
    const std::string path = dir / std::to_string(room);
    auto sink = OpenSink(path, Quick(OnError::kDrop));
    {
      const FileSizeLimit limit(room);
      REQUIRE(sink->Write(first).ok());
    }
    REQUIRE(sink->Write(Records(200, 201)).ok());
    const size_t whole = std::min(room / 10, size_t{3});
    CAPTURE(room);
    CHECK(ReadWhole(path) == Records(100, 100 + static_cast<int>(whole)) + Records(200, 201));
    const OutputTally tally = sink->tally();
    CHECK(tally.dropped_records == 3 - whole);
    CHECK(tally.dropped_bytes == 30 - 10 * whole);
    CHECK(tally.bytes_written == 10 * whole + 10);
    CHECK_FALSE(tally.paused);
    CHECK(sink->position()->length == 10 * whole + 10);
    CHECK(sink->TakeNotices().size() == (whole < 3 ? 2 : 0));
  }
}

TEST_CASE("Half a record is not cut off a file that somebody else writes to as well") {
  const TempDir dir;
  const std::string path = dir / "records.jsonl";
  auto sink = OpenSink(path, Quick(OnError::kDrop));
  REQUIRE(sink->Write(Records(0, 1)).ok());
  std::ofstream(path, std::ios::app) << "theirs\n";
  {
    const FileSizeLimit limit(20);
    REQUIRE(sink->Write(Records(1, 2)).ok());
  }
  REQUIRE(sink->Write(Records(2, 3)).ok());
  CHECK(ReadWhole(path) == "{\"n\":0}\ntheirs\n{\"n\":\n{\"n\":2}\n");
  CHECK(sink->tally().dropped_records == 1);
}

TEST_CASE("With exit, the first error ends it and leaves whole records") {
  const TempDir dir;
  const std::string path = dir / "records.jsonl";
  auto sink = OpenSink(path, Quick(OnError::kExit));
  const FileSizeLimit limit(20);
  const Status written = sink->Write(Records(0, 5));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().ToString() == path + ": records cannot be written: File too large");
  CHECK(ReadWhole(path) == Records(0, 2));
  CHECK(sink->bytes_written() == 16);
  CHECK(sink->position()->length == 16);
}

TEST_CASE("A stop ends a pause at once and leaves whole records") {
  const TempDir dir;
  const std::string path = dir / "records.jsonl";
  OutputOptions options;
  options.retry_first = options.retry_most = std::chrono::hours(1);
  auto sink = OpenSink(path, options);
  Status written = Ok();
  const FileSizeLimit limit(20);
  std::thread writer([&] { written = sink->Write(Records(0, 5)); });
  const bool paused = Becomes([&] { return sink->tally().paused; });
  sink->RequestStop();
  writer.join();  // would take an hour
  CHECK(paused);
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().what == "records cannot be written: File too large");
  CHECK(ReadWhole(path) == Records(0, 2));
  CHECK_FALSE(sink->tally().paused);
}

TEST_CASE("A device without room drops and counts, or waits for a stop") {
  auto dropping = OpenSink("/dev/full", Quick(OnError::kDrop));
  for (int n = 0; n < 100; ++n) REQUIRE(dropping->Write(Records(n, n + 2)).ok());
  CHECK(dropping->tally().dropped_records == 200);
  CHECK(dropping->tally().bytes_written == 0);
  CHECK_FALSE(dropping->position());
  CHECK(dropping->TakeNotices().size() == 1);

  auto pausing = OpenSink("/dev/full", Quick());
  Status written = Ok();
  std::thread writer([&] { written = pausing->Write(Records(0, 1)); });
  const bool tried = Becomes([&] { return pausing->tally().write_errors > 20; });
  pausing->RequestStop();
  writer.join();
  CHECK(tried);
  CHECK_FALSE(written.ok());
  CHECK(pausing->TakeNotices().size() == 1);
}

TEST_CASE("Trouble is told when it begins, once a minute, and when it ends") {
  using Clock = OutputTrouble::Clock;
  const auto at = [](int seconds) { return Clock::time_point(std::chrono::seconds(seconds)); };
  OutputTrouble pause("out", {.on_error = OnError::kPause});
  CHECK(pause.Fails(ENOSPC, 0, at(1000)) ==
        "out: records cannot be written: No space left on device; reading waits until they can, "
        "and nothing is lost");
  for (int second = 1001; second < 1060; ++second)
    CHECK(pause.Fails(ENOSPC, 0, at(second)).empty());
  CHECK(pause.Fails(EIO, 0, at(1060)) ==
        "out: records cannot be written: Input/output error; reading has waited for 60 s");
  CHECK(pause.Works(0, at(1090)) == "out: records are written again, after 90.0 s");
  // Again and again for a moment.
  CHECK(pause.Fails(ENOSPC, 0, at(1091)).empty());
  CHECK(pause.Works(0, at(1092)).empty());
  CHECK(pause.Fails(ENOSPC, 0, at(1121)).find("reading waits until") != std::string::npos);

  OutputTrouble drop("out", {.on_error = OnError::kDrop});
  CHECK(drop.Fails(ENOSPC, 7, at(10)).ends_with("; they are dropped and counted until they can"));
  CHECK(drop.Fails(ENOSPC, 500, at(70)).ends_with("; 493 were dropped so far"));
  CHECK(drop.Works(600, at(71)) == "out: records are written again; 593 were dropped");
}

// A pipe in each of the ways in which standard output may come, with nobody reading from it.
struct BlockedEnd {
  explicit BlockedEnd(const std::string& kind) {
    int ends[2];
    if (kind == "socket") {
      REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    } else {
      REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    }
    reader.Reset(ends[0]);
    writer.Reset(ends[1]);
    if (kind == "pipe that cannot be opened again") reader.Reset();
    end.emplace(WriteEnd::Shared(writer.get()));
    if (!reader.valid()) {
      reader.Reset(::open(("/proc/self/fd/" + std::to_string(writer.get())).c_str(),
                          O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      REQUIRE(reader.valid());
      ::fcntl(reader.get(), F_SETFL, 0);
    }
  }
  Fd reader, writer;
  std::optional<WriteEnd> end;
};

TEST_CASE("A reader that takes nothing cannot hold a stop up, in whatever way stdout came") {
  const std::string kind =
      GENERATE(as<std::string>{}, "pipe", "socket", "pipe that cannot be opened again");
  CAPTURE(kind);
  BlockedEnd blocked(kind);
  StopSwitch stop;
  const std::string text(1 << 20, 'x');
  std::promise<Written> result;
  std::thread writer(
      [&] { result.set_value(blocked.end->WriteAll(text, stop, std::chrono::milliseconds(50))); });
  auto outcome = result.get_future();
  // Back-pressure without a stop: nothing but waiting.
  CHECK(outcome.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  stop.Request();
  const bool ended = outcome.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  if (!ended) blocked.reader.Reset();  // lets a write that is stuck end
  ::signal(SIGPIPE, SIG_IGN);
  writer.join();
  REQUIRE(ended);
  const Written written = outcome.get();
  CHECK(written.error == kGivenUp);
  CHECK(written.size > 0);
  CHECK(written.size < text.size());
  // Nobody else's writes have become non-blocking.
  CHECK((::fcntl(blocked.writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("A slow reader gets everything, also behind a stop, in whatever way stdout came") {
  const std::string kind =
      GENERATE(as<std::string>{}, "pipe", "socket", "pipe that cannot be opened again");
  const bool stopping = GENERATE(false, true);
  CAPTURE(kind, stopping);
  BlockedEnd blocked(kind);
  StopSwitch stop;
  if (stopping) stop.Request();
  const std::string text = Records(0, 50'000);
  Written written;
  std::thread writer([&] {
    written = blocked.end->WriteAll(text, stop, std::chrono::seconds(20));
    blocked.end.reset();
    blocked.writer.Reset();
  });
  std::string got;
  char block[3001];
  for (ssize_t size; (size = ReadSome(blocked.reader.get(), block, sizeof block)) > 0;) {
    got.append(block, static_cast<size_t>(size));
  }
  writer.join();
  CHECK(written.error == 0);
  CHECK((got == text));
}

TEST_CASE("Signals in the middle of a write change nothing") {
  struct sigaction action = {};
  action.sa_handler = [](int) {};  // and no SA_RESTART: calls return EINTR
  struct sigaction before;
  REQUIRE(::sigaction(SIGUSR2, &action, &before) == 0);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd reader(ends[0]);
  Fd writer_fd(ends[1]);
  // Its writes block inside of the kernel.
  const std::string text = Records(0, 40'000);
  std::atomic<bool> done = false;
  Written written;
  const WriteEnd end = WriteEnd::Shared(writer_fd.get());
  StopSwitch stop;
  std::thread writer([&] {
    written = end.WriteAll(text, stop, std::chrono::seconds(20));
    done = true;
    while (done) std::this_thread::yield();  // alive while it is signalled
  });
  std::string got;
  while (got.size() < text.size()) {
    for (int n = 0; n < 20; ++n) ::pthread_kill(writer.native_handle(), SIGUSR2);
    char block[4096];
    const ssize_t size = ReadSome(reader.get(), block, sizeof block);
    if (size <= 0) break;
    got.append(block, static_cast<size_t>(size));
  }
  const bool finished = Becomes([&] { return done.load(); });
  done = false;
  writer.join();
  ::sigaction(SIGUSR2, &before, nullptr);
  CHECK(finished);
  CHECK(written.error == 0);
  CHECK((got == text));
}

TEST_CASE("A stop gives up on a FIFO that nobody reads, with a sentence") {
  const TempDir dir;
  const std::string path = dir / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  OutputOptions options;
  options.stop_grace = std::chrono::milliseconds(20);
  auto sink = OpenSink(path, options);
  Status written = Ok();
  std::thread writer([&] { written = sink->Write(Records(0, 200'000)); });
  CHECK(Becomes([&] {  // it is full
    pollfd wait{.fd = reader.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) == 1;
  }));
  sink->RequestStop();
  writer.join();
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().ToString() ==
        path + ": the reader takes no more records, and waiting for it was stopped");
  CHECK_FALSE(sink->tally().paused);
}

TEST_CASE("A FIFO without a reader is opened at once, and its first records wait for one") {
  const TempDir dir;
  const std::string path = dir / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  auto sink = OpenSink(path, {});
  CHECK_FALSE(sink->tally().paused);
  Status written = Ok();
  std::thread writer([&] { written = sink->Write("{}\n"); });
  CHECK(Becomes([&] { return sink->tally().paused; }));
  const Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  writer.join();
  CHECK(written.ok());
  CHECK_FALSE(sink->tally().paused);
  char got[8];
  CHECK(::read(reader.get(), got, sizeof got) == 3);
  CHECK(sink->TakeNotices() ==
        std::vector<std::string>{path + ": nobody reads this FIFO yet; records and input wait"});
}

TEST_CASE("A stop ends the wait for a FIFO's first reader") {
  const TempDir dir;
  const std::string path = dir / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  auto sink = OpenSink(path, {});
  Status written = Ok();
  std::thread writer([&] { written = sink->Write("{}\n"); });
  CHECK(Becomes([&] { return sink->tally().paused; }));
  sink->RequestStop();
  writer.join();
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().ToString() ==
        path + ": the reader takes no more records, and waiting for it was stopped");
}

}  // namespace parshall::sinks
