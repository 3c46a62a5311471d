#include "bytes/file_ledger.h"

#include "tests/bytes/follow_kit.h"

namespace parshall::bytes {
namespace {

FilePosition Left(const FileIdentity& identity, uint64_t offset) {
  FilePosition position;
  position.identity = identity;
  position.offset = offset;
  return position;
}

TEST_CASE("FileLedger gives a file to one owner at a time and says where it was left") {
  TempDir dir;
  Append(dir / "a", std::string(100, 'x'));
  const Fd file_of_100 = OpenForReading(dir / "a");
  Append(dir / "b", std::string(59, 'x'));
  const Fd file_of_59 = OpenForReading(dir / "b");
  FileLedger ledger;
  const FileIdentity file{.device = 1, .inode = 2, .birth_ns = 3};
  int one = 0;
  int two = 0;
  CHECK(ledger.ResumeAt(file, file_of_100.get()) == 0);
  CHECK(ledger.Claim(file, &one));
  CHECK(ledger.claimed(file));
  CHECK_FALSE(ledger.Claim(file, &two));
  ledger.Release(Left(file, 60));
  CHECK_FALSE(ledger.claimed(file));
  CHECK(ledger.ResumeAt(file, file_of_100.get()) == 60);
  // Shorter than what was read: another file, or truncated.
  CHECK(ledger.ResumeAt(file, file_of_59.get()) == 0);
  CHECK(ledger.Claim(file, &two));
}

TEST_CASE("FileLedger tells apart files that differ in birth only") {
  TempDir dir;
  Append(dir / "a", std::string(100, 'x'));
  const Fd fd = OpenForReading(dir / "a");
  FileLedger ledger;
  ledger.Remember(Left({.device = 1, .inode = 2, .birth_ns = 3}, 60));
  CHECK(ledger.ResumeAt({.device = 1, .inode = 2, .birth_ns = 4}, fd.get()) == 0);
  CHECK(ledger.ResumeAt({.device = 1, .inode = 2, .birth_ns = 3}, fd.get()) == 60);
}

TEST_CASE("FileLedger keeps of the ended files only those that are seen or read") {
  FileLedger ledger;
  const FileIdentity seen{.device = 1, .inode = 2};
  const FileIdentity gone{.device = 1, .inode = 3};
  const FileIdentity read{.device = 1, .inode = 4};
  for (const FileIdentity& file : {seen, gone, read}) ledger.Remember(Left(file, 10));
  ledger.Claim(read, &ledger);
  for (uint32_t n = 0; n < FileLedger::kSearchesUnseenMax; ++n) {
    CHECK(ledger.Find(gone) != nullptr);
    ledger.KeepOnly({seen});
  }
  CHECK(ledger.Find(seen) != nullptr);
  CHECK(ledger.Find(gone) == nullptr);
  CHECK(ledger.Find(read) != nullptr);
  CHECK(ledger.has_ended());
  ledger.Forget(read);
  std::vector<FilePosition> positions;
  ledger.AppendEnded(&positions);
  REQUIRE(positions.size() == 1);
  CHECK(positions[0].identity == seen);
}

}  // namespace
// The K1-pipe bar found it: a rotation renames access.log.9 while a search is under way.
TEST_CASE("FileLedger still knows a file that searches missed while it was renamed") {
  FileLedger ledger;
  const FileIdentity file{.device = 1, .inode = 2};
  ledger.Remember(Left(file, 10));
  for (int rotation = 0; rotation < 100; ++rotation) {
    for (uint32_t n = 1; n < FileLedger::kSearchesUnseenMax; ++n) ledger.KeepOnly({});
    ledger.KeepOnly({file});
  }
  REQUIRE(ledger.Find(file) != nullptr);
  CHECK(ledger.Find(file)->offset == 10);
}

}  // namespace parshall::bytes
