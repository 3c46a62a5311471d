#include "bytes/file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace parshall::bytes {

FileSource::FileSource(std::string path, uint32_t index, FileLedger& ledger)
    : Member(std::move(path), index), ledger_(&ledger) {
  ready_ = true;
}

FileSource::FileSource(std::string name, uint32_t index, Fd fd)
    : Member(std::move(name), index), fd_(std::move(fd)) {
  const off_t at = ::lseek(fd_.get(), 0, SEEK_CUR);
  offset_ = at > 0 ? static_cast<uint64_t>(at) : 0;
  ready_ = true;
}

int FileSource::Start() {
  fd_ = OpenForReading(name());
  if (!fd_.valid()) return errno;
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  FileStat stat;
  if (StatFd(fd_.get(), &stat) != 0) return 0;
  identity_ = stat.identity;
  modified_ns_ = stat.modified_ns;
  const uint64_t offset = ledger_->ResumeAt(identity_, fd_.get());
  if (offset > 0 && trace_.Load(fd_.get(), offset)) {
    offset_ = offset;
    ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET);
  }
  ledger_->Forget(identity_);
  return 0;
}

ReadResult FileSource::Read(char* data, size_t size) {
  ReadResult result{.offset = offset_, .error = {}};
  if (ended_) return End(result);
  if (!fd_.valid()) {
    if (const int error = Start(); error != 0) {
      return FailWith(result, "cannot be opened: " + ErrnoText(error));
    }
    result.offset = offset_;
  }
  const ssize_t n = ReadSome(fd_.get(), data, size);
  if (n > 0) {
    result.size = static_cast<size_t>(n);
    const bool in_hole = ledger_ != nullptr && !trace_.begun();
    offset_ += result.size;
    if (ledger_ != nullptr) trace_.Add({data, result.size});
    if (in_hole) result.size = PassHole(data, result.size);
    if (result.size == 0) return result;  // all of it was a hole; still ready
    result.status = ReadStatus::kBytes;
    result.offset = offset_ - result.size;
    return result;
  }
  const int error = errno;
  fd_.Reset();
  if (ledger_ != nullptr) ledger_->Release(Position());
  if (n == 0) return End(result);
  return FailWith(result, "cannot be read: " + ErrnoText(error));
}

// NULs at the beginning of a file are no line, as for who follows it: a writer left them there
// whose file was truncated.
size_t FileSource::PassHole(char* data, size_t size) {
  const size_t rest = DropNuls(data, size);
  if (rest > 0) return rest;
  // The file system knows where the hole ends; as a rule it has no blocks there.
  const auto at = static_cast<off_t>(offset_);
  off_t end = ::lseek(fd_.get(), at, SEEK_DATA);
  if (end < 0 && errno == ENXIO) end = ::lseek(fd_.get(), 0, SEEK_END);  // nothing but a hole
  if (end > at && trace_.Load(fd_.get(), static_cast<uint64_t>(end))) {
    offset_ = static_cast<uint64_t>(end);
  } else {
    ::lseek(fd_.get(), at, SEEK_SET);
  }
  return 0;
}

FilePosition FileSource::Position() const {
  return trace_.Position(name(), identity_, modified_ns_);
}

// When it has ended, the ledger has it.
void FileSource::AppendPositions(std::vector<FilePosition>* positions) const {
  if (ledger_ == nullptr || !fd_.valid()) return;
  positions->push_back(Position());
  positions->back().current = true;
}

}  // namespace parshall::bytes
