#pragma once
// How records are written, as data: what to do when they cannot be, when a new file begins, and
// what was counted on the way.

#include <chrono>
#include <cstdint>

namespace parshall::sinks {

// What happens while records cannot be written: the disk or a quota is full, the device fails.
enum class OnError : uint8_t {
  kPause,  // wait until they can; nothing is lost, and input waits too
  kDrop,   // leave out the records that do not fit, and count them
  kExit,   // give up with an error
};

// Plain data. The times further below are for tests; nobody else has a reason to change them.
struct OutputOptions {
  OnError on_error = OnError::kPause;
  uint64_t rotate_bytes = 0;                     // FILE becomes FILE.1 at this size; 0: never
  std::chrono::milliseconds rotate_interval{0};  // and at this age; 0: never
  uint32_t keep = 5;                             // FILE.1 … FILE.keep; the oldest is deleted
  // A snapshot relies on the files: a file that is left for the next one is synced first, and the
  // folder after it.
  bool durable = true;

  std::chrono::milliseconds stop_grace{5000};  // a reader that takes nothing for so long after a
                                               // stop has been asked for is left
  std::chrono::milliseconds retry_first{10};   // between two attempts, doubled up to the next
  std::chrono::milliseconds retry_most{1000};
  std::chrono::milliseconds look_interval{250};      // between two looks at where the path leads
  std::chrono::milliseconds reopen_delay{1000};      // after a new file could not be made
  std::chrono::milliseconds notice_interval{60000};  // between two sentences about one trouble
};

// Plain data, of one moment.
struct OutputTally {
  uint64_t bytes_written = 0;    // of whole records
  uint64_t write_errors = 0;     // attempts that failed
  uint64_t dropped_records = 0;  // OnError::kDrop
  uint64_t dropped_bytes = 0;
  bool paused = false;
  double paused_seconds = 0;  // the current pause included
  uint64_t rotations = 0;     // files that got a number by us
  uint64_t reopenings = 0;    // new files begun, after our rotation or somebody else's
};

}  // namespace parshall::sinks
