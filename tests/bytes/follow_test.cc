#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "tests/bytes/follow_kit.h"

// Followed files: append, rotation in its forms, files that come later. Everything holds with
// inotify and by polling alone.

namespace parshall::bytes {
namespace {

#define WITH_AND_WITHOUT_INOTIFY(options)  \
  SetOptions options;                      \
  options.inotify = GENERATE(true, false); \
  CAPTURE(options.inotify)

TEST_CASE("half a line is handed on and the rest of it when it comes") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "one\nha");
  auto set = OpenSet({{.path = log}}, options);
  Reader reader(*set);
  reader.UntilText(log, "one\nha");
  reader.Drain();
  Append(log, "lf\n");
  reader.UntilText(log, "one\nhalf\n");
  for (int i = 0; i < 20; ++i) {
    const std::string before = reader.text(log);
    Append(log, "more\n");
    reader.UntilText(log, before + "more\n");
    if (!options.inotify && i == 2) break;
  }
}

TEST_CASE("from_end skips what is there at the start, and only that") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  Append(dir / "a.log", "old\n");
  auto set = OpenSet({{.path = dir / "*.log", .from_end = true}}, options);
  Reader reader(*set);
  reader.Drain();
  Append(dir / "a.log", "new\n");
  Append(dir / "b.log", "from its beginning\n");
  reader.UntilText(dir / "a.log", "new\n");
  CHECK(reader.offset(dir / "a.log") == 8);
  reader.UntilText(dir / "b.log", "from its beginning\n");
  CHECK(reader.index(dir / "b.log") == 1);
}

TEST_CASE("after a rename the old file is read on while its writer writes") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  const std::string log = dir / "a.log";
  options.rotate_wait_ms = 300;
  Fd old = OpenLog(log);
  WriteAll(old.get(), "1\n");
  auto set = OpenSet({{.path = log}}, options);
  Reader reader(*set);
  reader.UntilText(log, "1\n");

  Rename(log, dir / "a.log.1");
  Append(log, "new 1\n");
  std::string want = "1\n";
  // Longer than rotate_wait_ms altogether, but never as long in silence.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
  for (int i = 2; std::chrono::steady_clock::now() < until; ++i) {
    const std::string line = std::to_string(i) + "\n";
    WriteAll(old.get(), line);
    want += line;
    reader.Step(10);
  }
  old.Reset();
  reader.UntilText(log, want + "<next>new 1\n");
  Append(log, "new 2\n");
  reader.UntilText(log, want + "<next>new 1\nnew 2\n");
}

TEST_CASE("after a rename the last half line of the old file is closed before the new file") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "whole\nhalf");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 10});
  Reader reader(*set);
  Rename(log, dir / "a.log.1");
  Append(log, "new\n");
  reader.UntilText(log, "whole\nhalf<next>new\n");
}

TEST_CASE("a renamed file is not left while a writer has it open, however silent") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Fd old = OpenLog(log);
  WriteAll(old.get(), "1\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 10});
  Reader reader(*set);
  reader.UntilText(log, "1\n");
  Rename(log, dir / "a.log.1");
  Append(log, "new\n");
  reader.Drain();
  for (int i = 0; i < 10; ++i) CHECK(reader.Step(20) != Ready::kEnded);
  CHECK(reader.text(log) == "1\n");
  WriteAll(old.get(), "late\n");
  old.Reset();
  reader.UntilText(log, "1\nlate\n<next>new\n");
}

TEST_CASE("a silent writer that keeps the old file open holds up the new one only so long") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Fd old = OpenLog(log);
  WriteAll(old.get(), "1\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 10, .writer_wait_ms = 100});
  Reader reader(*set);
  reader.UntilText(log, "1\n");
  Rename(log, dir / "a.log.1");
  Append(log, "new\n");
  reader.UntilText(log, "1\n<next>new\n");
}

TEST_CASE("a renamed file without a successor is read on") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  const std::string log = dir / "a.log";
  options.rotate_wait_ms = 0;
  Append(log, "1\n");
  auto set = OpenSet({{.path = log}}, options);
  Reader reader(*set);
  reader.UntilText(log, "1\n");
  Rename(log, dir / "elsewhere");
  reader.Drain();
  Append(dir / "elsewhere", "2\n");
  reader.UntilText(log, "1\n2\n");
  Rename(dir / "elsewhere", log);
  Append(log, "3\n");
  reader.UntilText(log, "1\n2\n3\n");
}

TEST_CASE("quick rotations one after the other lose no file and no order") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "0\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 50});
  Reader reader(*set);
  reader.UntilText(log, "0\n");
  std::string want = "0\n";
  // All of them while the first is still waited for.
  for (int i = 1; i <= 10; ++i) {
    Rename(log, dir / ("a.log." + std::to_string(i)));
    Append(log, std::to_string(i) + "\n");
    want += "<next>" + std::to_string(i) + "\n";
    reader.Drain();
  }
  reader.UntilText(log, want);
}

TEST_CASE("copytruncate begins the file again as the next one") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "a long line before\nhalf");
  auto set = OpenSet({{.path = log}}, options);
  Reader reader(*set);
  reader.UntilText(log, "a long line before\nhalf");
  reader.Drain();
  REQUIRE(::truncate(log.c_str(), 0) == 0);
  Append(log, "after\n");
  reader.UntilText(log, "a long line before\nhalf<next>after\n");
  // A writer without O_APPEND goes on at its old place: the hole reads as NULs, which nobody wrote.
  REQUIRE(::truncate(log.c_str(), 0) == 0);
  reader.UntilText(log, "a long line before\nhalf<next>after\n<next>");
  Fd stale(::open(log.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::pwrite(stale.get(), "x\n", 2, 6) == 2);
  reader.UntilText(log, "a long line before\nhalf<next>after\n<next>x\n");
  CHECK(reader.offset(log) == 8);
  CHECK(TallyOf(*set, log).nul_bytes_skipped == 6);
  CHECK(TallyOf(*set, log).truncations == 2);
  CHECK(TallyOf(*set, log).bytes_lost == 0);
}

TEST_CASE("a deleted file is read on while its writer has it open") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Fd old = OpenLog(log);
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 0, .writer_wait_ms = 0});
  Reader reader(*set);
  reader.Drain();
  Delete(log);
  reader.Drain();
  WriteAll(old.get(), "still\n");
  reader.UntilText(log, "still\n");
  old.Reset();
  reader.UntilText(log, "still\n<next>");
}

TEST_CASE("a file that is deleted and made again is read from its beginning") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  const std::string log = dir / "a.log";
  options.rotate_wait_ms = 10;
  Append(log, "the old file\n");
  auto set = OpenSet({{.path = log}}, options);
  Reader reader(*set);
  reader.UntilText(log, "the old file\n");
  SECTION("shorter") {
    Delete(log);
    Append(log, "new\n");
    reader.UntilText(log, "the old file\n<next>new\n");
  }
  SECTION("of the same length") {
    Delete(log);
    Append(log, "the new file\n");
    reader.UntilText(log, "the old file\n<next>the new file\n");
  }
  SECTION("longer") {
    Delete(log);
    Append(log, "the old file\nand more\n");
    reader.UntilText(log, "the old file\n<next>the old file\nand more\n");
  }
}

TEST_CASE("a deleted file is let go after a while, and its inode may come back") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "the old file\n");
  auto set = OpenSet({{.path = log}});
  Reader reader(*set);
  reader.UntilText(log, "the old file\n");
  const size_t open = OpenDescriptors();
  Delete(log);
  reader.UntilText(log, "the old file\n<next>");
  CHECK(OpenDescriptors() == open - 1);
  // Nobody holds the inode now: the file system may use its number again for this one.
  Append(log, "new\n");
  reader.UntilText(log, "the old file\n<next>new\n");
}

TEST_CASE("a path that is not there yet is waited for") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  auto set = OpenSet({{.path = dir / "a.log"}, {.path = dir / "later/b.log"}}, options);
  Reader reader(*set);
  CHECK(reader.Step(20) == Ready::kIdle);
  Append(dir / "a.log", "came\n");
  reader.UntilText(dir / "a.log", "came\n");
  REQUIRE(::mkdir((dir / "later").c_str(), 0700) == 0);
  Append(dir / "later/b.log", "came too\n");
  reader.UntilText(dir / "later/b.log", "came too\n");
  CHECK(reader.index(dir / "a.log") == 0);
  CHECK(reader.index(dir / "later/b.log") == 1);
}

TEST_CASE("files that come to a glob later are read, directories and other things are not") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  REQUIRE(::mkdir((dir / "one").c_str(), 0700) == 0);
  REQUIRE(::mkdir((dir / "one/x.log").c_str(), 0700) == 0);
  MakeFifo(dir / "one/fifo.log");
  auto set = OpenSet({{.path = dir / "*/*.log*"}}, options);
  Reader reader(*set);
  CHECK(reader.Step(20) == Ready::kIdle);
  Append(dir / "one/a.log", "a\n");
  Append(dir / "one/a.txt", "not meant\n");
  Append(dir / "one/a.log.1.gz", Gzip("packed\n"));
  reader.UntilText(dir / "one/a.log", "a\n");
  REQUIRE(::mkdir((dir / "two").c_str(), 0700) == 0);
  Append(dir / "two/b.log", "b\n");
  reader.UntilText(dir / "two/b.log", "b\n");
  CHECK(reader.UntilNotice("a.log.1.gz: is passed over"));
  CHECK(reader.CountNotices("") == 1);
  auto& order = reader.order();
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  CHECK(order == std::vector<std::string>{dir / "one/a.log", dir / "two/b.log"});
}

TEST_CASE("rotation inside a glob reads nothing twice and loses nothing") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  options.rotate_wait_ms = 20;
  const std::string log = dir / "a.log";
  auto set = OpenSet({{.path = dir / "a.log*"}}, options);
  Reader reader(*set);
  std::string want;
  Append(log, "0\n");
  reader.UntilText(log, "0\n");
  want = "0\n";
  for (int i = 1; i <= 4; ++i) {
    // As logrotate does: .3 goes, .2 becomes .3, .1 becomes .2, the log becomes .1.
    if (i > 3) Delete(dir / "a.log.3");
    for (int k = 2; k >= 1; --k) {
      const std::string from = dir / ("a.log." + std::to_string(k));
      if (std::filesystem::exists(from)) Rename(from, dir / ("a.log." + std::to_string(k + 1)));
    }
    Rename(log, dir / "a.log.1");
    Append(log, std::to_string(i) + "\n");
    want += "<next>" + std::to_string(i) + "\n";
    reader.UntilText(log, want);
    reader.Drain();
  }
  for (const char* old : {"a.log.1", "a.log.2", "a.log.3"}) CHECK_FALSE(reader.knows(dir / old));
  // A late line in a file that was given up is found under its new name, from where it was left.
  Append(dir / "a.log.1", "late\n");
  reader.UntilText(dir / "a.log.1", "late\n");
  CHECK(reader.offset(dir / "a.log.1") == 7);
  CHECK(reader.text(log) == want);
}

TEST_CASE("a symbolic link is followed to its target and to the next one") {
  WITH_AND_WITHOUT_INOTIFY(options);
  TempDir dir;
  options.rotate_wait_ms = 20;
  REQUIRE(::mkdir((dir / "data").c_str(), 0700) == 0);
  const std::string link = dir / "current.log";
  Append(dir / "data/1.log", "1\n");
  REQUIRE(::symlink("data/1.log", link.c_str()) == 0);
  auto set = OpenSet({{.path = link}}, options);
  Reader reader(*set);
  reader.UntilText(link, "1\n");
  Append(dir / "data/1.log", "1b\n");
  reader.UntilText(link, "1\n1b\n");
  Append(dir / "data/2.log", "2\n");
  REQUIRE(::symlink("data/2.log", (dir / "fresh").c_str()) == 0);
  Rename(dir / "fresh", link);
  reader.UntilText(link, "1\n1b\n<next>2\n");
  // The target is rotated behind the link.
  Rename(dir / "data/2.log", dir / "data/2.log.1");
  Append(dir / "data/2.log", "2 again\n");
  reader.UntilText(link, "1\n1b\n<next>2\n<next>2 again\n");
}

TEST_CASE("a link beside its target under one glob is not a second source") {
  TempDir dir;
  Append(dir / "app-1.log", "1\n");
  REQUIRE(::symlink("app-1.log", (dir / "current.log").c_str()) == 0);
  auto set = OpenSet({{.path = dir / "*.log"}});
  Reader reader(*set);
  reader.UntilText(dir / "app-1.log", "1\n");
  Append(dir / "app-2.log", "2\n");
  Delete(dir / "current.log");
  REQUIRE(::symlink("app-2.log", (dir / "current.log").c_str()) == 0);
  CHECK(reader.Until(
      [&] { return reader.text(dir / "app-2.log") + reader.text(dir / "current.log") == "2\n"; }));
  reader.Drain();
  CHECK(reader.text(dir / "app-1.log") == "1\n");
}

TEST_CASE("a file that cannot be opened is reported once and read when it can be") {
  TempDir dir;
  Append(dir / "a.log", "x\n");
  rlimit saved;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &saved) == 0);
  auto set = OpenSet({{.path = dir / "*.log"}}, {.inotify = false});
  Reader reader(*set);
  reader.UntilText(dir / "a.log", "x\n");
  {
    // No descriptor is left: neither for a new file, nor for the next one of a known path.
    std::vector<Fd> hoard;
    rlimit few = saved;
    few.rlim_cur = 64;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    Append(dir / "b.log", "b\n");
    Rename(dir / "a.log", dir / "a.old");
    Append(dir / "a.log", "next\n");
    for (;;) {
      Fd fd = Duplicate(1);
      if (!fd.valid()) break;
      hoard.push_back(std::move(fd));
    }
    // glob(3) needs a descriptor too; give it one and keep none for opening, by turns.
    const bool told = reader.UntilNotice("Too many open files");
    for (int i = 0; i < 20; ++i) reader.Step(5);
    const size_t times = reader.CountNotices("Too many open files");
    hoard.clear();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &saved) == 0);
    CHECK(told);
    CHECK(times <= 2);
  }
  reader.UntilText(dir / "a.log", "x\n<next>next\n");
  reader.UntilText(dir / "b.log", "b\n");
}

TEST_CASE("an unreadable file is read once its mode allows it") {
  if (::geteuid() == 0) {
    WARN("root may read everything; not tested");
    return;
  }
  TempDir dir;
  Append(dir / "a.log", "x\n");
  REQUIRE(::chmod((dir / "a.log").c_str(), 0) == 0);
  auto set = OpenSet({{.path = dir / "a.log"}});
  Reader reader(*set);
  CHECK(reader.UntilNotice("Permission denied"));
  REQUIRE(::chmod((dir / "a.log").c_str(), 0600) == 0);
  reader.UntilText(dir / "a.log", "x\n");
}

TEST_CASE("a directory that takes the place of a followed file is reported and waited out") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "1\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 10});
  Reader reader(*set);
  reader.UntilText(log, "1\n");
  Rename(log, dir / "a.log.1");
  REQUIRE(::mkdir(log.c_str(), 0700) == 0);
  CHECK(reader.UntilNotice("a.log: is a directory now"));
  REQUIRE(::rmdir(log.c_str()) == 0);
  Append(log, "2\n");
  reader.UntilText(log, "1\n<next>2\n");
  CHECK(reader.CountNotices("is a directory now") == 1);
}

TEST_CASE("a file that lies about its size is not read in a circle") {
  auto set = OpenSet({{.path = "/proc/self/status"}});
  Reader reader(*set);
  CHECK(reader.Until([&] { return reader.text("/proc/self/status").ends_with(">"); }));
  CHECK(reader.text("/proc/self/status")
            .ends_with("<failed: does not say its size and so cannot be followed>"));
  CHECK(reader.Step(0) == Ready::kEnded);
}

TEST_CASE("two busy files take turns") {
  TempDir dir;
  Append(dir / "a.log", std::string(100'000, 'a'));
  Append(dir / "b.log", std::string(100'000, 'b'));
  auto set = OpenSet({{.path = dir / "a.log"}, {.path = dir / "b.log"}});
  Reader reader(*set, 100);
  for (int i = 0; i < 1000; ++i) REQUIRE(reader.Step(0) == Ready::kSource);
  CHECK(reader.text(dir / "a.log").size() == 50'000);
  CHECK(reader.text(dir / "b.log").size() == 50'000);
  for (size_t i = 1; i < reader.order().size(); ++i) {
    REQUIRE(reader.order()[i] != reader.order()[i - 1]);
  }
}

TEST_CASE("a thousand rotations leave no descriptor behind") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "0\n");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 0});
  Reader reader(*set);
  reader.UntilText(log, "0\n");
  const size_t before = OpenDescriptors();
  std::string want = "0\n";
  for (int i = 1; i <= 1000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    switch (i % 3) {
      case 0:
        Rename(log, dir / "a.log.1");
        Append(log, line);
        break;
      case 1:
        Delete(log);
        Append(log, line);
        break;
      case 2:
        REQUIRE(::truncate(log.c_str(), 0) == 0);
        reader.Until([&] { return reader.text(log).size() == want.size() + 6; });
        Append(log, line);
        break;
    }
    want += "<next>" + line;
    REQUIRE(reader.Until([&] { return reader.text(log).size() >= want.size(); }));
  }
  CHECK((reader.text(log) == want));
  CHECK(OpenDescriptors() == before);
  set.reset();
  CHECK(OpenDescriptors() == before - 3);  // the file, inotify, the eventfd
}

TEST_CASE("a writer at full speed with rotations is read to the last line") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "");
  auto set = OpenSet({{.path = log}}, {.rotate_wait_ms = 100});
  constexpr int kLines = 50'000;
  // Two rotations between two looks cannot be told from one, so the writer waits for the reader to
  // be done with the first before it begins the second.
  std::atomic<size_t> files_left = 0;
  std::jthread writer([&] {
    Fd fd(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    for (int i = 0; i < kLines; ++i) {
      const std::string line = std::to_string(i) + "\n";
      if (::write(fd.get(), line.data(), line.size()) < 0) return;
      if (i % 10'000 == 5'000) {
        files_left.wait(static_cast<size_t>(i / 10'000) - 1);
        // Renamed first; the writer opens the new file only some hundred lines later.
        ::rename(log.c_str(), (dir / ("a.log." + std::to_string(i))).c_str());
        Fd created(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
      }
      if (i % 10'000 == 5'400) {
        fd.Reset(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
      }
    }
  });
  std::string want;
  for (int i = 0; i < kLines; ++i) want += std::to_string(i) + "\n";
  Reader reader(*set, 4096);
  const size_t marks = 5 * std::string_view("<next>").size();
  size_t searched = 0;
  CHECK(reader.Until([&] {
    const std::string& text = reader.text(log);
    for (size_t at; (at = text.find("<next>", searched)) != std::string::npos; searched = at + 6) {
      files_left.fetch_add(1);
      files_left.notify_all();
    }
    return text.size() >= want.size() + marks;
  }));
  files_left = 1000;  // whatever happened, the writer ends
  files_left.notify_all();
  std::string text = reader.text(log);
  for (size_t at; (at = text.find("<next>")) != std::string::npos;) text.erase(at, 6);
  CHECK((text == want));
}

}  // namespace
}  // namespace parshall::bytes
