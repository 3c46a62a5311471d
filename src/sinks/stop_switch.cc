#include "sinks/stop_switch.h"

#include <poll.h>
#include <sys/eventfd.h>

namespace parshall::sinks {

StopSwitch::StopSwitch() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void StopSwitch::Request() {
  requested_.store(true, std::memory_order_release);
  if (event_.valid()) ::eventfd_write(event_.get(), 1);  // fails only if it is set already
}

void StopSwitch::Wait(std::chrono::milliseconds time) const {
  if (requested()) return;
  pollfd wait{.fd = event_.get(), .events = POLLIN, .revents = 0};
  // Interrupted by a signal it is short, which callers take for a time that is over.
  ::poll(&wait, 1, static_cast<int>(time.count()));
}

}  // namespace parshall::sinks
