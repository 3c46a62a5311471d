#include "bytes/read_copies.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "bytes/fingerprint.h"
#include "bytes/path_pattern.h"

namespace parshall::bytes {
namespace {

// Files that wait are kept open, up to this number: they may be compressed, and so deleted, before
// their turn comes.
constexpr size_t kOpenMax = 64;
// Rotations that may come between two system calls.
constexpr int kLooksMax = 8;

// Unpacks the file up to where the position ends, and compares.
bool GzipFits(const std::string& path, const FilePosition& left) {
  GzipSource source(path, 0, nullptr);
  source.GoOnBehind(left);
  std::vector<char> unused(1);
  while (source.pending() != nullptr && !source.ended()) source.Read(unused.data(), unused.size());
  return !source.ended() && source.offset() == left.offset;
}

FileInHand TakeGzip(const RotatedSibling& sibling, const FilePosition* left, const void* owner,
                    FileLedger& ledger, bool open = true) {
  FileInHand file;
  auto gzip = std::make_unique<GzipSource>(sibling.path, 0, nullptr);
  if (!gzip->Mean(sibling.stat.identity, open)) return file;
  if (!ledger.Claim(sibling.stat.identity, owner)) return file;
  file.gzip = std::move(gzip);
  if (left != nullptr) file.gzip->GoOnBehind(*left);
  file.identity = sibling.stat.identity;
  file.path = sibling.path;
  file.held = true;
  file.modified_ns = sibling.stat.modified_ns;
  return file;
}

// The file under `path` at the position's offset, if it holds what the position says; and if it is
// the very file of the position, when `itself` says so (by now another one may stand there).
FileInHand TakePlain(const std::string& path, const FilePosition& left, bool itself,
                     const void* owner, FileLedger& ledger) {
  FileInHand file;
  Fd fd = OpenForReading(path);
  FileStat stat;
  if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.type != FileType::kRegular) return file;
  if (itself && stat.identity != left.identity) return file;
  if (!Fits(fd.get(), left) || !file.trace.Load(fd.get(), left.offset)) return file;
  if (!ledger.Claim(stat.identity, owner)) return file;
  ledger.Forget(stat.identity);
  file.fd = std::move(fd);
  file.identity = stat.identity;
  file.path = path;
  file.held = file.known = true;
  file.size = file.stood = stat.size;
  file.modified_ns = stat.modified_ns;
  return file;
}

// What was read of the file that this one was made of, as far as that is known.
std::optional<FilePosition> ReadBeforeItWasCompressed(const RotatedSibling& sibling,
                                                      const FileLedger& ledger) {
  for (FilePosition& position : ledger.LastWrittenAt(sibling.stat.modified_ns)) {
    if (position.offset > 0 && GzipFits(sibling.path, position)) return std::move(position);
  }
  return std::nullopt;
}

// A copy that was made before the last bytes were read, of what was truncated since: shorter than
// what was read, and known.
void RememberCopies(const FilePosition& left, FileLedger& ledger) {
  for (const RotatedSibling& sibling : RotatedSiblings(left.source)) {
    if (sibling.gzip || sibling.stat.size == 0 || ledger.claimed(sibling.stat.identity) ||
        ledger.Finished(sibling.stat)) {
      continue;
    }
    const Fd fd = OpenForReading(sibling.path);
    FileStat stat;
    if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.type != FileType::kRegular) continue;
    FileInHand copy;
    if (Compare(fd.get(), stat.size, left) != Likeness::kSame ||
        !copy.trace.Load(fd.get(), std::min(stat.size, left.offset))) {
      continue;
    }
    copy.identity = stat.identity;
    copy.modified_ns = stat.modified_ns;
    ledger.Remember(copy.Position(left.source, 0, false));
  }
}

}  // namespace

JudgedFile OpenJudged(const std::string& path, const void* owner, Following& following,
                      std::string* trouble) {
  JudgedFile judged;
  Fd fd = OpenForReading(path);
  FileStat stat;
  if (!fd.valid()) {
    trouble->clear();
    // Not there (yet, or any more) is what following is for.
    if (errno != ENOENT) *trouble = "cannot be opened: " + ErrnoText(errno);
    return judged;
  }
  if (StatFd(fd.get(), &stat) == 0 && stat.type == FileType::kRegular &&
      !following.ledger.claimed(stat.identity)) {
    judged.copy = following.judge_copy(path, fd.get(), stat);
  }
  if (judged.copy == CopyOf::kNothing) {
    judged.file = TakeOpened(std::move(fd), path, owner, following.ledger, trouble);
  }
  return judged;
}

FileInHand FindCopy(const std::string& path, const FilePosition& left, bool gzip, const void* owner,
                    FileLedger& ledger) {
  // Of which nothing was read there is no copy: everything begins with no bytes.
  if (left.offset == 0) return {};
  for (const RotatedSibling& sibling : RotatedSiblings(path)) {
    if (ledger.claimed(sibling.stat.identity)) continue;
    FileInHand file;
    if (!sibling.gzip) {
      file = TakePlain(sibling.path, left, false, owner, ledger);
    } else if (gzip && GzipFits(sibling.path, left)) {
      file = TakeGzip(sibling, &left, owner, ledger);
    }
    if (!file.held) continue;
    file.copy = true;
    return file;
  }
  return {};
}

std::deque<FileInHand> TakeNewer(const std::string& path, const std::string& left_path,
                                 const FilePosition& left, const void* owner, FileLedger& ledger) {
  std::vector<RotatedSibling> siblings = RotatedSiblings(path);
  const auto at = std::ranges::find(siblings, left_path, &RotatedSibling::path);
  const bool placed = at != siblings.end();
  const int64_t modified_ns = placed ? at->stat.modified_ns : left.modified_ns;
  // Nothing was read of the file: it may itself be among them, compressed.
  const int64_t strictly = left.offset == 0 ? 0 : 1;
  std::vector<RotatedSibling> chosen;
  bool births_known = left.identity.birth_ns != 0;
  for (auto it = siblings.begin(); it != siblings.end(); ++it) {
    if (it == at) continue;
    const FileStat& stat = it->stat;
    const bool born = !it->gzip && left.identity.birth_ns != 0 && stat.identity.birth_ns != 0;
    bool is_newer = placed ? it < at && stat.modified_ns >= modified_ns
                           : modified_ns != 0 && stat.modified_ns >= modified_ns + strictly;
    // The surest sign. Not of a gzip file, which is born when it is compressed.
    if (born && stat.identity.birth_ns != left.identity.birth_ns) {
      is_newer = stat.identity.birth_ns > left.identity.birth_ns;
    }
    births_known = births_known && born;
    if (is_newer) chosen.push_back(*it);
  }
  std::ranges::reverse(chosen);
  if (births_known) {
    // Some rotators count upwards.
    std::ranges::stable_sort(
        chosen, {}, [](const RotatedSibling& sibling) { return sibling.stat.identity.birth_ns; });
  }
  std::deque<FileInHand> newer;
  for (const RotatedSibling& sibling : chosen) {
    const FileStat& stat = sibling.stat;
    if (ledger.claimed(stat.identity) || stat.size == 0) continue;
    const FilePosition* const known = ledger.Find(stat.identity);
    if (known != nullptr && (sibling.gzip || ledger.Finished(stat))) continue;
    std::string unused;
    // It may have been read before it was compressed, by whichever source.
    std::optional<FilePosition> before;
    if (sibling.gzip) before = ReadBeforeItWasCompressed(sibling, ledger);
    FileInHand file = sibling.gzip ? TakeGzip(sibling, before ? &*before : nullptr, owner, ledger,
                                              newer.size() < kOpenMax)
                                   : OpenFollowed(sibling.path, owner, ledger, &unused);
    if (!file.held) continue;
    if (newer.size() >= kOpenMax) file.fd.Reset();
    newer.push_back(std::move(file));
  }
  return newer;
}

std::deque<FileInHand> Resume(const FilePosition& left, const void* owner, Following& following,
                              bool* truncated) {
  FileLedger& ledger = following.ledger;
  const std::string& path = left.source;
  std::deque<FileInHand> files;
  std::string trouble;
  FileInHand first;
  FileInHand now;
  bool in_place = false;
  // What stands under the path is taken first: a rotation meanwhile moves it on to a rotated name,
  // and whatever it brings to the path is newer and will be seen there. A rotation between the look
  // at the path and the opening is looked at again.
  for (int looks = 0; looks < kLooksMax; ++looks) {
    FileStat at_path;
    const bool stands = StatPath(path, &at_path) == 0 && at_path.type == FileType::kRegular;
    in_place = stands && at_path.identity == left.identity;
    if (in_place) {
      first = TakePlain(path, left, true, owner, ledger);
      if (first.held) {
        files.push_back(std::move(first));
        return files;
      }
      if (StatPath(path, &at_path) == 0 && at_path.identity == left.identity) break;  // truncated
      continue;
    }
    if (stands) now = OpenJudged(path, owner, following, &trouble).file;
    break;
  }
  std::string moved = in_place ? std::string() : FindInFolder(path, left.identity);
  for (int looks = 0; looks < kLooksMax && !moved.empty() && !first.held; ++looks) {
    if (!HasGzipName(moved)) {
      first = TakePlain(moved, left, true, owner, ledger);
    } else if (left.offset == 0) {
      // Compressed before the earlier run, which had come to it and not begun. (Otherwise it is
      // known by its content.)
      RotatedSibling sibling;
      sibling.path = moved;
      if (StatPath(moved, &sibling.stat) == 0) first = TakeGzip(sibling, nullptr, owner, ledger);
    }
    if (const std::string now_at = FindInFolder(path, left.identity); now_at != moved) {
      moved = now_at;
    } else {
      break;
    }
  }
  if (!first.held) first = FindCopy(path, left, true, owner, ledger);
  if (!first.held && left.offset > 0) {
    following.notices.Add(path + ": the file that was read to byte " + std::to_string(left.offset) +
                          (in_place ? " was truncated since" : " is gone") +
                          "; what had come behind that may be lost");
  }
  *truncated = in_place && !first.held && left.offset > 0;
  if (*truncated) RememberCopies(left, ledger);
  FilePosition after = left;
  if (first.held) {
    after = first.Position(path, 0, false);
    // What was compressed was born before; unless it was compressed when the earlier run read it.
    if (first.gzip != nullptr && left.identity != first.identity) after.identity = left.identity;
    if (first.gzip != nullptr && left.identity == first.identity) after.identity.birth_ns = 0;
  }
  std::deque<FileInHand> newer = TakeNewer(path, first.path, after, owner, ledger);
  if (first.held) {
    files.push_back(std::move(first));
  }
  for (FileInHand& file : newer) files.push_back(std::move(file));
  if (!now.held) now = OpenJudged(path, owner, following, &trouble).file;
  if (!trouble.empty()) following.notices.Add(path + ": " + trouble + "; it is tried again");
  if (now.held) files.push_back(std::move(now));
  return files;
}

}  // namespace parshall::bytes
