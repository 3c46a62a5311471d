#include "bytes/open_writers.h"

#include "tests/bytes/follow_kit.h"

namespace parshall::bytes {
namespace {

TEST_CASE("FindOpenWriters tells whether anybody has the file open for writing") {
  TempDir dir;
  Fd writer = OpenLog(dir / "a.log");
  Fd reader = OpenForReading(dir / "a.log");
  Fd other_reader = OpenForReading(dir / "a.log");
  for (int i = 0; i < 3; ++i) CHECK(FindOpenWriters(reader.get()) == OpenWriters::kSome);
  writer.Reset();
  for (int i = 0; i < 3; ++i) CHECK(FindOpenWriters(reader.get()) == OpenWriters::kNone);
  // No lease is left behind that would stop a writer.
  writer = Fd(::open((dir / "a.log").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  CHECK(writer.valid());
}

TEST_CASE("FindOpenWriters does not know where there are no leases") {
  Fd proc = OpenForReading("/proc/self/status");
  CHECK(FindOpenWriters(proc.get()) != OpenWriters::kSome);
  CHECK(FindOpenWriters(-1) == OpenWriters::kUnknown);
}

}  // namespace
}  // namespace parshall::bytes
