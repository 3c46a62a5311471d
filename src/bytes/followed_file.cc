#include "bytes/followed_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "bytes/open_writers.h"

namespace parshall::bytes {
namespace {

// A deleted file with no new one under its path, of which it is not known whether it has a writer:
// after this long in silence it is let go, so that its room on the disk can be used again.
constexpr int64_t kDeletedWaitMs = 5000;

// While a rotated-away file cannot be left yet, whether it can is asked about this often.
constexpr int64_t kAskAgainMs = 20;

// A file that could not be opened again (no descriptor is free) is tried again after this long.
constexpr int64_t kOpenAgainMs = 250;

int64_t WallNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

FollowedFile::FollowedFile(std::string path, uint32_t index, Following& following)
    : Member(std::move(path), index), following_(following) {}

FollowedFile::~FollowedFile() = default;

void FollowedFile::Begin(FileInHand first) {
  current_ = std::move(first);
  gone_ = false;
  last_seen_ = false;
  silent_since_ = kNever;
  due_ms_ = kNever;
  ready_ = true;
  Watch();
  Publish();
}

// A file in its place is told of by its directory's watch. One that was renamed away, or that is
// written through another name, needs a watch of its own.
void FollowedFile::Watch() {
  if (watch_ < 0 && current_.open()) {
    watch_ = following_.watcher.WatchFile(current_.fd.get(), this);
  }
}

ReadResult FollowedFile::Read(char* data, size_t size) {
  ReadResult result{.offset = current_.offset(), .file = file_, .error = {}};
  if (ended_) return End(result);
  if (!current_.held) {
    ready_ = false;
    return result;
  }
  if (!OpenCurrent()) return gone_ ? LeaveAndGoOn(std::move(result)) : result;
  for (;;) {
    switch (current_.Read(data, size, &result.size)) {
      case FileRead::kBytes:
        BreakSilence();
        reported_.clear();
        if (current_.skip_nuls) result.size = SkipNuls(data, result.size);
        counts_.offset.store(current_.offset(), std::memory_order_relaxed);
        if (result.size == 0) return result;  // all of it was a hole; still ready
        result.status = ReadStatus::kBytes;
        result.offset = current_.offset() - result.size;
        return result;
      case FileRead::kFailed: {
        // A disk error may pass, and the offset is still right: tried again at the next look. A
        // file that the server of a network file system has forgotten never comes back.
        const int error = errno;
        Report("cannot be read: " + ErrnoText(error));
        if (error == ESTALE || !successors_.empty()) return LeaveAndGoOn(std::move(result));
        ready_ = false;
        return result;
      }
      case FileRead::kReplaced:
        if (!Sizeless()) return BeginAgain(std::move(result));
        LeaveCurrent();
        return FailWith(result, "does not say its size and so cannot be followed");
      case FileRead::kNothing:
        break;
    }
    switch (LookAtEnd()) {
      case AtEnd::kGrew:
        continue;
      case AtEnd::kSame:
        if (last_seen_) return LeaveAndGoOn(std::move(result));
        Rest();
        return result;
      case AtEnd::kShrank:
        return BeginAgain(std::move(result));
      case AtEnd::kSizeless:
        LeaveCurrent();
        return FailWith(result, "does not say its size and so cannot be followed");
    }
  }
}

// The current file is read to its end.
void FollowedFile::Rest() {
  ready_ = false;
  counts_.size.store(current_.size, std::memory_order_relaxed);
  if (successors_.empty()) counts_.behind_since_ns.store(0, std::memory_order_relaxed);
  if (current_.fd.get() < following_.descriptors_max || !successors_.empty()) return;
  current_.fd.Reset();
}

bool FollowedFile::OpenCurrent() {
  if (current_.open()) return true;
  const int error = Reopen(&current_, name());
  if (error == 0) return true;
  ready_ = false;
  if (error == ENOENT) {
    gone_ = true;
  } else {
    Report("cannot be opened: " + ErrnoText(error));
    due_ms_ = SteadyMs() + kOpenAgainMs;
  }
  return false;
}

// The file lost what was read of it.
ReadResult FollowedFile::BeginAgain(ReadResult result) {
  FollowCounts::Add(counts_.truncations, 1);
  if (current_.size > current_.offset()) {
    FollowCounts::Add(counts_.bytes_lost, current_.size - current_.offset());
  }
  current_.BeginAgain();
  current_.Look();
  BreakSilence();
  Publish();
  result.status = ReadStatus::kFileEnded;
  ++file_;
  ready_ = true;
  return result;
}

// The current file has just been begun again and may begin with a hole: a writer without O_APPEND
// writes on where it was before the truncation. Moves the rest to the front and returns its size.
size_t FollowedFile::SkipNuls(char* data, size_t size) {
  size_t nuls = 0;
  while (nuls < size && data[nuls] == '\0') ++nuls;
  uint64_t skipped = nuls;
  if (nuls == size) {
    // The file system knows where the hole ends; as a rule it has no blocks there.
    const auto at = static_cast<off_t>(current_.offset());
    const off_t end = ::lseek(current_.fd.get(), at, SEEK_DATA);
    if (end > at) {
      if (current_.trace.Load(current_.fd.get(), static_cast<uint64_t>(end))) {
        skipped += static_cast<uint64_t>(end - at);
      }
    }
  } else {
    current_.skip_nuls = false;
    const uint64_t hole_end = current_.offset() - (size - nuls);
    // Up to the end of the hole the writer had written before the truncation.
    if (nuls > 0 && hole_end > current_.lost_from) {
      FollowCounts::Add(counts_.bytes_lost, hole_end - current_.lost_from);
    }
    std::memmove(data, data + nuls, size - nuls);
  }
  FollowCounts::Add(counts_.nul_bytes_skipped, skipped);
  return size - nuls;
}

ReadResult FollowedFile::LeaveAndGoOn(ReadResult result) {
  LeaveCurrent();
  result.status = ReadStatus::kFileEnded;
  ++file_;
  ready_ = false;
  if (!successors_.empty()) {
    FollowCounts::Add(counts_.rotations, 1);
    FileInHand next = std::move(successors_.front());
    successors_.pop_front();
    Begin(std::move(next));
  }
  Publish();
  due_ms_ = 0;  // there may be a newer file already: looked for at once
  return result;
}

// The file gave something after all. If it was rotated away, the wait begins again.
void FollowedFile::BreakSilence() {
  if (silent_since_ != kNever) due_ms_ = 0;
  silent_since_ = kNever;
  last_seen_ = false;
}

// Files of /proc and /sys say 0 and give bytes all the same: they would be read in a circle.
bool FollowedFile::Sizeless() const {
  FileStat stat;
  char byte;
  const int fd = current_.fd.get();
  return StatFd(fd, &stat) == 0 && stat.size == 0 && ReadSomeAt(fd, &byte, 1, 0) > 0 &&
         StatFd(fd, &stat) == 0 && stat.size == 0;
}

// There is nothing to read at the offset: why?
FollowedFile::AtEnd FollowedFile::LookAtEnd() {
  if (!current_.Look() || current_.size == current_.offset()) return AtEnd::kSame;
  if (current_.size > current_.offset()) {
    // Grew between read and stat; except that some files claim more bytes than they give.
    char byte;
    return ReadSomeAt(current_.fd.get(), &byte, 1, static_cast<off_t>(current_.offset())) > 0
               ? AtEnd::kGrew
               : AtEnd::kSame;
  }
  return Sizeless() ? AtEnd::kSizeless : AtEnd::kShrank;
}

void FollowedFile::LeaveCurrent() {
  following_.watcher.UnwatchFile(watch_);
  if (current_.open()) {
    current_.Look();
  }
  following_.ledger.Release(current_.Position(name(), file_, false));
  watch_ = -1;
  current_ = FileInHand();
  gone_ = false;
  silent_since_ = kNever;
  due_ms_ = kNever;
}

void FollowedFile::Recheck(int64_t now_ms) {
  if (ended_) return;
  FileStat at_path;
  const int error = StatPath(name(), &at_path);
  if (error != 0 && error != ENOENT) Report("cannot be found: " + ErrnoText(error));
  if (error == 0) Discover(at_path);
  if (!current_.held) return;

  const bool in_place = error == 0 && at_path.identity == current_.identity && successors_.empty();
  if (!in_place) {
    WaitForSilence(now_ms);
    Publish();
    return;
  }
  silent_since_ = kNever;
  due_ms_ = kNever;
  last_seen_ = false;
  if (at_path.size != current_.offset() || at_path.modified_ns != current_.modified_ns) {
    ready_ = true;
    // A file that has shrunk is still known by what it was: that tells what was lost.
    current_.size = std::max(current_.size, at_path.size);
    current_.modified_ns = at_path.modified_ns;
  }
  Publish();
}

// Opens what stands under the path when it is neither the current file nor one already waiting. It
// is opened now, not when its turn comes: by then it may have been renamed away too.
void FollowedFile::Discover(const FileStat& at_path) {
  if (current_.held && at_path.identity == current_.identity) return;
  // Read by another source, or waiting here: a rotation made this path the name of a known file.
  if (following_.ledger.claimed(at_path.identity)) return;
  if (successors_.size() >= kSuccessorsMax) return;
  if (at_path.type != FileType::kRegular) {
    // Not even opened: that alone would let the writer of a FIFO go on.
    Report(std::string("is ") + FileTypeText(at_path.type) + " now");
    return;
  }
  std::string trouble;
  FileInHand opened = OpenFollowed(name(), this, following_.ledger, &trouble);
  if (!opened.held) {
    if (!trouble.empty()) Report(trouble);
    return;
  }
  reported_.clear();
  if (current_.held) {
    successors_.push_back(std::move(opened));
  } else {
    Begin(std::move(opened));
  }
}

// The current file was renamed away or deleted.
void FollowedFile::WaitForSilence(int64_t now_ms) {
  due_ms_ = kNever;
  if (!OpenCurrent()) {
    ready_ = gone_;
    return;
  }
  Watch();
  FileStat ours;
  const bool known = StatFd(current_.fd.get(), &ours) == 0;
  if (known && ours.size != current_.offset()) {
    current_.size = std::max(current_.size, ours.size);
    silent_since_ = kNever;
    ready_ = true;
    // Once that is read, the silence begins; somebody has to look then.
    due_ms_ = now_ms + following_.rotate_wait_ms;
    return;
  }
  if (silent_since_ == kNever) silent_since_ = now_ms;
  const int64_t silent_ms = now_ms - silent_since_;
  if (silent_ms < following_.rotate_wait_ms) {
    due_ms_ = silent_since_ + following_.rotate_wait_ms;
  } else if (CanBeLeft(silent_ms, !known || ours.linked)) {
    last_seen_ = true;
    ready_ = true;
  } else if (!successors_.empty()) {
    due_ms_ = now_ms + std::max(following_.rotate_wait_ms, kAskAgainMs);
  }
}

// The current file was rotated away and has been silent for rotate_wait_ms at least.
bool FollowedFile::CanBeLeft(int64_t silent_ms, bool linked) const {
  // Renamed, and nothing new stands under the path: there is nowhere to go.
  if (successors_.empty() && linked) return false;
  switch (FindOpenWriters(current_.fd.get())) {
    case OpenWriters::kNone:
      return true;
    case OpenWriters::kSome:
      // A deleted file keeps its room on the disk while its writer holds it, whatever we do.
      return !successors_.empty() && silent_ms >= following_.writer_wait_ms;
    case OpenWriters::kUnknown:
      break;
  }
  if (successors_.empty()) return silent_ms >= kDeletedWaitMs;
  // Somebody writes to the new file: so the writers were told. While nobody does, waiting is free.
  FileStat next;
  const bool begun = StatFd(successors_.front().fd.get(), &next) == 0 && next.size > 0;
  return begun || successors_.size() > 1 || silent_ms >= following_.writer_wait_ms;
}

// The gauges, as of this look.
void FollowedFile::Publish() {
  uint64_t waiting = 0;
  for (FileInHand& next : successors_) {
    if (next.open()) next.Look();
    waiting += next.size - std::min(next.size, next.offset());
  }
  counts_.offset.store(current_.offset(), std::memory_order_relaxed);
  counts_.size.store(current_.held ? current_.size : 0, std::memory_order_relaxed);
  counts_.waiting.store(waiting, std::memory_order_relaxed);
  counts_.files_open.store((current_.held ? 1 : 0) + successors_.size(), std::memory_order_relaxed);
  const bool behind = waiting > 0 || (current_.held && current_.size > current_.offset());
  if (!behind) {
    counts_.behind_since_ns.store(0, std::memory_order_relaxed);
  } else if (counts_.behind_since_ns.load(std::memory_order_relaxed) == 0) {
    counts_.behind_since_ns.store(current_.modified_ns > 0 ? current_.modified_ns : WallNs(),
                                  std::memory_order_relaxed);
  }
}

void FollowedFile::AppendPositions(std::vector<FilePosition>* positions) const {
  if (current_.held) positions->push_back(current_.Position(name(), file_, true));
  for (const FileInHand& next : successors_) {
    if (next.offset() > 0) positions->push_back(next.Position(name(), 0, false));
  }
}

void FollowedFile::Report(const std::string& trouble) {
  if (trouble == reported_) return;
  reported_ = trouble;
  following_.notices.Add(name() + ": " + trouble + "; it is tried again");
}

}  // namespace parshall::bytes
