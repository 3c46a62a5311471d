#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace parshall {

static_assert(sizeof(off_t) == 8, "files of 2^32 bytes and more are read");

void Fd::Reset(int fd) {
  if (fd_ >= 0) {
    const int saved = errno;
    // Never repeated after EINTR: on Linux the descriptor is gone even then.
    ::close(fd_);
    errno = saved;
  }
  fd_ = fd;
}

Fd OpenForReading(const std::string& path) {
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 || errno != EINTR) return Fd(fd);
  }
}

Fd Duplicate(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

ssize_t ReadSome(int fd, char* data, size_t size) {
  for (;;) {
    const ssize_t n = ::read(fd, data, size);
    if (n >= 0 || errno != EINTR) return n;
  }
}

ssize_t ReadSomeAt(int fd, char* data, size_t size, off_t offset) {
  for (;;) {
    const ssize_t n = ::pread(fd, data, size, offset);
    if (n >= 0 || errno != EINTR) return n;
  }
}

std::string ErrnoText(int error) { return std::generic_category().message(error); }

}  // namespace parshall
