#pragma once
// The descriptor that records are written to, and writing to it: whole texts, whatever write(2)
// does with them, and never caught inside of write(2) once a stop has been asked for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fd.h"
#include "sinks/stop_switch.h"

namespace parshall::sinks {

// How far a text was written.
struct Written {
  size_t size = 0;  // bytes
  int error = 0;    // errno; 0: all of it
};
// The error of a write that was given up because of a stop: no errno of write(2).
inline constexpr int kGivenUp = -1;

// One thread.
class WriteEnd {
 public:
  // For a descriptor that is shared with others (standard output): its flags are not ours to
  // change. A pipe or terminal is opened a second time, so that only our own writes do not block;
  // where that is refused (the pipe of another user), writes are small pieces, each after poll().
  static WriteEnd Shared(int fd);
  // For what was just opened by us.
  static WriteEnd Owned(Fd fd);

  // One write(2) if the kernel takes it all. Waits while a pipe is full; from a stop on only as
  // long as the reader takes something within `grace`.
  Written WriteAll(std::string_view text, const StopSwitch& stop,
                   std::chrono::milliseconds grace) const;

 private:
  enum class Method : uint8_t {
    kWrite,   // does not block for long, or says EAGAIN
    kSend,    // a socket: as kWrite, by MSG_DONTWAIT
    kPieces,  // may block: poll() first, then no more than a pipe with room surely takes
  };
  WriteEnd(Fd owned, int fd, Method method) : owned_(std::move(owned)), fd_(fd), method_(method) {}

  Fd owned_;  // may be empty
  int fd_;
  Method method_;
};

// The same for a regular file.
Written WriteAllToFile(int fd, std::string_view text);

}  // namespace parshall::sinks
