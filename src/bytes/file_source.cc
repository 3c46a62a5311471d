#include "bytes/file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace parshall::bytes {

FileSource::FileSource(std::string path, uint32_t index) : Member(std::move(path), index) {
  ready_ = true;
}

FileSource::FileSource(std::string name, uint32_t index, Fd fd)
    : Member(std::move(name), index), fd_(std::move(fd)) {
  const off_t at = ::lseek(fd_.get(), 0, SEEK_CUR);
  offset_ = at > 0 ? static_cast<uint64_t>(at) : 0;
  ready_ = true;
}

ReadResult FileSource::Read(char* data, size_t size) {
  ReadResult result{.offset = offset_, .error = {}};
  if (ended_) return End(result);
  if (!fd_.valid()) {
    fd_ = OpenForReading(name());
    if (!fd_.valid()) return FailWith(result, "cannot be opened: " + ErrnoText(errno));
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  const ssize_t n = ReadSome(fd_.get(), data, size);
  if (n > 0) {
    result.status = ReadStatus::kBytes;
    result.size = static_cast<size_t>(n);
    offset_ += result.size;
    return result;
  }
  const int error = errno;
  fd_.Reset();
  if (n == 0) return End(result);
  return FailWith(result, "cannot be read: " + ErrnoText(error));
}

}  // namespace parshall::bytes
