#include "bytes/followed_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bytes/path_pattern.h"
#include "bytes/read_copies.h"
#include "bytes/rotated_siblings.h"

namespace parshall::bytes {
namespace {

// A file that could not be opened again (no descriptor is free) is tried again after this long.
constexpr int64_t kOpenAgainMs = 250;

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
  gone_since_ = kNever;
  begun_ns_ = WallNs();
  ready_ = true;
  WatchIfNeeded();
  if (current_.fd.get() >= following_.descriptors_max) current_.fd.Reset();
  Publish();
}

// A file in its place is told of by its directory's watch. One that was renamed away, or is written
// by another name (a symbolic link's target, a hard link), needs a watch of its own.
void FollowedFile::Watch() {
  if (watch_ < 0 && current_.fd.valid()) {
    watch_ = following_.watcher.WatchFile(current_.fd.get(), this);
  }
  told_ = told_ || watch_ >= 0;
}

void FollowedFile::WatchIfNeeded() {
  told_ = following_.watcher.Tells(DirectoryPrefix(name()));
  FileStat stat;
  const bool alone = current_.fd.valid() && StatFd(current_.fd.get(), &stat) == 0 &&
                     stat.links == 1 && current_.path == name();
  if (!told_ || !alone || IsSymbolicLink(name())) Watch();
  // On a file system that does not tell, a watch only tells of what this machine writes.
  counts_.polled.store(polled(), std::memory_order_relaxed);
}

bool FollowedFile::polled() const {
  return !following_.watcher.Tells(DirectoryPrefix(name())) || !told_;
}

ReadResult FollowedFile::Read(char* data, size_t size) {
  ReadResult result{.offset = current_.offset(), .file = file_, .error = {}};
  if (ended_) return End(result);
  forgotten_ = forgotten_ && !current_.held;
  if (forgotten_) {
    result.gone = true;
    return End(result);
  }
  if (!current_.held) {
    ready_ = false;
    return result;
  }
  if (!OpenCurrent()) return gone_ ? LeaveAndGoOn(std::move(result)) : result;
  for (;;) {
    const bool in_hole = current_.in_hole();
    switch (current_.Read(data, size, &result.size)) {
      case FileRead::kBytes:
        BreakSilence();
        reported_.clear();
        if (in_hole) result.size = SkipNuls(data, result.size);
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
      case FileRead::kEnded:
        if (!current_.trouble.empty()) {
          following_.notices.Add(current_.path + ": " + current_.trouble);
        }
        return LeaveAndGoOn(std::move(result));
      case FileRead::kNothing:
        if (current_.gzip != nullptr) return result;  // on its way; still ready
        break;
    }
    switch (LookAtEnd()) {
      case AtEnd::kGrew:
        continue;
      case AtEnd::kSame:
        if (last_seen_ || current_.copy) return LeaveAndGoOn(std::move(result));
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
  int error = Reopen(&current_, name());
  if (error == ENOENT) {
    // Renamed while it was closed.
    const std::string moved = FindInFolder(name(), current_.identity, following_.names);
    if (!moved.empty()) error = Reopen(&current_, moved);
  }
  if (error == ENOENT) {
    // Or compressed.
    FileInHand packed =
        FindCopy(name(), current_.Position(name(), file_, true), true, this, following_);
    if (packed.held) {
      following_.ledger.Release(current_.Position(name(), file_, false));
      packed.copy = current_.copy;
      current_ = std::move(packed);
      return true;
    }
  }
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

ReadResult FollowedFile::LeaveAndGoOn(ReadResult result) {
  const bool was_copy = current_.copy;
  LeaveCurrent();
  result.status = ReadStatus::kFileEnded;
  ++file_;
  ready_ = false;
  if (!successors_.empty()) {
    if (!was_copy) FollowCounts::Add(counts_.rotations, 1);
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
  if (gone_ && current_.size > current_.offset()) {
    FollowCounts::Add(counts_.bytes_lost, current_.size - current_.offset());
  }
  current_.Look();
  following_.ledger.Release(current_.Position(name(), file_, false));
  watch_ = -1;
  current_ = FileInHand();
  gone_ = false;
  silent_since_ = kNever;
  due_ms_ = kNever;
}

// The gauges, as of this look.
void FollowedFile::Publish() {
  uint64_t waiting = 0;
  for (FileInHand& next : successors_) {
    if (next.open()) next.Look();
    waiting += next.size - std::min(next.size, next.offset());
  }
  counts_.device.store(current_.identity.device, std::memory_order_relaxed);
  counts_.inode.store(current_.held ? current_.identity.inode : 0, std::memory_order_relaxed);
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

void FollowedFile::Forget() {
  forgotten_ = true;
  ready_ = !ended_;
}

void FollowedFile::Append(std::deque<FileInHand> next) {
  for (FileInHand& file : next) successors_.push_back(std::move(file));
  Publish();
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
