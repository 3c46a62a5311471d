#pragma once
// A request to stop that ends waiting at once: a flag, and a descriptor to poll beside others.

#include <atomic>
#include <chrono>

#include "base/fd.h"

namespace parshall::sinks {

// Any thread. Once requested it stays so.
class StopSwitch {
 public:
  StopSwitch();  // without a free descriptor valid() is false, and waiting is only in steps

  bool valid() const { return event_.valid(); }
  void Request();
  bool requested() const { return requested_.load(std::memory_order_acquire); }
  // Readable once requested.
  int fd() const { return event_.get(); }
  // Returns after `time`, or as soon as it is requested.
  void Wait(std::chrono::milliseconds time) const;

 private:
  Fd event_;
  std::atomic<bool> requested_{false};
};

}  // namespace parshall::sinks
