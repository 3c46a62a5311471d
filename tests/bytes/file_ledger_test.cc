#include "bytes/file_ledger.h"

#include <catch2/catch.hpp>

namespace parshall::bytes {
namespace {

TEST_CASE("FileLedger gives a file to one owner at a time and says where it was left") {
  FileLedger ledger;
  const FileIdentity file{.device = 1, .inode = 2, .birth_ns = 3};
  int one = 0;
  int two = 0;
  CHECK(ledger.ResumeAt(file, 100) == 0);
  CHECK(ledger.Claim(file, &one));
  CHECK(ledger.claimed(file));
  CHECK_FALSE(ledger.Claim(file, &two));
  ledger.Release(file, 60);
  CHECK_FALSE(ledger.claimed(file));
  CHECK(ledger.ResumeAt(file, 60) == 60);
  CHECK(ledger.ResumeAt(file, 100) == 60);
  // Shorter than what was read: another file, or truncated.
  CHECK(ledger.ResumeAt(file, 59) == 0);
  CHECK(ledger.Claim(file, &two));
}

TEST_CASE("FileLedger tells apart files that differ in birth only") {
  FileLedger ledger;
  ledger.Release({.device = 1, .inode = 2, .birth_ns = 3}, 60);
  CHECK(ledger.ResumeAt({.device = 1, .inode = 2, .birth_ns = 4}, 100) == 0);
}

TEST_CASE("FileLedger keeps of the ended files only those that are seen") {
  FileLedger ledger;
  const FileIdentity seen{.device = 1, .inode = 2};
  const FileIdentity gone{.device = 1, .inode = 3};
  ledger.Release(seen, 10);
  ledger.Release(gone, 20);
  ledger.KeepOnly({seen});
  CHECK(ledger.ResumeAt(seen, 100) == 10);
  CHECK(ledger.ResumeAt(gone, 100) == 0);
  CHECK(ledger.has_ended());
  ledger.KeepOnly({});
  CHECK_FALSE(ledger.has_ended());
}

}  // namespace
}  // namespace parshall::bytes
