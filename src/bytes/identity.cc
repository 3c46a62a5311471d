#include "bytes/identity.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace parshall::bytes {
namespace {

FileType TypeOf(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileType::kRegular;
    case S_IFIFO:
      return FileType::kFifo;
    case S_IFDIR:
      return FileType::kDirectory;
    case S_IFCHR:
      return FileType::kCharacter;
    case S_IFBLK:
      return FileType::kBlock;
    case S_IFSOCK:
      return FileType::kSocket;
    default:
      return FileType::kOther;
  }
}

// Unsigned on the way: a hostile file system may claim any second, and that must only compare.
int64_t Nanoseconds(const statx_timestamp& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + time.tv_nsec);
}

int StatAt(int directory, const char* path, int flags, FileStat* stat) {
  struct statx x = {};
  while (::statx(directory, path, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &x) !=
         0) {
    if (errno != EINTR) return errno;
  }
  stat->identity.device = (uint64_t{x.stx_dev_major} << 32) | x.stx_dev_minor;
  stat->identity.inode = x.stx_ino;
  stat->identity.birth_ns = (x.stx_mask & STATX_BTIME) != 0 ? Nanoseconds(x.stx_btime) : 0;
  stat->modified_ns = Nanoseconds(x.stx_mtime);
  stat->links = x.stx_nlink;
  stat->type = TypeOf(x.stx_mode);
  stat->size = x.stx_size;
  stat->linked = x.stx_nlink > 0;
  return 0;
}

}  // namespace

size_t FileIdentityHash::operator()(const FileIdentity& identity) const {
  uint64_t h = identity.inode * 0x9E3779B97F4A7C15U;
  h ^= (h >> 29) ^ identity.device ^ static_cast<uint64_t>(identity.birth_ns);
  return h * 0xBF58476D1CE4E5B9U;
}

int StatPath(const std::string& path, FileStat* stat) {
  return StatAt(AT_FDCWD, path.c_str(), 0, stat);
}

int StatFd(int fd, FileStat* stat) { return StatAt(fd, "", AT_EMPTY_PATH, stat); }

const char* FileTypeText(FileType type) {
  switch (type) {
    case FileType::kRegular:
      return "a regular file";
    case FileType::kFifo:
      return "a FIFO";
    case FileType::kDirectory:
      return "a directory";
    case FileType::kCharacter:
      return "a character device";
    case FileType::kBlock:
      return "a block device";
    case FileType::kSocket:
      return "a socket";
    case FileType::kOther:
      break;
  }
  return "no file that can be read";
}

}  // namespace parshall::bytes
