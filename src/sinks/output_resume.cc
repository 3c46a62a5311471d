#include "sinks/output_resume.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/quoted.h"
#include "bytes/rotated_siblings.h"
#include "sinks/output_file.h"

namespace parshall::sinks {
namespace {

constexpr const char* kTwice = "records since the last snapshot may stand twice";

// Device numbers may change with a restart of the machine. An inode and the nanosecond of its birth
// do not, and are unique together.
bool Same(const bytes::FileIdentity& found, const bytes::FileIdentity& recorded) {
  return found.inode == recorded.inode && found.birth_ns == recorded.birth_ns &&
         (found.device == recorded.device || recorded.birth_ns != 0);
}

// Opens `path` if it is the recorded file. Not valid() and errno 0: it is another one.
Fd OpenRecorded(const std::string& path, int flags, const OutputPosition& recorded,
                bytes::FileStat* stat) {
  errno = 0;
  if (bytes::StatPath(path, stat) != 0 || stat->type != bytes::FileType::kRegular ||
      !Same(stat->identity, recorded.identity)) {
    errno = 0;
    return Fd();
  }
  Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  if (!fd.valid()) return fd;
  // Once more by the descriptor: the path may have been given to another file meanwhile.
  errno = 0;
  if (bytes::StatFd(fd.get(), stat) != 0 || stat->type != bytes::FileType::kRegular ||
      !Same(stat->identity, recorded.identity)) {
    fd.Reset();
  }
  return fd;
}

// Without a moment of birth an inode says little: then the last recorded byte must be the end of a
// record.
bool EndsLikeRecorded(const std::string& path, const OutputPosition& recorded) {
  if (recorded.identity.birth_ns != 0 || recorded.length == 0) return true;
  const Fd reader = OpenForReading(path);
  char last = 0;
  return !reader.valid() ||
         (ReadSomeAt(reader.get(), &last, 1, static_cast<off_t>(recorded.length - 1)) == 1 &&
          last == '\n');
}

void Cut(const std::string& path, const Fd& fd, const bytes::FileStat& stat,
         const OutputPosition& recorded, std::vector<std::string>* notices) {
  if (stat.size < recorded.length) {
    notices->push_back(path + ": this output file has " + std::to_string(stat.size) +
                       " bytes, and the last snapshot knows of " + std::to_string(recorded.length) +
                       "; somebody cut it, and records may be missing");
    return;
  }
  if (!EndsLikeRecorded(path, recorded)) {
    notices->push_back(path + ": no record ends at byte " + std::to_string(recorded.length) +
                       ", as the last snapshot says; it is left as it is, and " + kTwice);
    return;
  }
  if (stat.size == recorded.length) {
    // For the room behind the end that the last run may have kept.
    static_cast<void>(!::ftruncate(fd.get(), static_cast<off_t>(recorded.length)));
    return;
  }
  int result;
  do {
    result = ::ftruncate(fd.get(), static_cast<off_t>(recorded.length));
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    // Before a snapshot names the next file, and nobody cuts this one again.
    ::fdatasync(fd.get());
    return;
  }
  notices->push_back(path + ": this output file cannot be cut back to byte " +
                     std::to_string(recorded.length) + ": " + ErrnoText(errno) + "; " + kTwice);
}

// True if the file was found under this name, whatever could be done with it.
bool TryCut(const std::string& path, int flags, const OutputPosition& recorded,
            std::vector<std::string>* notices) {
  bytes::FileStat stat;
  const Fd fd = OpenRecorded(path, flags, recorded, &stat);
  if (fd.valid()) {
    Cut(path, fd, stat, recorded, notices);
    return true;
  }
  if (errno == 0 || errno == ENOENT || errno == ELOOP) return false;
  notices->push_back(path + ": the output of the last run cannot be opened to be cut back: " +
                     ErrnoText(errno) + "; " + kTwice);
  return true;
}

// How many bytes a gzip file holds, modulo 2^32, as its end says (RFC 1952 §2.3.1: of the last
// member; gzip(1) writes one). None: it is no gzip file, or is not finished.
std::optional<uint32_t> UnpackedSize(const bytes::RotatedSibling& packed) {
  constexpr uint64_t kSmallest = 18;  // header and trailer
  const Fd fd = OpenForReading(packed.path);
  std::array<unsigned char, 4> end{};
  std::array<unsigned char, 2> begin{};
  const auto read = [&fd](auto* bytes, uint64_t at) {
    return ReadSomeAt(fd.get(), reinterpret_cast<char*>(bytes->data()), bytes->size(),
                      static_cast<off_t>(at)) == static_cast<ssize_t>(bytes->size());
  };
  if (!fd.valid() || packed.stat.size < kSmallest || !read(&begin, 0) || begin[0] != 0x1f ||
      begin[1] != 0x8b || !read(&end, packed.stat.size - end.size())) {
    return std::nullopt;
  }
  uint32_t size = 0;
  for (size_t n = end.size(); n-- > 0;) size = (size << 8) | end[n];
  return size;
}

// Rotated and compressed while nobody ran. Nobody else writes to it, so it is the newest of its
// kind and holds at least what was recorded. It is not packed anew: what stands behind the last
// snapshot comes twice, and is told. True if it was found.
bool TellOfPacked(const std::string& path, const OutputPosition& recorded,
                  std::vector<std::string>* notices) {
  bytes::FolderNames names;
  for (const bytes::RotatedSibling& sibling : bytes::RotatedSiblings(RealPath(path), names)) {
    if (!sibling.gzip) continue;
    const std::optional<uint32_t> size = UnpackedSize(sibling);
    if (!size) return false;
    const uint32_t behind = *size - static_cast<uint32_t>(recorded.length);
    // Half of the range is "before": a shorter file is another one.
    if (behind >= uint32_t{1} << 31) return false;
    if (behind > 0) {
      notices->push_back(sibling.path +
                         ": the output file of the last run was compressed since, with " +
                         std::to_string(behind) +
                         " bytes of records behind the last snapshot; these records come again");
    }
    return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> CutBack(const std::string& path, const OutputPosition& recorded) {
  std::vector<std::string> notices;
  if (TryCut(path, 0, recorded, &notices)) return notices;
  // The configuration may name another file by now; what the last run wrote is cut all the same.
  if (recorded.path != path && TryCut(recorded.path, 0, recorded, &notices)) return notices;
  const std::string folder = FolderOf(RealPath(path));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), &::closedir);
  const std::string before = folder == "/" ? folder : folder + "/";
  while (entries != nullptr) {
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    // Links lead to files that stand elsewhere too; those that rotation moved here are plain.
    if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) continue;
    if (TryCut(before + entry->d_name, O_NOFOLLOW, recorded, &notices)) return notices;
  }
  if (TellOfPacked(recorded.path, recorded, &notices)) return notices;
  notices.push_back(path + ": the output file of the last run (" + Quoted(recorded.path) + ", " +
                    std::to_string(recorded.length) + " bytes) is neither here nor beside it; " +
                    kTwice);
  return notices;
}

}  // namespace parshall::sinks
