#include "sinks/write_end.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace parshall::sinks {
namespace {

// Until fd can take something, or has an error that the next write will tell.
// Returns kGivenUp if a stop was asked for and nothing was taken within `grace`.
int WaitWritable(int fd, const StopSwitch& stop, std::chrono::milliseconds grace) {
  constexpr int kStepMs = 200;  // without a descriptor for stops they are looked for in steps
  while (true) {
    const bool stopping = stop.requested();
    pollfd waits[] = {{.fd = fd, .events = POLLOUT, .revents = 0},
                      {.fd = stopping ? -1 : stop.fd(), .events = POLLIN, .revents = 0}};
    const int forever = stop.valid() ? -1 : kStepMs;
    const int ready = ::poll(waits, 2, stopping ? static_cast<int>(grace.count()) : forever);
    if (waits[0].revents != 0) return 0;
    if (ready == 0 && stopping) return kGivenUp;
  }
}

void AddNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

WriteEnd WriteEnd::Shared(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return {Fd(), fd, Method::kWrite};  // writing says why
  if (S_ISSOCK(status.st_mode)) return {Fd(), fd, Method::kSend};
  const bool terminal = S_ISCHR(status.st_mode) && ::isatty(fd) != 0;
  if (!S_ISFIFO(status.st_mode) && !terminal) return {Fd(), fd, Method::kWrite};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  Fd again(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!again.valid()) return {Fd(), fd, Method::kPieces};
  const int raw = again.get();
  return {std::move(again), raw, Method::kWrite};
}

WriteEnd WriteEnd::Owned(Fd fd) {
  AddNonBlocking(fd.get());
  const int raw = fd.get();
  return {std::move(fd), raw, Method::kWrite};
}

Written WriteEnd::WriteAll(std::string_view text, const StopSwitch& stop,
                           std::chrono::milliseconds grace) const {
  Written done;
  while (done.size < text.size()) {
    const char* rest = text.data() + done.size;
    size_t size = text.size() - done.size;
    if (method_ == Method::kPieces) {
      if (WaitWritable(fd_, stop, grace) != 0) return {done.size, kGivenUp};
      size = std::min<size_t>(size, PIPE_BUF);
    }
    const ssize_t written = method_ == Method::kSend
                                ? ::send(fd_, rest, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : ::write(fd_, rest, size);
    if (written > 0) {
      done.size += static_cast<size_t>(written);
      continue;
    }
    if (written == 0) return {done.size, EIO};  // no device of ours does that; no endless loop
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return {done.size, errno};
    if (WaitWritable(fd_, stop, grace) != 0) return {done.size, kGivenUp};
  }
  return done;
}

Written WriteAllToFile(int fd, std::string_view text) {
  Written done;
  while (done.size < text.size()) {
    const ssize_t written = ::write(fd, text.data() + done.size, text.size() - done.size);
    if (written > 0) {
      done.size += static_cast<size_t>(written);
    } else if (written == 0) {
      return {done.size, EIO};
    } else if (errno != EINTR) {
      return {done.size, errno};
    }
  }
  return done;
}

}  // namespace parshall::sinks
