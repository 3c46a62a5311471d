#pragma once
// All sources of a run: opens what the operator named, finds files that appear later under a glob,
// waits (inotify, poll) until one of them has something to read, and says which.

#include <atomic>

#include "bytes/source.h"

namespace parshall::bytes {

enum class Ready : uint8_t {
  kSource,   // `source` has bytes, has ended or has failed: Read() it
  kIdle,     // nothing happened for timeout_ms
  kEnded,    // every source has ended and no new one can appear
  kStopped,  // Stop() was called
};

// One thread at a time may call Next() and Source::Read(); any thread may call Stop().
// Owns the sources; a Source* stays valid as long as the set.
class SourceSet {
 public:
  // Fails when a path that must exist (once) does not, or cannot be read: what and where, before anything is read.
  static Result<std::unique_ptr<SourceSet>> Open(std::vector<SourceSpec> specs);
  virtual ~SourceSet() = default;

  // Waits at most timeout_ms (-1: for ever) for a source that is worth a Read(). Fair: goes round.
  virtual Ready Next(int timeout_ms, Source** source) = 0;
  virtual void Stop() = 0;
};

}  // namespace parshall::bytes
