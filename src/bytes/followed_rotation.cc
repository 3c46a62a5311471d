// How a followed file is left for the next one under its path: what of FollowedFile looks at names.
#include <algorithm>
#include <cerrno>

#include "bytes/followed_file.h"
#include "bytes/open_writers.h"
#include "bytes/read_copies.h"
#include "bytes/rotated_siblings.h"

namespace parshall::bytes {
namespace {

// A deleted file with no new one under its path, of which it is not known whether it has a writer:
// after this long in silence it is let go, so that its room on the disk can be used again.
constexpr int64_t kDeletedWaitMs = 5000;

// While a rotated-away file cannot be left yet, whether it can is asked about this often.
constexpr int64_t kAskAgainMs = 20;

}  // namespace

void FollowedFile::Recheck(int64_t now_ms) {
  if (ended_) return;
  LookAtPath(now_ms);
  if (pending_) due_ms_ = std::min(due_ms_, now_ms + kPendingMs);
}

void FollowedFile::LookAtPath(int64_t now_ms) {
  pending_ = false;
  FileStat at_path;
  const int error = StatPath(name(), &at_path);
  if (error != 0 && error != ENOENT) Report("cannot be found: " + ErrnoText(error));
  if (error == 0) Discover(at_path);
  if (!current_.held) {
    if (error != ENOENT) {
      gone_since_ = kNever;
    } else if (gone_since_ == kNever) {
      gone_since_ = now_ms;
    }
    return;
  }

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
    // A file that has shrunk is still known by what it was: that tells what was lost. (Asked behind
    // the look: what stands now stood then.)
    if (at_path.size > current_.stood && Stands()) current_.stood = at_path.size;
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
  JudgedFile judged = OpenJudged(name(), this, following_, &trouble);
  pending_ = judged.copy == CopyOf::kPending;
  FileInHand& opened = judged.file;
  if (!opened.held) {
    if (!trouble.empty()) Report(trouble);
    return;
  }
  reported_.clear();
  if (current_.held) {
    TakeMissed();
    if (opened.fd.get() >= following_.descriptors_max) opened.fd.Reset();
    successors_.push_back(std::move(opened));
  } else {
    Begin(std::move(opened));
  }
}

// Two rotations between two looks leave a file that never stood under the path when it was looked
// at. It stands under a rotated name, newer than what is read. However many have come: what is left
// out here is older than what is taken next, and would never be looked for again.
void FollowedFile::TakeMissed() {
  FileInHand& newest = successors_.empty() ? current_ : successors_.back();
  newest.Look();
  FilePosition left = newest.Position(name(), file_, false);
  if (newest.gzip != nullptr) left.identity.birth_ns = 0;  // when it was compressed
  for (FileInHand& file : TakeNewer(name(), newest.identity, left, this, following_)) {
    successors_.push_back(std::move(file));
  }
}

// The current file was renamed away or deleted.
void FollowedFile::WaitForSilence(int64_t now_ms) {
  due_ms_ = kNever;
  if (!OpenCurrent()) {
    ready_ = gone_;
    return;
  }
  if (current_.gzip != nullptr || current_.copy) {
    ready_ = true;
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
  // Whoever wrote to it has closed it, and opens what stands under the path now: nothing to wait
  // for. (What was written before that is still read: the file ends only when a read finds
  // nothing.)
  const bool closed =
      !successors_.empty() && FindOpenWriters(current_.fd.get()) == OpenWriters::kNone;
  if (closed) {
    last_seen_ = true;
    ready_ = true;
  } else if (silent_ms < following_.rotate_wait_ms) {
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
  const bool begun = successors_.front().size > 0 || successors_.front().gzip != nullptr;
  return begun || successors_.size() > 1 || silent_ms >= following_.writer_wait_ms;
}

}  // namespace parshall::bytes
