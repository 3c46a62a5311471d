#include "tests/bytes/follow_kit.h"

// Names that come and go: sources that are forgotten when their files are gone.

namespace parshall::bytes {
namespace {

TEST_CASE("a source is forgotten when its file is deleted, read to its end, and time has passed") {
  TempDir dir;
  const std::string log = dir / "a.log";
  auto set = OpenSet({{.path = dir / "*.log"}}, {.rotate_wait_ms = 5, .forget_ms = 30});
  Reader reader(*set);
  Append(log, "one\n");
  reader.UntilText(log, "one\n");
  const uint32_t index = reader.index(log);
  Delete(log);
  reader.UntilText(log, "one\n<next><end>");
  reader.Drain();
  CHECK(set->Positions().size() == 1);  // what was read of the inode, which may come back
  CHECK(set->Watched().files_watched == 0);
  CHECK(set->Tallies().size() == 1);
  CHECK(set->TakeForgotten().size() == 1);
  CHECK(set->Tallies().empty());

  SECTION("its name comes back, for another file") {
    Append(log, "two\n");
    reader.UntilText(log, "one\n<next><end>two\n");
    CHECK(reader.index(log) > index);
    CHECK(set->Tallies().size() == 1);
  }
  SECTION("others go on") {
    Append(dir / "b.log", "b\n");
    reader.UntilText(dir / "b.log", "b\n");
  }
}

TEST_CASE("a source is not forgotten while its name may be used again at once, or was asked for") {
  TempDir dir;
  const std::string log = dir / "a.log";
  const bool named = GENERATE(false, true);
  CAPTURE(named);
  // A file that was renamed out of the glob is still the source's.
  const bool renamed = !named;
  auto set =
      OpenSet({{.path = named ? log : dir / "*.log"}}, {.rotate_wait_ms = 5, .forget_ms = 0});
  Reader reader(*set);
  Append(log, "one\n");
  reader.UntilText(log, "one\n");
  if (renamed) {
    Rename(log, dir / "elsewhere");
  } else {
    Delete(log);
  }
  // Everything is looked at every second.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
  while (std::chrono::steady_clock::now() < until) reader.Step(50);
  CHECK(reader.text(log).find("<end>") == std::string::npos);
  if (renamed) {
    Append(dir / "elsewhere", "late\n");
    reader.UntilText(log, "one\nlate\n");
  } else {
    Append(log, "two\n");
    reader.UntilText(log, "one\n<next>two\n");
  }
}

TEST_CASE("two hundred names that come and go leave nothing behind but what a search forgets") {
  TempDir dir;
  auto set = OpenSet({{.path = dir / "*.log"}}, {.rotate_wait_ms = 1, .forget_ms = 0});
  Reader reader(*set);
  const size_t descriptors = OpenDescriptors();
  size_t forgotten = 0;
  for (int round = 0; round < 4; ++round) {
    for (int n = 0; n < 50; ++n) {
      Append(dir / (std::to_string(100 * round + n) + ".log"), "line\n");
    }
    const auto read = [&](const std::string& want) {
      const auto all = [&] {
        for (int n = 0; n < 50; ++n) {
          if (reader.text(dir / (std::to_string(100 * round + n) + ".log")) != want) return false;
        }
        return true;
      };
      // A slow machine looks at everything less often.
      for (int patience = 0; patience < 6; ++patience) {
        if (reader.Until(all)) return true;
      }
      return false;
    };
    REQUIRE(read("line\n"));
    for (int n = 0; n < 50; ++n) Delete(dir / (std::to_string(100 * round + n) + ".log"));
    REQUIRE(read("line\n<next><end>"));
    reader.Drain();
    forgotten += set->TakeForgotten().size();
  }
  CHECK(forgotten == 200);
  CHECK(set->Tallies().empty());
  CHECK(OpenDescriptors() == descriptors);
}

}  // namespace
}  // namespace parshall::bytes
