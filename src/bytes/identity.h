#pragma once
// Which file is this? A path is only where a file stands today; rotation moves it away. What stays
// is its device, inode and, where the file system keeps it, the moment of its birth: without that a
// deleted file and the next one made look alike, since inode numbers are reused at once.
// What kind of file it is and how long comes from the same system call.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace parshall::bytes {

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t birth_ns = 0;  // since the epoch; 0 where the file system does not say

  auto operator<=>(const FileIdentity&) const = default;
};

struct FileIdentityHash {
  size_t operator()(const FileIdentity& identity) const;
};

enum class FileType : uint8_t { kRegular, kFifo, kDirectory, kCharacter, kBlock, kSocket, kOther };

struct FileStat {
  FileIdentity identity;
  FileType type = FileType::kOther;
  uint64_t size = 0;        // bytes
  int64_t modified_ns = 0;  // last written, since the epoch
  uint32_t links = 1;       // names it has
  bool linked = true;       // false: deleted, and living on only through open descriptors
};

// Of what stands under `path` (symbolic links are followed), or of an open file.
// Returns 0 or the errno.
int StatPath(const std::string& path, FileStat* stat);
int StatFd(int fd, FileStat* stat);

// "a directory", "a socket": for sentences.
const char* FileTypeText(FileType type);

}  // namespace parshall::bytes
