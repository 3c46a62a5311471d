#include "app/heartbeat.h"

#include <algorithm>

namespace parshall::app {

int Heartbeat::look_every_ms(int at_most) const {
  if (!watchdog_ms_) return at_most;
  return static_cast<int>(std::clamp<int64_t>(*watchdog_ms_ / 8, 1, at_most));
}

bool Heartbeat::Due(const pipeline::Pulse& pulse, int64_t now_ms) {
  if (!watchdog_ms_) return false;
  // A look may come late by as much as one pause between two.
  if (last_beat_ms_ && now_ms - *last_beat_ms_ < *watchdog_ms_ / 2 - look_every_ms(1000)) {
    return false;
  }
  if (last_beat_ms_ && pulse.batches == batches_ && !pulse.waits) return false;
  last_beat_ms_ = now_ms;
  batches_ = pulse.batches;
  return true;
}

}  // namespace parshall::app
