#pragma once
// What a service tells its manager: systemd's notification protocol (sd_notify(3)), which is one
// datagram of "KEY=value" lines to the unix socket that $NOTIFY_SOCKET names. Written by hand,
// since libsystemd brings more than the program needs.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace parshall {

// Sends one datagram. `socket` is an absolute path, or '@' and the name of an abstract socket.
// Never blocks: a manager that takes nothing is an error. Any thread.
Status SendNotification(std::string_view socket, std::string_view message);

// The same to $NOTIFY_SOCKET; does nothing when there is none. A failure is no reason to stop
// working, and there is nobody to tell: it is passed over. Any thread, as long as nobody changes
// the environment.
void NotifyService(std::string_view message);

// "RELOADING=1" with the monotonic clock, which pairs it with what the manager asked for (systemd
// 253 and later insist on it). A "READY=1" ends it.
std::string ReloadingMessage();

// "STATUS=…" and a newline; control characters of the text become blanks, since a newline would
// begin another key.
std::string StatusMessage(std::string_view text);

// How long the manager waits for a sign of life (WATCHDOG_USEC, meant for WATCHDOG_PID), in
// milliseconds; none when it does not watch this process.
std::optional<int64_t> WatchdogMillis(
    const std::function<std::optional<std::string>(const std::string&)>& environment, int64_t pid);

}  // namespace parshall
