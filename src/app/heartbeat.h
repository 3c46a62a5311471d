#pragma once
// Tells a service manager that lines still pass through. The process being there is not enough: the
// data path has to move.
//
// Alive is: since the last beat a batch went all the way through the pipeline (one does several
// times a second, also while nothing comes), or the pipeline waits for what is outside of it: a
// reader of the records, room on a disk. That is back-pressure; a restart would not cure it. What
// is left is a worker that hangs in a line, in a read, or on a lock.

#include <cstdint>
#include <optional>

#include "pipeline/pipeline.h"

namespace parshall::app {

// One thread.
class Heartbeat {
 public:
  // `watchdog_ms`: how long the manager waits for a beat; none: it does not.
  explicit Heartbeat(std::optional<int64_t> watchdog_ms) : watchdog_ms_(watchdog_ms) {}

  // How often to call Due(), at least: a few times in each half of the watchdog's time.
  int look_every_ms(int at_most) const;
  // Whether a beat should be sent now, at `now_ms` of a clock that never goes back. It then counts
  // as sent. Half of the manager's time lies between two beats at most while the pipeline lives.
  bool Due(const pipeline::Pulse& pulse, int64_t now_ms);

 private:
  const std::optional<int64_t> watchdog_ms_;
  std::optional<int64_t> last_beat_ms_;
  uint64_t batches_ = 0;  // at the last beat
};

}  // namespace parshall::app
