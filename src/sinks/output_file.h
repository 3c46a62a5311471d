#pragma once
// One regular file of records: opened to be appended to, known by its identity rather than by its
// path, synced, and given a number when the next one takes its place.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "bytes/identity.h"

namespace parshall::sinks {

// Any thread may call Sync() and StartWriting(); all else belongs to the one that writes.
class OutputFile {
 public:
  using Clock = std::chrono::steady_clock;

  // Of what was just opened with O_APPEND and is regular.
  OutputFile(Fd fd, const bytes::FileStat& stat, std::string path);

  // Opens `path`, making it if it is not there: like `before` in mode and owner, as far as we may.
  static Result<std::shared_ptr<OutputFile>> OpenLike(const OutputFile& before, bool durable);

  const bytes::FileIdentity& identity() const { return identity_; }
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  // Since the file was made, where the file system knows; else since it was opened. A step of the
  // clock while the program runs does not change it.
  std::chrono::nanoseconds Age(Clock::time_point now) const { return now - born_; }
  // Bytes in it now, whoever wrote or cut them.
  uint64_t Size() const;
  // Whether its last byte is no newline: the next record needs one before it.
  bool EndsTorn() const;
  // Whether `path` leads here. True if nobody can say.
  bool StandsAtPath(uint64_t* size) const;
  bool Deleted() const;
  // Returns 0 or the errno.
  int Truncate(uint64_t size) const;

  // fdatasync(2). Once it has failed it fails for this file for good, since the kernel forgets what
  // it could not write; unless nothing of ours is in it yet.
  Status Sync(bool written = true);
  // Before `size` bytes are appended: once much was, has the file system keep room for more behind
  // the end, in one piece. That spares it the search for each page, and a Sync() some of its wait.
  // The length stays what was written. Promises nothing.
  void MakeRoom(uint64_t size);
  // Gives back what is kept of it. Only where the file ends at `length`, as far as is known.
  void GiveRoomBack(uint64_t length);
  // Has the kernel begin to bring to the disk what it keeps in memory, so that Sync() finds little
  // left to wait for. Promises nothing.
  void StartWriting() const;

 private:
  const Fd fd_;
  const bytes::FileIdentity identity_;
  const std::string path_;
  Clock::time_point born_;
  std::atomic<int> sync_error_{0};
  uint64_t appended_ = 0;
  uint64_t room_end_ = 0;   // room is kept up to here; 0: none is
  bool keeps_room_ = true;  // until the file system says no
};

// FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on as far as there are any; the one beyond
// FILE.keep is deleted. A symbolic link stays, and what it leads to is renamed.
Status RotateNames(const std::string& path, uint32_t keep);

// fsync(2) of the folder that a path stands in, so that names survive a power cut.
Status SyncFolderOf(const std::string& path);

// "a/b" → "a", "b" → ".", "/b" → "/".
std::string FolderOf(const std::string& path);
// Where symbolic links lead; the path itself if nobody can say.
std::string RealPath(const std::string& path);

}  // namespace parshall::sinks
