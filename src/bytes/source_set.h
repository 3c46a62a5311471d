#pragma once
// All sources of a run: opens what the operator named, finds files that appear later under a glob,
// waits (inotify, poll) until one of them has something to read, and says which.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bytes/follow_tally.h"
#include "bytes/position.h"
#include "bytes/source.h"

namespace parshall::bytes {

enum class Ready : uint8_t {
  kSource,   // `source` has bytes, has ended or has failed: Read() it
  kIdle,     // nothing happened for timeout_ms
  kEnded,    // every source has ended and no new one can appear
  kStopped,  // Stop() was called
  kWoken,    // Wake() was called since the last kWoken; nothing was taken from any source
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
  // Idle files beyond these many are closed and opened again when they grow. 0: half of what the
  // process may open.
  size_t open_files_max = 0;
  // A file that a glob named is no source any more once its name is gone, it is deleted and read to
  // its end, and so much time has passed: names of rotated files come and go. Should the name come
  // back, it is a new source.
  int forget_ms = 10'000;
  // What an earlier run's Positions() said. A file that holds what its position says is gone on
  // with there, under whatever name it stands now; any other is read from its beginning.
  std::vector<FilePosition> resume = {};
};

// One thread at a time may call Next(), Positions(), TakeNotices() and Source::Read(); any thread
// may call Stop(), Wake(), Tallies() and Watched(). Owns the sources; a Source* stays valid until
// it has ended and Next() is called again.
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
  // Makes the Next() that waits now, or else the coming one, return kWoken, once.
  virtual void Wake() = 0;

  // How far every file was read whose position must outlive this run: what each source reads now
  // (current), and files that were read to their end and still stand where they would be found
  // again. A file that is not here is read from its beginning. To be called between two Next();
  // bytes that Read() has handed out count as read.
  virtual std::vector<FilePosition> Positions() const = 0;

  // What the source of each followed file, by name, went through; of files that were forgotten,
  // too, until TakeForgotten() hands their tallies over. Any thread.
  virtual std::vector<std::pair<std::string, FollowTally>> Tallies() const = 0;
  virtual std::vector<std::pair<std::string, FollowTally>> TakeForgotten() = 0;
  virtual WatchTally Watched() const = 0;

  // Troubles that ended nothing, said once each: a followed file that cannot be read now (it is
  // tried again), a file that is passed over. Sentences for the log.
  virtual std::vector<std::string> TakeNotices() = 0;
};

}  // namespace parshall::bytes
