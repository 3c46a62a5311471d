#include <sys/socket.h>

#include <thread>

#include "tests/bytes/follow_kit.h"

// stdin in all its kinds, FIFOs, waiting and waking.

namespace parshall::bytes {
namespace {

struct Pipe {
  Fd in;   // to read from
  Fd out;  // to write to
  Pipe() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    in.Reset(fds[0]);
    out.Reset(fds[1]);
  }
};

TEST_CASE("stdin as a pipe gives what is there and ends with its writer") {
  Pipe pipe;
  StdinFrom from(pipe.in.get());
  auto set = OpenSet({{.path = "-"}});
  Reader reader(*set);
  CHECK(reader.Step(0) == Ready::kIdle);
  CHECK(reader.Step(5) == Ready::kIdle);
  WriteAll(pipe.out.get(), "one\nha");
  reader.UntilText("stdin", "one\nha");
  CHECK(reader.Step(0) == Ready::kIdle);
  WriteAll(pipe.out.get(), "lf");
  pipe.out.Reset();
  reader.UntilText("stdin", "one\nhalf<end>");
  CHECK(reader.Step(-1) == Ready::kEnded);
  CHECK(reader.index("stdin") == 0);
}

TEST_CASE("stdin at its end from the start ends at once") {
  Pipe pipe;
  pipe.out.Reset();
  StdinFrom from(pipe.in.get());
  auto set = OpenSet({{.path = "-"}});
  Reader reader(*set);
  reader.UntilText("stdin", "<end>");
  CHECK(reader.Step(-1) == Ready::kEnded);
}

TEST_CASE("stdin that fills the read exactly does not block the next read") {
  Pipe pipe;
  StdinFrom from(pipe.in.get());
  auto set = OpenSet({{.path = "-"}});
  Reader reader(*set, 4);
  WriteAll(pipe.out.get(), "12345678");
  reader.UntilText("stdin", "12345678");
  // Still marked as worth a read; the read finds nothing and must come back.
  CHECK(reader.Step(0) == Ready::kSource);
  CHECK(reader.Step(0) == Ready::kIdle);
  CHECK(reader.text("stdin") == "12345678");
}

TEST_CASE("stdin redirected from a file is read from where it stands to its end") {
  TempDir dir;
  Append(dir / "a.log", "read before\nthe rest\n");
  Fd file = OpenForReading(dir / "a.log");
  REQUIRE(::lseek(file.get(), 12, SEEK_SET) == 12);
  StdinFrom from(file.get());
  auto set = OpenSet({{.path = "-"}});
  Reader reader(*set);
  reader.UntilText("stdin", "the rest\n<end>");
  CHECK(reader.offset("stdin") == 21);
  CHECK(reader.Step(-1) == Ready::kEnded);
}

TEST_CASE("stdin may be a socket, a terminal or /dev/null") {
  SECTION("socket") {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    Fd near(fds[0]);
    Fd far(fds[1]);
    StdinFrom from(near.get());
    auto set = OpenSet({{.path = "-"}});
    Reader reader(*set);
    WriteAll(far.get(), "x\n");
    far.Reset();
    reader.UntilText("stdin", "x\n<end>");
  }
  SECTION("terminal") {
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master.valid());
    REQUIRE(::grantpt(master.get()) == 0);
    REQUIRE(::unlockpt(master.get()) == 0);
    Fd terminal = OpenForReading(::ptsname(master.get()));
    REQUIRE(terminal.valid());
    StdinFrom from(terminal.get());
    auto set = OpenSet({{.path = "-"}});
    Reader reader(*set);
    CHECK(reader.Step(0) == Ready::kIdle);
    WriteAll(master.get(), "typed\n");
    reader.UntilText("stdin", "typed\n");
    WriteAll(master.get(), "\x04");
    reader.UntilText("stdin", "typed\n<end>");
  }
  SECTION("/dev/null") {
    Fd null = OpenForReading("/dev/null");
    StdinFrom from(null.get());
    auto set = OpenSet({{.path = "-"}});
    Reader reader(*set);
    reader.UntilText("stdin", "<end>");
    CHECK(reader.Step(-1) == Ready::kEnded);
  }
}

TEST_CASE("stdin that is no source is refused") {
  TempDir dir;
  Fd directory(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Fd write_only = OpenLog(dir / "a.log");
  struct Row {
    int fd;
    const char* what;
  };
  for (const Row& row : {Row{directory.get(), "stdin is a directory"},
                         Row{write_only.get(), "stdin is not open for reading"}}) {
    StdinFrom from(row.fd);
    auto set = SourceSet::Open({{.path = "-"}});
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().what == row.what);
  }
  Fd saved = Duplicate(0);
  ::close(0);
  auto set = SourceSet::Open({{.path = "-"}});
  if (saved.valid()) ::dup2(saved.get(), 0);
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().what == "stdin is not open");
}

// ------------------------------------------------------------------------------------------ FIFOs

Fd OpenWriter(const std::string& fifo) {
  Fd fd(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(fd.valid());  // ENXIO here means that nobody holds it open for reading
  return fd;
}

TEST_CASE("a followed FIFO waits for its first and for each next writer") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo"}});
  Reader reader(*set);
  CHECK(reader.Step(0) == Ready::kIdle);
  for (int i = 0; i < 3; ++i) {
    Fd writer = OpenWriter(dir / "fifo");
    WriteAll(writer.get(), "line\nhalf");
    writer.Reset();
    std::string want;
    for (int k = 0; k <= i; ++k) want += "line\nhalf<next>";
    reader.UntilText(dir / "fifo", want);
    // Nobody writes: that must be a wait, not a busy loop of ends of file.
    CHECK(reader.Step(20) == Ready::kIdle);
  }
}

TEST_CASE("a writer of a followed FIFO that writes nothing ends nothing") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo"}});
  Reader reader(*set);
  OpenWriter(dir / "fifo").Reset();
  reader.Drain();
  CHECK(reader.Step(20) == Ready::kIdle);
  CHECK(reader.text(dir / "fifo").empty());
  WriteAll(OpenWriter(dir / "fifo").get(), "x\n");
  reader.UntilText(dir / "fifo", "x\n<next>");
}

TEST_CASE("nothing is lost between many quick writers of one FIFO") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo"}});
  constexpr int kWriters = 300;
  std::string want;
  for (int i = 0; i < kWriters; ++i) want += std::to_string(i) + "\n";
  std::jthread writer([&] {
    for (int i = 0; i < kWriters; ++i) {
      const Fd fd(::open((dir / "fifo").c_str(), O_WRONLY | O_CLOEXEC));
      const std::string line = std::to_string(i) + "\n";
      if (::write(fd.get(), line.data(), line.size()) < 0) return;
    }
  });
  Reader reader(*set);
  const auto bytes = [&] {
    std::string text = reader.text(dir / "fifo");
    for (size_t at; (at = text.find("<next>")) != std::string::npos;) text.erase(at, 6);
    return text;
  };
  CHECK(reader.Until([&] { return bytes() == want && reader.text(dir / "fifo").ends_with(">"); }));
  CHECK(bytes() == want);
}

TEST_CASE("a FIFO read once ends when its writers have gone, and not before one came") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo", .once = true}});
  Reader reader(*set);
  CHECK(reader.Step(20) == Ready::kIdle);
  Fd first = OpenWriter(dir / "fifo");
  Fd second = OpenWriter(dir / "fifo");
  CHECK(reader.Step(0) == Ready::kIdle);
  WriteAll(first.get(), "a\n");
  first.Reset();
  reader.UntilText(dir / "fifo", "a\n");
  reader.Drain();
  CHECK(reader.text(dir / "fifo") == "a\n");
  WriteAll(second.get(), "b\n");
  second.Reset();
  reader.UntilText(dir / "fifo", "a\nb\n<end>");
  CHECK(reader.Step(-1) == Ready::kEnded);
}

TEST_CASE("a FIFO read once ends after a writer that wrote nothing") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo", .once = true}});
  OpenWriter(dir / "fifo").Reset();
  Reader reader(*set);
  reader.UntilText(dir / "fifo", "<end>");
}

TEST_CASE("a FIFO that was replaced under its path is followed at its new one") {
  TempDir dir;
  MakeFifo(dir / "fifo");
  auto set = OpenSet({{.path = dir / "fifo"}});
  Reader reader(*set);
  CHECK(reader.Step(0) == Ready::kIdle);
  Delete(dir / "fifo");
  MakeFifo(dir / "fifo");
  // Only when the new one has a reader can a writer open it.
  Fd writer;
  CHECK(reader.Until([&] {
    writer.Reset(::open((dir / "fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return writer.valid();
  }));
  WriteAll(writer.get(), "new\n");
  reader.UntilText(dir / "fifo", "new\n");
}

TEST_CASE("the pipe of a process substitution ends, followed or not") {
  for (bool once : {true, false}) {
    Pipe pipe;
    const std::string path = "/dev/fd/" + std::to_string(pipe.in.get());
    auto set = OpenSet({{.path = path, .once = once}});
    Reader reader(*set);
    WriteAll(pipe.out.get(), "x\n");
    pipe.out.Reset();
    reader.UntilText(path, "x\n<end>");
    CHECK(reader.Step(-1) == Ready::kEnded);
  }
}

// -------------------------------------------------------------------------------------- waking up

TEST_CASE("Stop() from another thread wakes a Next() that waits for ever") {
  TempDir dir;
  Pipe pipe;
  StdinFrom from(pipe.in.get());
  for (bool follow : {false, true}) {
    std::vector<SourceSpec> specs{{.path = "-"}};
    if (follow) specs.push_back({.path = dir / "a.log"});
    auto set = OpenSet(specs);
    std::jthread stopper([&] { set->Stop(); });
    Reader reader(*set);
    Ready ready;
    while ((ready = reader.Step(-1)) == Ready::kSource) {
    }
    CHECK(ready == Ready::kStopped);
    // It stays stopped, whatever is there.
    WriteAll(pipe.out.get(), "x\n");
    CHECK(reader.Step(0) == Ready::kStopped);
  }
}

TEST_CASE("a busy file does not starve stdin") {
  TempDir dir;
  Append(dir / "busy.log", std::string(1 << 20, 'x'));
  Pipe pipe;
  StdinFrom from(pipe.in.get());
  WriteAll(pipe.out.get(), "hello\n");
  for (bool once : {true, false}) {
    auto set = OpenSet({{.path = dir / "busy.log", .once = once}, {.path = "-"}});
    Reader reader(*set, 16);
    if (!once) WriteAll(pipe.out.get(), "hello\n");
    CHECK(reader.Until([&] { return reader.text("stdin") == "hello\n"; }));
    CHECK(reader.text(dir / "busy.log").size() < 1 << 20);
  }
}

}  // namespace
}  // namespace parshall::bytes
