#include "sinks/json_lines_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace parshall::sinks {

Result<std::unique_ptr<JsonLinesSink>> JsonLinesSink::Open(const std::string& to) {
  if (to == "-") {
    return std::unique_ptr<JsonLinesSink>(
        new JsonLinesSink(Fd(), STDOUT_FILENO, "standard output"));
  }
  Fd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
  if (!fd.valid()) return Fail("cannot write records here: " + ErrnoText(errno), to);
  const int raw = fd.get();
  return std::unique_ptr<JsonLinesSink>(new JsonLinesSink(std::move(fd), raw, to));
}

Status JsonLinesSink::Write(std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t written = ::write(fd_, lines.data(), lines.size());
    if (written >= 0) {
      lines.remove_prefix(static_cast<size_t>(written));
      bytes_written_ += static_cast<uint64_t>(written);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {  // somebody made our pipe non-blocking
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
      continue;
    }
    if (errno == EPIPE) return Fail("the reader of the records went away (broken pipe)", name_);
    return Fail("records cannot be written: " + ErrnoText(errno), name_);
  }
  return Ok();
}

}  // namespace parshall::sinks
