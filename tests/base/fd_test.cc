#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <utility>

namespace parshall {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("Fd closes what it owns, once") {
  int number;
  {
    Fd fd = OpenForReading("/dev/null");
    REQUIRE(fd.valid());
    number = fd.get();
    Fd moved = std::move(fd);
    CHECK(moved.get() == number);
    CHECK(IsOpen(number));
  }
  CHECK_FALSE(IsOpen(number));

  Fd fd = OpenForReading("/dev/null");
  number = fd.Release();
  CHECK_FALSE(fd.valid());
  CHECK(IsOpen(number));
  fd.Reset(number);
  fd.Reset();
  CHECK_FALSE(IsOpen(number));
}

TEST_CASE("Fd leaves errno alone when it closes") {
  Fd fd = OpenForReading("/dev/null");
  errno = EXDEV;
  fd.Reset();
  CHECK(errno == EXDEV);
}

TEST_CASE("OpenForReading and Duplicate close on exec, and say why not") {
  Fd fd = OpenForReading("/dev/null");
  CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  Fd copy = Duplicate(fd.get());
  CHECK((::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(copy.get() > 2);
  CHECK_FALSE(OpenForReading("/dev/null/nothing").valid());
  CHECK(errno == ENOTDIR);
  CHECK_FALSE(Duplicate(-1).valid());
}

TEST_CASE("ReadSomeAt leaves the file's own place alone") {
  // Not __FILE__, which may be relative to where it was compiled.
  Fd fd = OpenForReading(PARSHALL_SOURCE_DIR "/tests/base/fd_test.cc");
  REQUIRE(fd.valid());
  std::string at(8, '\0');
  CHECK(ReadSomeAt(fd.get(), at.data(), at.size(), 1) == 8);
  CHECK(at == "include ");
  CHECK(ReadSome(fd.get(), at.data(), at.size()) == 8);
  CHECK(at == "#include");
}

TEST_CASE("ErrnoText is a phrase for a person") { CHECK(ErrnoText(EACCES) == "Permission denied"); }

}  // namespace
}  // namespace parshall
