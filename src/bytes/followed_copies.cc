// What a followed file does when it lost what was read of it (copytruncate): what of FollowedFile
// looks at copies and holes.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "bytes/fingerprint.h"
#include "bytes/followed_file.h"
#include "bytes/read_copies.h"
#include "bytes/rotated_siblings.h"

namespace parshall::bytes {
namespace {

// A copy that has not been written for so long is finished.
constexpr int64_t kCopySettledNs = 2'000'000'000;
// Where a file system keeps no births: copies that are found so long after a truncation were not
// made before it.
constexpr int64_t kTruncatedOldNs = 10'000'000'000;

bool Fresh(const FileStat& stat) { return std::abs(WallNs() - stat.modified_ns) < kCopySettledNs; }

// Both open files, as long as they may be by now, begin with the same bytes behind their holes.
bool BeginAlike(int one, int other, uint64_t size) {
  const uint64_t begin = FindBeginning(one, size);
  if (begin == size) return false;
  const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(size - begin, Trace::kHeadBytes));
  uint64_t hash_one = 0;
  uint64_t hash_other = 0;
  char before = '\0';
  return HashAt(one, begin, bytes, &hash_one) && HashAt(other, begin, bytes, &hash_other) &&
         hash_one == hash_other &&
         (begin == 0 ||
          (ReadSomeAt(other, &before, 1, static_cast<off_t>(begin - 1)) == 1 && before == '\0'));
}

}  // namespace

// When the file was copied before, the copy has what was not read yet: it is gone on with there, as
// the same `file`.
ReadResult FollowedFile::BeginAgain(ReadResult result) {
  FollowCounts::Add(counts_.truncations, 1);
  const uint64_t size_before = std::max(current_.stood, current_.offset());
  FileInHand copy;
  if (current_.trace.begun()) {
    copy = FindCopy(name(), current_.Position(name(), file_, true), false, this, following_);
    truncated_.push_front({current_.trace, {}, WallNs()});
    if (truncated_.size() > kTruncatedMax) truncated_.pop_back();
  }
  const int64_t begun_ns = begun_ns_;
  // Of what nothing was read yet, the beginning may be a hole, where nothing was lost.
  const bool hole = !current_.trace.begun() && current_.lost_from != FileInHand::kNothingBefore;
  const uint64_t unread =
      hole ? std::max(current_.offset(), current_.lost_from) : current_.offset();
  const uint64_t saved = copy.held ? copy.size : SavedInCopies(unread, size_before, begun_ns);
  if (size_before > saved) FollowCounts::Add(counts_.bytes_lost, size_before - saved);
  RememberCopies();
  const bool goes_on = copy.held && copy.size > copy.offset();
  if (copy.held && !goes_on) following_.ledger.Release(copy.Position(name(), file_, false));
  current_.BeginAgain();
  current_.lost_from = std::max(size_before, saved);
  current_.lost_since_ns = begun_ns;
  current_.Look();
  BreakSilence();
  begun_ns_ = WallNs();
  ready_ = true;
  if (goes_on) {
    following_.watcher.UnwatchFile(std::exchange(watch_, -1));
    successors_.push_front(std::move(current_));
    Begin(std::move(copy));
    return result;
  }
  Publish();
  result.status = ReadStatus::kFileEnded;
  ++file_;
  return result;
}

void FollowedFile::WasTruncated(const FilePosition& left) {
  truncated_.push_front({{}, left, WallNs()});
}

// How far copies that are not read as this source's own may reach into [begin, end) of what was
// begun to be read at `since_ns`: what is in them is no proven loss. (Not when the bytes were
// written: what is known of that may be of the time behind the truncation.)
uint64_t FollowedFile::SavedInCopies(uint64_t begin, uint64_t end, int64_t since_ns) const {
  uint64_t saved = begin;
  for (const RotatedSibling& sibling : RotatedSiblings(name(), following_.names)) {
    const bool finished = following_.ledger.Finished(sibling.stat);
    if (sibling.gzip || finished || sibling.stat.modified_ns < since_ns - kTruncatedOldNs) continue;
    saved = std::max(saved, std::min(end, sibling.stat.size));
  }
  return saved;
}

// Under a glob the copies would be found and read as files of their own. One that was made before
// the last bytes were read is shorter than what was read.
void FollowedFile::RememberCopies() {
  for (const RotatedSibling& sibling : RotatedSiblings(name(), following_.names)) {
    if (sibling.gzip || sibling.stat.size == 0 ||
        following_.ledger.claimed(sibling.stat.identity) ||
        following_.ledger.Finished(sibling.stat)) {
      continue;
    }
    const Fd fd = OpenForReading(sibling.path);
    FileStat stat;
    if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.type != FileType::kRegular) continue;
    if (!following_.ledger.claimed(stat.identity)) JudgeCopy(sibling.path, fd.get(), stat);
  }
}

CopyOf FollowedFile::JudgeCopy(const std::string& path, int fd, const FileStat& stat) {
  if (ended_) return CopyOf::kNothing;
  if (stat.size > 0 && following_.ledger.Finished(stat)) return CopyOf::kRead;
  // cp has made it, and writes what is in it in a moment: nothing can be told yet.
  CopyOf judged = CopyOf::kNothing;
  if (Fresh(stat) && FindBeginning(fd, stat.size) == stat.size) judged = CopyOf::kPending;
  if (stat.size == 0) return judged;
  const auto weigh = [&](Likeness likeness) {
    if (likeness == Likeness::kUnknown && Fresh(stat)) judged = CopyOf::kPending;
    return likeness == Likeness::kSame;
  };
  if (current_.held && current_.gzip == nullptr && current_.trace.begun() &&
      weigh(current_.trace.Compare(fd, stat.size))) {
    const CopyOf read = Judge(current_.trace, true, path, fd, stat);
    if (read != CopyOf::kNothing) return read;
  }
  for (const Truncated& before : truncated_) {
    const int64_t made_ns = stat.identity.birth_ns;
    // Not a copy of what was gone by then.
    if (made_ns > before.noticed_ns) continue;
    if (made_ns == 0 && WallNs() > before.noticed_ns + kTruncatedOldNs) continue;
    if (before.left.offset > 0) {
      if (!weigh(Compare(fd, stat.size, before.left))) continue;
    } else if (!weigh(before.trace.Compare(fd, stat.size))) {
      continue;
    }
    Trace read = before.trace;
    if (before.left.offset > 0 && !read.Load(fd, std::min(stat.size, before.left.offset))) continue;
    return Judge(read, false, path, fd, stat);
  }
  if (BeginsLikeUnread(fd, stat)) return CopyOf::kPending;
  // Asked last: if what was read stands now, there was no truncation that nobody has noticed yet,
  // and this is no copy of what came behind it.
  return Stands() ? judged : CopyOf::kPending;
}

// What was read of the current file is in it still.
bool FollowedFile::Stands() const {
  if (!current_.held || current_.gzip != nullptr || current_.copy) return true;
  if (current_.fd.valid()) return current_.trace.FitsIn(current_.fd.get());
  const Fd fd = OpenForReading(current_.path);
  FileStat stat;
  if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.identity != current_.identity)
    return true;
  return current_.trace.FitsIn(fd.get());
}

// The file looks like what was read, as far as both go.
CopyOf FollowedFile::Judge(const Trace& read, bool current, const std::string& path, int fd,
                           const FileStat& stat) {
  const uint64_t both = std::min(stat.size, read.end());
  if (current && stat.size > both) {
    // The rest is read where it was written; or here, when a truncation has taken it away there.
    FileStat now;
    const bool behind = StatPath(current_.path, &now) == 0 && now.identity == current_.identity &&
                        now.size > current_.offset();
    if (behind || Fresh(stat)) return CopyOf::kPending;
  } else if (current && current_.fd.valid()) {
    // While the original stands, the end of the copy must be in it too.
    uint64_t here = 0;
    uint64_t there = 0;
    const auto tail = static_cast<uint32_t>(std::min<uint64_t>(both, Trace::kTailBytes));
    const bool differ = HashAt(fd, both - tail, tail, &there) &&
                        HashAt(current_.fd.get(), both - tail, tail, &here) && here != there;
    // Asked last: it may be truncated at any moment.
    if (differ && read.FitsIn(current_.fd.get())) return CopyOf::kNothing;
  }
  // It may have been gone on with already, and be read further than its original was.
  const FilePosition* const known = following_.ledger.Find(stat.identity);
  if (known != nullptr && known->offset >= both && bytes::Fits(fd, *known)) {
    return known->offset == stat.size ? CopyOf::kRead : CopyOf::kNothing;
  }
  FileInHand copy;
  if (!copy.trace.Load(fd, both)) return CopyOf::kPending;  // shrinking under our eyes
  copy.identity = stat.identity;
  copy.path = path;
  copy.modified_ns = stat.modified_ns;
  following_.ledger.Remember(copy.Position(name(), file_, false));
  return both == stat.size ? CopyOf::kRead : CopyOf::kNothing;
}

// A copy of what was not read yet (in this run), and stands under the path still: it is read there,
// unless it is truncated before. Then the copy looks like nothing any more.
bool FollowedFile::BeginsLikeUnread(int fd, const FileStat& stat) const {
  const auto like = [&](const FileInHand& file) {
    if (!file.fd.valid() || file.gzip != nullptr) return false;
    if (file.in_hole()) return BeginAlike(fd, file.fd.get(), stat.size);
    return &file != &current_ && file.trace.Compare(fd, stat.size) == Likeness::kSame;
  };
  return (current_.held && like(current_)) || std::ranges::any_of(successors_, like);
}

// The current file may begin with a hole: a writer without O_APPEND writes on where it was before a
// truncation. Moves the rest to the front and returns its size.
size_t FollowedFile::SkipNuls(char* data, size_t size) {
  size_t nuls = 0;
  while (nuls < size && data[nuls] == '\0') ++nuls;
  uint64_t skipped = nuls;
  if (nuls == size) {
    // The file system knows where the hole ends; as a rule it has no blocks there.
    const auto at = static_cast<off_t>(current_.offset());
    const off_t end = current_.fd.valid() ? ::lseek(current_.fd.get(), at, SEEK_DATA) : at;
    if (end > at) {
      if (current_.trace.Load(current_.fd.get(), static_cast<uint64_t>(end))) {
        skipped += static_cast<uint64_t>(end - at);
      }
    }
  } else if (nuls > 0 || current_.lost_from != FileInHand::kNothingBefore) {
    const uint64_t hole_end = current_.offset() - (size - nuls);
    // Up to the end of the hole the writer had written before the truncation.
    if (hole_end > current_.lost_from) {
      const uint64_t saved = SavedInCopies(current_.lost_from, hole_end, current_.lost_since_ns);
      FollowCounts::Add(counts_.bytes_lost, hole_end - saved);
    }
    current_.lost_from = FileInHand::kNothingBefore;
    std::memmove(data, data + nuls, size - nuls);
  }
  FollowCounts::Add(counts_.nul_bytes_skipped, skipped);
  return size - nuls;
}

}  // namespace parshall::bytes
