#include <thread>

#include "tests/bytes/follow_kit.h"

// What one run leaves to the next: no byte is read twice and none is left out, whatever happened to
// the files in between.

namespace parshall::bytes {
namespace {

// Reads until nothing is said any more, and gives what the run leaves.
std::vector<FilePosition> RunOnce(const std::vector<SourceSpec>& specs, const std::string& source,
                                  const std::string& text, std::vector<FilePosition> resume = {}) {
  SetOptions options{.rotate_wait_ms = 10};
  options.resume = std::move(resume);
  auto set = OpenSet(specs, options);
  Reader reader(*set);
  if (text.empty()) {
    for (int i = 0; i < 3; ++i) reader.Step(10);
    CHECK(reader.text(source).empty());
  } else {
    reader.UntilText(source, text);
  }
  reader.Drain();
  return set->Positions();
}

TEST_CASE("a second run goes on where the first one stopped, and only there") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "one\nha");
  auto left = RunOnce({{.path = log}}, log, "one\nha");
  REQUIRE(left.size() == 1);
  CHECK(left[0].source == log);
  CHECK(left[0].identity == IdentityOf(log));
  CHECK(left[0].offset == 6);
  CHECK(left[0].fingerprint.size == 6);
  CHECK(left[0].tail_end == 6);
  CHECK(left[0].current);

  left = RunOnce({{.path = log}}, log, "", left);
  REQUIRE(left.size() == 1);
  CHECK(left[0].offset == 6);
  Append(log, "lf\n");
  SECTION("where it stopped") { RunOnce({{.path = log}}, log, "lf\n", left); }
  SECTION("at the beginning of the half line, when the caller takes the offset back") {
    left[0].offset = 4;
    RunOnce({{.path = log}}, log, "half\n", left);
  }
  SECTION("from_end does not skip what came meanwhile") {
    RunOnce({{.path = log, .from_end = true}}, log, "lf\n", left);
  }
}

TEST_CASE("a file whose identity is known but not its content is read from its beginning") {
  struct Row {
    const char* name;
    std::string content;
  };
  const std::string before = std::string(5000, 'a') + "\nend\n";
  const Row rows[] = {
      {"shorter", "new\n"},
      {"equal in length", std::string(5000, 'b') + "\nend\n"},
      {"longer", std::string(9000, 'b') + "\n"},
      {"the same beginning, and longer", std::string(6000, 'a') + "\nother\n"},
      {"the same beginning and length, another end", std::string(5000, 'a') + "\nEND\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    TempDir dir;
    const std::string log = dir / "a.log";
    Append(log, before);
    const auto left = RunOnce({{.path = log}}, log, before);
    // As a reused inode on a file system that keeps no birth, and as a truncation.
    REQUIRE(::truncate(log.c_str(), 0) == 0);
    Append(log, row.content);
    RunOnce({{.path = log}}, log, row.content, left);
  }
}

TEST_CASE("files read once are read once, over any number of runs") {
  TempDir dir;
  const std::string log = dir / "a.log";
  const std::string packed = dir / "b.log.gz";
  std::string text(300'000, 'x');
  text += "\nend\n";
  Append(log, "plain\n");
  Append(packed, Gzip(text));
  const std::vector<SourceSpec> specs = {{.path = log, .once = true},
                                         {.path = packed, .once = true}};
  std::vector<FilePosition> left;
  {
    auto set = OpenSet(specs);
    Reader reader(*set);
    reader.Drain();
    CHECK(reader.text(log) == "plain\n<end>");
    CHECK(reader.text(packed) == text + "<end>");
    left = set->Positions();
  }
  REQUIRE(left.size() == 2);
  SECTION("nothing new") {
    auto set = OpenSet(specs, {.resume = left});
    Reader reader(*set);
    reader.Drain();
    CHECK(reader.text(log) == "<end>");
    CHECK(reader.text(packed) == "<end>");
    CHECK(set->Positions().size() == 2);
  }
  SECTION("an offset inside") {
    for (FilePosition& position : left) position.offset -= 3;
    Append(log, "more\n");
    auto set = OpenSet(specs, {.resume = left});
    Reader reader(*set);
    reader.Drain();
    CHECK(reader.text(log) == "in\nmore\n<end>");
    CHECK(reader.text(packed) == "nd\n<end>");
  }
  SECTION("other content in the same file") {
    REQUIRE(::truncate(packed.c_str(), 0) == 0);
    Append(packed, Gzip(std::string(400'000, 'y')));
    auto set = OpenSet(specs, {.resume = left});
    Reader reader(*set);
    reader.Drain();
    CHECK(reader.text(packed) == std::string(400'000, 'y') + "<end>");
  }
  SECTION("stopped in the middle") {
    auto set = OpenSet({{.path = packed, .once = true}});
    Reader reader(*set, 1000);
    for (int i = 0; i < 7; ++i) reader.Step(0);
    const auto half = set->Positions();
    REQUIRE(half.size() == 1);
    CHECK(half[0].current);
    CHECK(half[0].offset == 7000);
    auto rest = OpenSet({{.path = packed, .once = true}}, {.resume = half});
    Reader second(*rest);
    // Positions taken before the second run has come there lose nothing.
    second.Step(0);
    CHECK(rest->Positions().at(0).offset == 7000);
    second.Drain();
    CHECK(second.text(packed) == text.substr(7000) + "<end>");
  }
}

TEST_CASE("Wake makes one Next return kWoken, from any thread") {
  TempDir dir;
  const std::string log = dir / "a.log";
  auto set = OpenSet({{.path = log}});
  Source* source = nullptr;
  CHECK(set->Next(0, &source) == Ready::kIdle);
  set->Wake();
  set->Wake();
  CHECK(set->Next(-1, &source) == Ready::kWoken);
  CHECK(set->Next(0, &source) == Ready::kIdle);
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    set->Wake();
  });
  CHECK(set->Next(-1, &source) == Ready::kWoken);
  waker.join();
  CHECK(set->Next(0, &source) == Ready::kIdle);
  // Nothing is lost by it.
  Append(log, "one\n");
  set->Wake();
  CHECK(set->Next(-1, &source) == Ready::kWoken);
  Reader reader(*set);
  reader.UntilText(log, "one\n");
  set->Wake();
  set->Stop();
  CHECK(set->Next(-1, &source) == Ready::kStopped);
}

TEST_CASE("the tally of a source says how far behind it is") {
  TempDir dir;
  const std::string log = dir / "a.log";
  Append(log, "0123456789");
  auto set = OpenSet({{.path = log}});
  CHECK(TallyOf(*set, log).bytes_behind == 10);
  CHECK(TallyOf(*set, log).files_open == 1);
  CHECK(set->Watched().files_watched == 1);
  Reader reader(*set, 4);
  reader.Step(0);
  CHECK(TallyOf(*set, log).bytes_behind == 6);
  CHECK(TallyOf(*set, log).seconds_behind >= 0);
  reader.Drain();
  CHECK(TallyOf(*set, log).bytes_behind == 0);
  CHECK(TallyOf(*set, log).seconds_behind == 0);
}

}  // namespace
}  // namespace parshall::bytes
