#pragma once
// All sources of a run: opens what the operator named, finds files that appear later under a glob,
// waits (inotify, poll) until one of them has something to read, and says which.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bytes/position.h"
#include "bytes/source.h"

namespace parshall::bytes {

enum class Ready : uint8_t {
  kSource,   // `source` has bytes, has ended or has failed: Read() it
  kIdle,     // nothing happened for timeout_ms
  kEnded,    // every source has ended and no new one can appear
  kStopped,  // Stop() was called
  kWoken,
};

struct SetOptions {
  // Without inotify everything works by looking every 250 ms.
  bool inotify = true;
  // A writer goes on for a while in a file that was renamed under it (gunicorn until it gets
  // SIGUSR1). So the old file is left for the new one only after it has been silent for this long,
  // and only when no process has it open for writing any more (where that cannot be known: when the
  // new one has bytes).
  int rotate_wait_ms = 200;
  // A writer that keeps the old file open and says nothing holds the new file up for this long.
  int writer_wait_ms = 10'000;
};

// One thread at a time may call Next(), TakeNotices() and Source::Read(); any thread may call
// Stop(). Owns the sources; a Source* stays valid as long as the set.
class SourceSet {
 public:
  // Fails when a path that must exist (once) does not, or cannot be read: what and where, before
  // anything is read.
  static Result<std::unique_ptr<SourceSet>> Open(std::vector<SourceSpec> specs,
                                                 SetOptions options = {});
  virtual ~SourceSet() = default;

  // Files read once are read one after the other, in the order they were named; everything else
  // takes turns. A source that said kBytes is worth another Read() at once, until it says kNothing.
  // Waits at most timeout_ms (-1: for ever) for a source that is worth a Read(). Fair: goes round.
  virtual Ready Next(int timeout_ms, Source** source) = 0;
  // Makes every Next(), now and later, return kStopped.
  virtual void Stop() = 0;
  virtual void Wake() {}
  virtual std::vector<FilePosition> Positions() const { return {}; }

  // Troubles that ended nothing, said once each: a followed file that cannot be read now (it is
  // tried again), a file that is passed over. Sentences for the log.
  virtual std::vector<std::string> TakeNotices() = 0;
};

}  // namespace parshall::bytes
