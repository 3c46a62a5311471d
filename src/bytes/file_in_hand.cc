#include "bytes/file_in_hand.h"

#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace parshall::bytes {
namespace {

ssize_t ReadVectorAt(int fd, const iovec* parts, int count, off_t offset) {
  for (;;) {
    const ssize_t n = ::preadv(fd, parts, count, offset);
    if (n >= 0 || errno != EINTR) return n;
  }
}

// What was just read from `offset` on still begins there as it did. If so, all of it is of one
// time: a read is no single moment, and in the midst of it the file may be truncated, and a stale
// writer's next lines come behind a hole where the rest was. Nothing is said of a hole.
bool StillStands(int fd, uint64_t offset, std::string_view read) {
  const size_t hole = read.find_first_not_of('\0');
  if (hole == std::string_view::npos) return true;
  const std::string_view probe = read.substr(hole, Trace::kHeadBytes);
  std::array<char, Trace::kHeadBytes> now;
  return ReadSomeAt(fd, now.data(), probe.size(), static_cast<off_t>(offset + hole)) ==
             static_cast<ssize_t>(probe.size()) &&
         std::memcmp(now.data(), probe.data(), probe.size()) == 0;
}

}  // namespace

FileRead FileInHand::Read(char* data, size_t size_max, size_t* size_read) {
  *size_read = 0;
  if (gzip != nullptr) return Unpack(data, size_max, size_read);
  const std::string_view tail = trace.tail();
  std::array<char, Trace::kTailBytes> before;
  const std::array<iovec, 2> parts = {{{before.data(), tail.size()}, {data, size_max}}};
  const ssize_t n =
      ReadVectorAt(fd.get(), parts.data(), 2, static_cast<off_t>(offset() - tail.size()));
  if (n < 0) return FileRead::kFailed;
  const auto got = static_cast<size_t>(n);
  if (got < tail.size() || std::memcmp(before.data(), tail.data(), tail.size()) != 0) {
    return FileRead::kReplaced;
  }
  if (got == tail.size()) return FileRead::kNothing;
  if (!StillStands(fd.get(), offset(), {data, got - tail.size()})) return FileRead::kReplaced;
  *size_read = got - tail.size();
  trace.Add({data, *size_read});
  return FileRead::kBytes;
}

FileRead FileInHand::Unpack(char* data, size_t size_max, size_t* size_read) {
  ReadResult result = gzip->Read(data, size_max);
  *size_read = result.size;
  if (gzip->pending() == nullptr) trace = gzip->trace();
  switch (result.status) {
    case ReadStatus::kBytes:
      return FileRead::kBytes;
    case ReadStatus::kNothing:
      return FileRead::kNothing;
    case ReadStatus::kFileEnded:
    case ReadStatus::kEnded:
    case ReadStatus::kFailed:
      break;
  }
  trouble = std::move(result.error);
  return FileRead::kEnded;
}

bool FileInHand::Look() {
  if (!fd.valid()) return false;
  FileStat stat;
  if (StatFd(fd.get(), &stat) != 0) return false;
  size = stat.size;
  modified_ns = stat.modified_ns;
  return true;
}

void FileInHand::BeginAgain() {
  lost_from = offset();
  stood = 0;
  trace = Trace();
}

FilePosition FileInHand::Position(const std::string& source, uint64_t file, bool current) const {
  FilePosition position;
  if (gzip != nullptr && gzip->pending() != nullptr) {
    position = *gzip->pending();
  } else {
    trace.Save(&position);
  }
  position.source = source;
  position.identity = identity;
  position.file = file;
  position.current = current;
  position.modified_ns = modified_ns;
  return position;
}

FileInHand OpenFollowed(const std::string& path, const void* owner, FileLedger& ledger,
                        std::string* trouble) {
  trouble->clear();
  Fd fd = OpenForReading(path);
  if (fd.valid()) return TakeOpened(std::move(fd), path, owner, ledger, trouble);
  // Not there (yet, or any more) is what following is for.
  if (errno != ENOENT) *trouble = "cannot be opened: " + ErrnoText(errno);
  return {};
}

FileInHand TakeOpened(Fd fd, const std::string& path, const void* owner, FileLedger& ledger,
                      std::string* trouble) {
  trouble->clear();
  FileInHand opened;
  FileStat stat;
  if (const int error = StatFd(fd.get(), &stat); error != 0) {
    *trouble = "cannot be opened: " + ErrnoText(error);
    return opened;
  }
  if (stat.type != FileType::kRegular) {
    *trouble = std::string("is ") + FileTypeText(stat.type) + ", not a regular file";
    return opened;
  }
  if (!ledger.Claim(stat.identity, owner)) return opened;
  const FilePosition* const left = ledger.Find(stat.identity);
  opened.known = left != nullptr;
  const uint64_t read_before = opened.known ? left->offset : 0;
  const uint64_t offset = ledger.ResumeAt(stat.identity, fd.get());
  if (offset > 0) opened.trace.Load(fd.get(), offset);
  ledger.Forget(stat.identity);
  if (opened.offset() < read_before) {
    // It has lost what was read of it.
    opened.lost_from = read_before;
  }
  opened.fd = std::move(fd);
  opened.identity = stat.identity;
  opened.path = path;
  opened.held = true;
  opened.size = opened.stood = stat.size;
  opened.modified_ns = stat.modified_ns;
  return opened;
}

int Reopen(FileInHand* file, const std::string& other_path) {
  int trouble = ENOENT;
  const std::string last_path = file->path;
  for (const std::string* path : {&last_path, &other_path}) {
    FileStat stat;
    int error = StatPath(*path, &stat);
    if (error == 0 && stat.identity != file->identity) continue;
    Fd fd = error == 0 ? OpenForReading(*path) : Fd();
    if (error == 0) error = fd.valid() ? StatFd(fd.get(), &stat) : errno;
    if (error == ENOENT || (error == 0 && stat.identity != file->identity)) continue;
    if (error != 0) {
      trouble = error;
      continue;
    }
    file->fd = std::move(fd);
    file->path = *path;
    file->size = stat.size;
    file->modified_ns = stat.modified_ns;
    return 0;
  }
  return trouble;
}

}  // namespace parshall::bytes
