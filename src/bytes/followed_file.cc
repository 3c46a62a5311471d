#include "bytes/followed_file.h"

#include <algorithm>
#include <cerrno>

#include "bytes/open_writers.h"

namespace parshall::bytes {
namespace {

// A deleted file with no new one under its path, of which it is not known whether it has a writer:
// after this long in silence it is let go, so that its room on the disk can be used again.
constexpr int64_t kDeletedWaitMs = 5000;

// While a rotated-away file cannot be left yet, whether it can is asked about this often.
constexpr int64_t kAskAgainMs = 20;

}  // namespace

OpenedFile OpenFollowed(const std::string& path, const void* owner, FileLedger& ledger,
                        std::string* trouble) {
  trouble->clear();
  OpenedFile opened;
  Fd fd = OpenForReading(path);
  if (!fd.valid()) {
    // Not there (yet, or any more) is what following is for.
    if (errno != ENOENT) *trouble = "cannot be opened: " + ErrnoText(errno);
    return opened;
  }
  FileStat stat;
  if (const int error = StatFd(fd.get(), &stat); error != 0) {
    *trouble = "cannot be opened: " + ErrnoText(error);
    return opened;
  }
  if (stat.type != FileType::kRegular) {
    *trouble = std::string("is ") + FileTypeText(stat.type) + ", not a regular file";
    return opened;
  }
  const uint64_t offset = ledger.ResumeAt(stat.identity, stat.size);
  if (!ledger.Claim(stat.identity, owner)) return opened;
  opened.fd = std::move(fd);
  opened.identity = stat.identity;
  opened.offset = offset;
  return opened;
}

FollowedFile::FollowedFile(std::string path, uint32_t index, Following& following)
    : Member(std::move(path), index), following_(following) {}

FollowedFile::~FollowedFile() = default;

void FollowedFile::Begin(OpenedFile first) {
  current_ = std::move(first);
  watch_ = following_.watcher.WatchFile(current_.fd.get(), this);
  last_seen_ = false;
  silent_since_ = kNever;
  due_ms_ = kNever;
  ready_ = true;
}

ReadResult FollowedFile::Read(char* data, size_t size) {
  ReadResult result{.offset = current_.offset, .file = file_, .error = {}};
  if (ended_) return End(result);
  if (!current_.fd.valid()) {
    ready_ = false;
    return result;
  }
  for (;;) {
    const ssize_t n =
        ReadSomeAt(current_.fd.get(), data, size, static_cast<off_t>(current_.offset));
    if (n > 0) {
      result.status = ReadStatus::kBytes;
      result.size = static_cast<size_t>(n);
      current_.offset += result.size;
      BreakSilence();
      reported_.clear();
      return result;
    }
    if (n < 0) {
      // A disk error may pass, and the offset is still right: tried again at the next look. A file
      // that the server of a network file system has forgotten never comes back.
      const int error = errno;
      Report("cannot be read: " + ErrnoText(error));
      if (error == ESTALE || !successors_.empty()) break;
      ready_ = false;
      return result;
    }
    switch (LookAtEnd()) {
      case AtEnd::kGrew:
        continue;
      case AtEnd::kSame:
        if (last_seen_) break;
        ready_ = false;
        return result;
      case AtEnd::kShrank:
        result.status = ReadStatus::kFileEnded;
        current_.offset = 0;
        ++file_;
        BreakSilence();
        ready_ = true;
        return result;
      case AtEnd::kSizeless:
        LeaveCurrent();
        return FailWith(result, "does not say its size and so cannot be followed");
    }
    break;
  }
  LeaveCurrent();
  result.status = ReadStatus::kFileEnded;
  ++file_;
  ready_ = false;
  if (!successors_.empty()) {
    OpenedFile next = std::move(successors_.front());
    successors_.pop_front();
    Begin(std::move(next));
  }
  due_ms_ = 0;  // there may be a newer file already: looked for at once
  return result;
}

// The file gave something after all. If it was rotated away, the wait begins again.
void FollowedFile::BreakSilence() {
  if (silent_since_ != kNever) due_ms_ = 0;
  silent_since_ = kNever;
  last_seen_ = false;
}

// There is nothing to read at the offset: why?
FollowedFile::AtEnd FollowedFile::LookAtEnd() {
  FileStat stat;
  if (StatFd(current_.fd.get(), &stat) != 0) return AtEnd::kSame;
  if (stat.size == current_.offset) return AtEnd::kSame;
  if (stat.size > current_.offset) {
    // Grew between read and stat; except that some files claim more bytes than they give.
    char byte;
    return ReadSomeAt(current_.fd.get(), &byte, 1, static_cast<off_t>(current_.offset)) > 0
               ? AtEnd::kGrew
               : AtEnd::kSame;
  }
  if (stat.size > 0) return AtEnd::kShrank;
  // Files of /proc and /sys say 0 and give bytes all the same: they would be read in a circle.
  char byte;
  const bool gives = ReadSomeAt(current_.fd.get(), &byte, 1, 0) > 0;
  const bool sizeless = gives && StatFd(current_.fd.get(), &stat) == 0 && stat.size == 0;
  return sizeless ? AtEnd::kSizeless : AtEnd::kShrank;
}

void FollowedFile::LeaveCurrent() {
  following_.watcher.UnwatchFile(watch_);
  following_.ledger.Release(current_.identity, current_.offset);
  watch_ = -1;
  current_ = OpenedFile();
  silent_since_ = kNever;
  due_ms_ = kNever;
}

void FollowedFile::Recheck(int64_t now_ms) {
  if (ended_) return;
  FileStat at_path;
  const int error = StatPath(name(), &at_path);
  if (error != 0 && error != ENOENT) Report("cannot be found: " + ErrnoText(error));
  if (error == 0) Discover(at_path);
  if (!current_.fd.valid()) return;

  const bool in_place = error == 0 && at_path.identity == current_.identity && successors_.empty();
  if (!in_place) {
    WaitForSilence(now_ms);
    return;
  }
  silent_since_ = kNever;
  due_ms_ = kNever;
  last_seen_ = false;
  if (at_path.size != current_.offset) ready_ = true;
}

// Opens what stands under the path when it is neither the current file nor one already waiting. It
// is opened now, not when its turn comes: by then it may have been renamed away too.
void FollowedFile::Discover(const FileStat& at_path) {
  if (current_.fd.valid() && at_path.identity == current_.identity) return;
  // Read by another source, or waiting here: a rotation made this path the name of a known file.
  if (following_.ledger.claimed(at_path.identity)) return;
  if (successors_.size() >= kSuccessorsMax) return;
  if (at_path.type != FileType::kRegular) {
    // Not even opened: that alone would let the writer of a FIFO go on.
    Report(std::string("is ") + FileTypeText(at_path.type) + " now");
    return;
  }
  std::string trouble;
  OpenedFile opened = OpenFollowed(name(), this, following_.ledger, &trouble);
  if (!opened.fd.valid()) {
    if (!trouble.empty()) Report(trouble);
    return;
  }
  reported_.clear();
  if (current_.fd.valid()) {
    successors_.push_back(std::move(opened));
  } else {
    Begin(std::move(opened));
  }
}

// The current file was renamed away or deleted.
void FollowedFile::WaitForSilence(int64_t now_ms) {
  due_ms_ = kNever;
  FileStat ours;
  const bool known = StatFd(current_.fd.get(), &ours) == 0;
  if (known && ours.size != current_.offset) {
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

void FollowedFile::Report(const std::string& trouble) {
  if (trouble == reported_) return;
  reported_ = trouble;
  following_.notices.Add(name() + ": " + trouble + "; it is tried again");
}

}  // namespace parshall::bytes
