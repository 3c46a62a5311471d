#include "base/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "base/numbers.h"

namespace parshall {

Status SendNotification(std::string_view socket, std::string_view message) {
  const std::string where(socket);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (socket.size() < 2 || (socket[0] != '/' && socket[0] != '@'))
    return Fail("a notification socket is an absolute path, or @ and a name", where);
  if (socket.size() >= sizeof address.sun_path)
    return Fail("the path of the notification socket is too long", where);
  std::memcpy(address.sun_path, socket.data(), socket.size());
  if (socket[0] == '@') address.sun_path[0] = '\0';
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Fail("cannot make a socket: " + ErrnoText(errno), where);
  // An abstract name ends where its length says, not at a NUL.
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  ssize_t sent;
  do {
    sent = ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&address), size);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Fail("the service manager cannot be told: " + ErrnoText(errno), where);
  return Ok();
}

void NotifyService(std::string_view message) {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr || *socket == '\0') return;
  static_cast<void>(SendNotification(socket, message).ok());
}

std::string ReloadingMessage() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t usec = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec) + "\n";
}

std::string StatusMessage(std::string_view text) {
  std::string message = "STATUS=";
  for (const char c : text) message += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  message += '\n';
  return message;
}

std::optional<int64_t> WatchdogMillis(
    const std::function<std::optional<std::string>(const std::string&)>& environment, int64_t pid) {
  int64_t usec = 0;
  if (!ParseInt64(environment("WATCHDOG_USEC").value_or(""), &usec) || usec <= 0)
    return std::nullopt;
  // Of a parent that did not clear it.
  if (const std::optional<std::string> meant = environment("WATCHDOG_PID")) {
    int64_t meant_pid = 0;
    if (!ParseInt64(*meant, &meant_pid) || meant_pid != pid) return std::nullopt;
  }
  return std::max<int64_t>(usec / 1000, 1);
}

}  // namespace parshall
