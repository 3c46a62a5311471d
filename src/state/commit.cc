#include "state/commit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "state/encode.h"

// The steps, and what a crash after each leaves. N is the generation before, in `snapshot`; N-1 is
// in `snapshot.previous`.
//
//   1  write all of N+1 to a temporary      snapshot N    previous N-1
//   2  fdatasync it                         snapshot N    previous N-1
//   3  rename snapshot → snapshot.previous  snapshot -    previous N
//   4  rename temporary → snapshot          snapshot N+1  previous N
//   5  fsync the directory                  the same, now also after a power cut
//
// At every instant one of the two names holds a whole, synced generation: N until 4, N+1 from there
// on. Until 5 the disk may know none, one or both of the renames, in any order (a journal keeps
// them in order, but not every file system has one):
//   neither: N, N-1    only 3: -, N    only 4: N+1, N-1    both: N+1, N
// and each has a whole generation that is N or N+1, since 3 only ever moves a synced file and 4
// only comes after 2.
//
// Why not a hard link for the previous one, so that `snapshot` is never missing: a crash leaves a
// file with two names, which is what we refuse of others, rename() between two names of one file
// does nothing, and some file systems have no links. Why not exchange the two: not every file
// system can, and then it has to be done this way.
//
// Step 3 destroys N-1. So it must only move what is known to be whole: the file that this run
// loaded or wrote. Anything else under the name (torn, foreign, a link) is moved to
// `snapshot.refused` instead, while `previous`, which was recovered from, stays.
//
// An fsync that failed is not repeated: the kernel has already forgotten which pages were not
// written, and would say yes. The file is given up, and the next commit writes all of it anew.

namespace parshall::state {
namespace {

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (written == 0) {
      return Fail("a write of the snapshot wrote nothing");
    } else if (errno != EINTR) {
      return Fail(fmt::format("cannot write the snapshot: {}", ErrnoText(errno)));
    }
  }
  return Ok();
}

}  // namespace

Committer::Committer(StateDir& dir, const Recovered& recovered)
    : dir_(dir),
      generation_(recovered.snapshot ? recovered.snapshot->generation : 0),
      snapshot_is_current_(recovered.snapshot_is_current) {}

Status Committer::Commit(Snapshot& snapshot) {
  const auto began = std::chrono::steady_clock::now();
  snapshot.generation = ++generation_;
  Status status = Replace(snapshot);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  tally_.last_duration_seconds = took.count();
  if (!status) {
    ++tally_.failures;
    tally_.last_error = status.error().ToString();
    return status;
  }
  ++tally_.commits;
  tally_.bytes += bytes_.size();
  tally_.last_bytes = bytes_.size();
  tally_.last_success_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  tally_.last_error.clear();
  return status;
}

Status Committer::Replace(const Snapshot& snapshot) {
  bytes_.clear();
  if (Status status = Encode(snapshot, bytes_); !status) return status;
  if (Status status = dir_.KeepLock(); !status) return status;
  std::string temporary;
  Status status = WriteTemporary(&temporary);
  if (status) status = PutInPlace(temporary);
  if (!status && !temporary.empty()) dir_.Remove(temporary);  // gone already if it came into place
  return status;
}

Status Committer::WriteTemporary(std::string* name) {
  Result<Fd> file = dir_.CreateTemporary(name);
  if (!file) {
    name->clear();
    return file.error();
  }
  const std::string path = dir_.PathOf(*name);
  if (Status status = WriteAll(file->get(), bytes_.view()); !status) {
    return Fail(status.error().what, path);
  }
  if (::fdatasync(file->get()) != 0) {
    return Fail(fmt::format("cannot bring the snapshot to the disk: {}", ErrnoText(errno)), path);
  }
  return Ok();
}

Status Committer::PutInPlace(const std::string& temporary) {
  if (dir_.Exists(kSnapshotName)) {
    const char* const to = snapshot_is_current_ ? kPreviousName : kRefusedName;
    if (Status status = dir_.Rename(kSnapshotName, to); !status) return status;
  }
  snapshot_is_current_ = false;  // until the next step there is none
  if (Status status = dir_.Rename(temporary, kSnapshotName); !status) return status;
  snapshot_is_current_ = true;
  return dir_.Sync();
}

}  // namespace parshall::state
