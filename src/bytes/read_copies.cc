#include "bytes/read_copies.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
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
                    FileLedger& ledger, int descriptors_max) {
  FileInHand file;
  auto gzip = std::make_unique<GzipSource>(sibling.path, 0, nullptr);
  if (!gzip->Mean(sibling.stat.identity, descriptors_max)) return file;
  if (!ledger.Claim(sibling.stat.identity, owner)) return file;
  file.gzip = std::move(gzip);
  if (left != nullptr) file.gzip->GoOnBehind(*left);
  file.identity = sibling.stat.identity;
  file.path = sibling.path;
  file.held = true;
  file.modified_ns = sibling.stat.modified_ns;
  return file;
}

// Opens the very file that was listed, wherever it stands by now: a rotation may rename one file
// after the other while they are opened. Where only the name is gone on with, a file is missed. Not
// valid: it is gone (errno is ENOENT), or cannot be opened.
Fd OpenListed(RotatedSibling* sibling, FolderNames& names) {
  for (int looks = 0; looks < kLooksMax; ++looks) {
    Fd fd = OpenForReading(sibling->path);
    if (!fd.valid() && errno != ENOENT) return fd;
    FileStat stat;
    if (fd.valid() && StatFd(fd.get(), &stat) == 0 && stat.identity == sibling->stat.identity) {
      return fd;
    }
    std::string now_at = FindInFolder(sibling->path, sibling->stat.identity, names);
    if (now_at.empty()) break;
    sibling->path = std::move(now_at);
  }
  errno = ENOENT;
  return Fd();
}

// This file, which was opened under `path`, at the position's offset, if it holds what the position
// says.
FileInHand TakePlain(Fd fd, const std::string& path, const FilePosition& left, const void* owner,
                     FileLedger& ledger) {
  FileInHand file;
  FileStat stat;
  if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.type != FileType::kRegular) return file;
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

// The file of the position itself, if it stands under `path` (by now another one may).
FileInHand TakeItself(const std::string& path, const FilePosition& left, const void* owner,
                      FileLedger& ledger) {
  Fd fd = OpenForReading(path);
  FileStat stat;
  if (!fd.valid() || StatFd(fd.get(), &stat) != 0 || stat.identity != left.identity) return {};
  return TakePlain(std::move(fd), path, left, owner, ledger);
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
void RememberCopies(const FilePosition& left, Following& following) {
  FileLedger& ledger = following.ledger;
  for (const RotatedSibling& sibling : RotatedSiblings(left.source, following.names)) {
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
                    Following& following) {
  FileLedger& ledger = following.ledger;
  // Of which nothing was read there is no copy: everything begins with no bytes.
  if (left.offset == 0) return {};
  for (RotatedSibling& sibling : RotatedSiblings(path, following.names)) {
    if (ledger.claimed(sibling.stat.identity)) continue;
    FileInHand file;
    if (!sibling.gzip) {
      Fd fd = OpenListed(&sibling, following.names);
      file = TakePlain(std::move(fd), sibling.path, left, owner, ledger);
    } else if (gzip && GzipFits(sibling.path, left)) {
      file = TakeGzip(sibling, &left, owner, ledger, following.descriptors_max);
    }
    if (!file.held) continue;
    file.copy = true;
    return file;
  }
  return {};
}

std::deque<FileInHand> TakeNewer(const std::string& path, const FileIdentity& stands,
                                 const FilePosition& left, const void* owner,
                                 Following& following) {
  FileLedger& ledger = following.ledger;
  std::vector<RotatedSibling> siblings = RotatedSiblings(path, following.names);
  const auto at = std::ranges::find(
      siblings, stands, [](const RotatedSibling& sibling) { return sibling.stat.identity; });
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
  for (RotatedSibling& sibling : chosen) {
    const FileStat& stat = sibling.stat;
    if (ledger.claimed(stat.identity) || stat.size == 0) continue;
    const FilePosition* const known = ledger.Find(stat.identity);
    if (known != nullptr && (sibling.gzip || ledger.Finished(stat))) continue;
    const int descriptors_max = newer.size() < kOpenMax ? following.descriptors_max : 0;
    FileInHand file;
    if (sibling.gzip) {
      // It may have been read before it was compressed, by whichever source.
      const std::optional<FilePosition> before = ReadBeforeItWasCompressed(sibling, ledger);
      file = TakeGzip(sibling, before ? &*before : nullptr, owner, ledger, descriptors_max);
    } else if (Fd fd = OpenListed(&sibling, following.names); fd.valid()) {
      std::string unused;
      file = TakeOpened(std::move(fd), sibling.path, owner, ledger, &unused);
    } else if (errno != ENOENT) {
      following.notices.Add(sibling.path + ": cannot be opened (" + ErrnoText(errno) +
                            "); what was rotated into it is not read");
    }
    if (!file.held) continue;
    if (file.fd.get() >= descriptors_max) file.fd.Reset();
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
      first = TakeItself(path, left, owner, ledger);
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
  std::string moved = in_place ? std::string() : FindInFolder(path, left.identity, following.names);
  for (int looks = 0; looks < kLooksMax && !moved.empty() && !first.held; ++looks) {
    if (!HasGzipName(moved)) {
      first = TakeItself(moved, left, owner, ledger);
    } else if (left.offset == 0) {
      // Compressed before the earlier run, which had come to it and not begun. (Otherwise it is
      // known by its content.)
      RotatedSibling sibling;
      sibling.path = moved;
      if (StatPath(moved, &sibling.stat) == 0) {
        first = TakeGzip(sibling, nullptr, owner, ledger, following.descriptors_max);
      }
    }
    if (const std::string now_at = FindInFolder(path, left.identity, following.names);
        now_at != moved) {
      moved = now_at;
    } else {
      break;
    }
  }
  if (!first.held) first = FindCopy(path, left, true, owner, following);
  if (!first.held && left.offset > 0) {
    following.notices.Add(path + ": the file that was read to byte " + std::to_string(left.offset) +
                          (in_place ? " was truncated since" : " is gone") +
                          "; what had come behind that may be lost");
  }
  *truncated = in_place && !first.held && left.offset > 0;
  if (*truncated) RememberCopies(left, following);
  FilePosition after = left;
  if (first.held) {
    after = first.Position(path, 0, false);
    // What was compressed was born before; unless it was compressed when the earlier run read it.
    if (first.gzip != nullptr && left.identity != first.identity) after.identity = left.identity;
    if (first.gzip != nullptr && left.identity == first.identity) after.identity.birth_ns = 0;
  }
  const FileIdentity stands = first.identity;
  std::deque<FileInHand> newer = TakeNewer(path, stands, after, owner, following);
  if (first.held) {
    files.push_back(std::move(first));
  }
  if (!now.held) {
    now = OpenJudged(path, owner, following, &trouble).file;
    // Others may have stood there since the listing, and be rotated away by now.
    if (now.held) {
      std::deque<FileInHand> missed = TakeNewer(path, stands, after, owner, following);
      std::ranges::move(missed, std::back_inserter(newer));
    }
  }
  if (!trouble.empty()) following.notices.Add(path + ": " + trouble + "; it is tried again");
  if (now.held) {
    // Behind it come those that took its place, and were rotated away before they were listed. (In
    // place of what was truncated it is the newest: copies are born late.)
    auto behind = newer.end();
    while (!in_place && now.identity.birth_ns != 0 && behind != newer.begin() &&
           std::prev(behind)->gzip == nullptr &&
           std::prev(behind)->identity.birth_ns > now.identity.birth_ns) {
      --behind;
    }
    newer.insert(behind, std::move(now));
  }
  for (FileInHand& file : newer) files.push_back(std::move(file));
  return files;
}

}  // namespace parshall::bytes
