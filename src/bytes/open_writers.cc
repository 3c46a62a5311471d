#include "bytes/open_writers.h"

#include <fcntl.h>

#include <cerrno>
#include <csignal>

namespace parshall::bytes {

OpenWriters FindOpenWriters(int fd) {
  // Should somebody open the file for writing while the lease is held (some microseconds), the
  // kernel sends a signal. By default it is SIGIO, which kills; SIGURG is ignored unless it is
  // asked for.
  if (::fcntl(fd, F_SETSIG, SIGURG) != 0) return OpenWriters::kUnknown;
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
    return OpenWriters::kNone;
  }
  return errno == EAGAIN ? OpenWriters::kSome : OpenWriters::kUnknown;
}

}  // namespace parshall::bytes
