#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "tests/bytes/follow_kit.h"

// Sources that are read once, and what Open refuses before anything is read.

namespace parshall::bytes {
namespace {

TEST_CASE("a file read once gives its bytes with offsets and ends") {
  TempDir dir;
  const std::string text = "one\ntwo\nhalf";
  Append(dir / "a.log", text);
  for (size_t read_bytes : {size_t{1}, size_t{5}, size_t{4096}}) {
    auto set = OpenSet({{.path = dir / "a.log", .once = true}});
    Reader reader(*set, read_bytes);
    CHECK(reader.Until([&] { return reader.text(dir / "a.log") == text + "<end>"; }));
    CHECK(reader.Step(0) == Ready::kEnded);
    CHECK(reader.Step(-1) == Ready::kEnded);
  }
}

// As for who follows it (copytruncate_test.cc), so that a recount finds the same lines.
TEST_CASE("a hole at the beginning of a file that is read once is passed over, and no other NULs") {
  TempDir dir;
  const size_t nuls = GENERATE(1, 4096, 10'000);
  const bool blocks = GENERATE(false, true);  // or a hole of the file system's
  const bool packed = GENERATE(false, true);
  const size_t read_bytes = GENERATE(1, 1000, 64 * 1024);
  CAPTURE(nuls, blocks, packed, read_bytes);
  const std::string file = dir / (packed ? "a.log.gz" : "a.log");
  const std::string text = std::string("line\n") + '\0' + "another\n";
  const std::string all = std::string(nuls, '\0') + text;
  if (packed) {
    Append(file, Gzip(all));
  } else if (blocks) {
    Append(file, all);
  } else {
    Append(file, "");
    REQUIRE(::truncate(file.c_str(), static_cast<off_t>(nuls)) == 0);
    Append(file, text);
  }
  auto set = OpenSet({{.path = file, .once = true}});
  Reader reader(*set, read_bytes);
  CHECK(reader.Until([&] { return reader.text(file) == text + "<end>"; }));
  CHECK(reader.offset(file) == all.size());
  CHECK(reader.Step(0) == Ready::kEnded);
}

TEST_CASE("a file of nothing but NULs that is read once has no line") {
  TempDir dir;
  Append(dir / "a.log", std::string(5000, '\0'));
  Append(dir / "b.log", "");
  REQUIRE(::truncate((dir / "b.log").c_str(), 1 << 30) == 0);
  auto set = OpenSet({{.path = dir / "*.log", .once = true}});
  Reader reader(*set);
  CHECK(reader.Until([&] { return reader.text(dir / "b.log") == "<end>"; }));
  CHECK(reader.text(dir / "a.log") == "<end>");
}

TEST_CASE("files read once come one after the other, a glob in sorted order") {
  TempDir dir;
  for (const char* name : {"b.log", "a.log", "c.log"}) Append(dir / name, std::string(name) + "\n");
  REQUIRE(::mkdir((dir / "directory.log").c_str(), 0700) == 0);
  MakeFifo(dir / "fifo.log");
  REQUIRE(::symlink((dir / "nowhere").c_str(), (dir / "dangling.log").c_str()) == 0);
  auto set =
      OpenSet({{.path = dir / "c.log", .once = true}, {.path = dir / "*.log", .once = true}});
  Reader reader(*set, 3);
  while (reader.Step(0) == Ready::kSource) {
  }
  CHECK(reader.Step(0) == Ready::kEnded);
  auto& order = reader.order();
  order.erase(std::unique(order.begin(), order.end()), order.end());
  CHECK(order == std::vector<std::string>{dir / "c.log", dir / "a.log", dir / "b.log"});
  CHECK(reader.text(dir / "b.log") == "b.log\n<end>");
  CHECK(reader.index(dir / "c.log") == 0);
  CHECK(reader.index(dir / "a.log") == 1);
  CHECK(reader.index(dir / "b.log") == 2);
}

TEST_CASE("a file named by two names is read once") {
  TempDir dir;
  Append(dir / "a.log", "a\n");
  REQUIRE(::symlink("a.log", (dir / "link.log").c_str()) == 0);
  auto set =
      OpenSet({{.path = dir / "*.log", .once = true}, {.path = dir / "a.log", .once = true}});
  Reader reader(*set);
  CHECK(reader.Until([&] { return reader.text(dir / "a.log") == "a\n<end>"; }));
  CHECK(reader.Step(0) == Ready::kEnded);
  CHECK_FALSE(reader.knows(dir / "link.log"));
  CHECK(reader.CountNotices("link.log: is a file that is read already") == 1);
}

TEST_CASE("a file whose name looks like a glob is a file") {
  TempDir dir;
  Append(dir / "[a].log", "brackets\n");
  Append(dir / "a.log", "plain\n");
  auto set = OpenSet({{.path = dir / "[a].log", .once = true}});
  Reader reader(*set);
  CHECK(reader.Until([&] { return reader.text(dir / "[a].log") == "brackets\n<end>"; }));
  CHECK(reader.Step(0) == Ready::kEnded);
}

TEST_CASE("Open refuses what cannot be read, and says what and where") {
  TempDir dir;
  Append(dir / "good.log", "x\n");
  Append(dir / "plain.gz", "this is no gzip file\n");
  Append(dir / "real.gz", Gzip("x\n"));
  REQUIRE(::mkdir((dir / "directory").c_str(), 0700) == 0);
  REQUIRE(::symlink("loop", (dir / "loop").c_str()) == 0);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir / "socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);

  struct Row {
    std::string path;
    bool once;
    std::string what;
  };
  const Row rows[] = {
      {"missing", true, "no such file"},
      {"missing/a.log", true, "no such file"},
      {"good.log/a", true, "cannot be opened: Not a directory"},
      {"loop", true, "cannot be opened: Too many levels of symbolic links"},
      {"*.nothing", true, "no regular file matches"},
      {"direc*", true, "no regular file matches"},
      {"directory", true, "is a directory"},
      {"directory", false, "is a directory"},
      {"socket", true, "is a socket"},
      {"socket", false, "is a socket"},
      {"plain.gz", true, "is named .gz but is not a gzip file"},
      {"real.gz", false, "a gzip file cannot be followed"},
      {"later.gz", false, "a gzip file cannot be followed"},
  };
  for (const Row& row : rows) {
    INFO(row.path << " once " << row.once);
    auto set = SourceSet::Open(
        {{.path = dir / "good.log", .once = true}, {.path = dir / row.path, .once = row.once}});
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().what.find(row.what) != std::string::npos);
    CHECK(set.error().where == dir / row.path);
  }
  CHECK_FALSE(SourceSet::Open({{.path = ""}}).ok());
  CHECK_FALSE(SourceSet::Open({{.path = std::string("a\0b", 3)}}).ok());
  CHECK(SourceSet::Open({{.path = "-"}, {.path = "-"}}).error().what == "stdin is named twice");
}

TEST_CASE("an unreadable file is refused when it is to be read once") {
  if (::geteuid() == 0) {
    WARN("root may read everything; not tested");
    return;
  }
  TempDir dir;
  Append(dir / "a.log", "x\n");
  REQUIRE(::chmod((dir / "a.log").c_str(), 0) == 0);
  auto set = SourceSet::Open({{.path = dir / "a.log", .once = true}});
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().ToString() == (dir / "a.log") + ": cannot be opened: Permission denied");
}

TEST_CASE("a file that vanishes between Open and its turn fails with a sentence") {
  TempDir dir;
  Append(dir / "a.log", "x\n");
  auto set = OpenSet({{.path = dir / "a.log", .once = true}});
  Delete(dir / "a.log");
  Reader reader(*set);
  reader.UntilText(dir / "a.log", "<failed: cannot be opened: No such file or directory>");
  CHECK(reader.Step(-1) == Ready::kEnded);
}

TEST_CASE("no sources at all have ended") {
  auto set = OpenSet({});
  Reader reader(*set);
  CHECK(reader.Step(-1) == Ready::kEnded);
}

// ------------------------------------------------------------------------------------------ gzip

std::string ReadGzip(const std::string& bytes, size_t read_bytes = 4096) {
  TempDir dir;
  Append(dir / "a.gz", bytes);
  auto set = OpenSet({{.path = dir / "a.gz", .once = true}});
  Reader reader(*set, read_bytes);
  CHECK(reader.Until([&] { return reader.Step(0) == Ready::kEnded; }));
  return reader.text(dir / "a.gz");
}

TEST_CASE("a gzip file is read member by member") {
  const std::string two = Gzip("first\n") + Gzip("second\n");
  CHECK(ReadGzip(Gzip("")) == "<end>");
  CHECK(ReadGzip(Gzip("one\n")) == "one\n<end>");
  CHECK(ReadGzip(two) == "first\nsecond\n<end>");
  CHECK(ReadGzip(two, 1) == "first\nsecond\n<end>");
  CHECK(ReadGzip(Gzip("") + two + Gzip("")) == "first\nsecond\n<end>");
  CHECK(ReadGzip(two + std::string(100'000, '\0')) == "first\nsecond\n<end>");
}

TEST_CASE("a gzip file larger than every buffer comes out whole") {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  CHECK((ReadGzip(Gzip(text), 70'000) == text + "<end>"));
  // A thousand to one: nothing is held but the window.
  const std::string zeros(30'000'000, '0');
  CHECK((ReadGzip(Gzip(zeros), 1 << 20) == zeros + "<end>"));
}

TEST_CASE("a million empty members are read without a byte and without a stall") {
  std::string members;
  const std::string empty = Gzip("");
  for (int i = 0; i < 20'000; ++i) members += empty;
  CHECK(ReadGzip(members + Gzip("x\n")) == "x\n<end>");
}

TEST_CASE("a gzip file cut at any byte gives what it can and then fails") {
  const std::string whole = Gzip("first line\nsecond line\n");
  CHECK(ReadGzip("") == "<failed: is empty, which no gzip file is>");
  for (size_t cut = 1; cut < whole.size(); ++cut) {
    INFO("cut at " << cut);
    const std::string text = ReadGzip(whole.substr(0, cut));
    const size_t failed =
        text.find("<failed: ends in the middle of the gzip data (the file is cut short)>");
    REQUIRE(failed != std::string::npos);
    CHECK(std::string_view("first line\nsecond line\n").starts_with(text.substr(0, failed)));
  }
}

TEST_CASE("damaged gzip data fails with a sentence") {
  std::string bad_sum = Gzip("first line\n");
  bad_sum[bad_sum.size() - 8] = static_cast<char>(bad_sum[bad_sum.size() - 8] ^ 1);
  CHECK(ReadGzip(bad_sum) == "first line\n<failed: is damaged gzip data (incorrect data check)>");
  CHECK(ReadGzip(Gzip("x\n") + "rubbish") == "x\n<failed: has other bytes behind the gzip data>");
  // Any byte flipped: never a crash, never more than the truth without a failure.
  const std::string good = Gzip("first line\nsecond line\n");
  for (size_t at = 2; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    const std::string text = ReadGzip(bad);
    INFO("byte " << at << ": " << text);
    const bool whole = text == "first line\nsecond line\n<end>";
    CHECK((whole || text.find("<failed: ") != std::string::npos));
  }
}

// --------------------------------------------------------------------------- files of 2^32 bytes

TEST_CASE("offsets go beyond 2^32") {
  TempDir dir;
  const uint64_t far = (uint64_t{1} << 32) + 5;
  Append(dir / "big.log", "");
  REQUIRE(::truncate((dir / "big.log").c_str(), static_cast<off_t>(far)) == 0);  // sparse
  auto set = OpenSet({{.path = dir / "big.log", .from_end = true}});
  Reader reader(*set);
  reader.Drain();
  CHECK(reader.text(dir / "big.log").empty());
  Append(dir / "big.log", "beyond\n");
  reader.UntilText(dir / "big.log", "beyond\n");
  CHECK(reader.offset(dir / "big.log") == far + 7);
}

}  // namespace
}  // namespace parshall::bytes
