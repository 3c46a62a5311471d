#include "sinks/output_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace parshall::sinks {
namespace {

// So much must have been written before room is kept for so much more: small files keep none.
// Measured on ext4: appending costs a third less, with 64 MiB no less than with 16.
constexpr uint64_t kRoomBytes = uint64_t{16} << 20;

std::string Numbered(const std::string& path, uint32_t number) {
  return path + "." + std::to_string(number);
}

bool Exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

int OpenAgain(const std::string& path, int flags, mode_t mode) {
  while (true) {
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

// Nothing may be before now, and a file from a time when the clock stood wrong is not a file of the
// future.
std::chrono::nanoseconds AgeAtOpen(const bytes::FileIdentity& identity) {
  if (identity.birth_ns <= 0) return {};
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::max(now - std::chrono::nanoseconds(identity.birth_ns), std::chrono::nanoseconds(0));
}

}  // namespace

OutputFile::OutputFile(Fd fd, const bytes::FileStat& stat, std::string path)
    : fd_(std::move(fd)),
      identity_(stat.identity),
      path_(std::move(path)),
      born_(Clock::now() - std::chrono::duration_cast<Clock::duration>(AgeAtOpen(identity_))) {}

Result<std::shared_ptr<OutputFile>> OutputFile::OpenLike(const OutputFile& before, bool durable) {
  const std::string& path = before.path_;
  const auto fail = [&path](int error) {
    return Fail("no new file can be made here: " + ErrnoText(error), path);
  };
  struct stat old = {};
  if (::fstat(before.fd(), &old) != 0) old.st_mode = 0644;
  bytes::FileStat stat;
  // Not by O_EXCL, which takes a symbolic link to a file that was moved for something that is
  // there.
  const bool made = bytes::StatPath(path, &stat) == ENOENT;
  Fd fd(OpenAgain(path, O_CREAT, made ? old.st_mode & 0666 : 0644));
  if (!fd.valid()) return fail(errno);
  if (made) {
    // The umask took bits away that an operator had given to the file before. The owner goes first,
    // for a change of it clears bits.
    if (::geteuid() == 0) static_cast<void>(!::fchown(fd.get(), old.st_uid, old.st_gid));
    ::fchmod(fd.get(), old.st_mode & 0777);
  }
  if (const int error = bytes::StatFd(fd.get(), &stat); error != 0) return fail(error);
  if (stat.type != bytes::FileType::kRegular) {
    return Fail(
        std::string("records go to files, and this has become ") + bytes::FileTypeText(stat.type),
        path);
  }
  if (durable && made) {
    if (const Status synced = SyncFolderOf(path); !synced.ok()) return synced.error();
  }
  return std::make_shared<OutputFile>(std::move(fd), stat, path);
}

uint64_t OutputFile::Size() const {
  bytes::FileStat stat;
  return bytes::StatFd(fd_.get(), &stat) == 0 ? stat.size : 0;
}

bool OutputFile::EndsTorn() const {
  // By its descriptor, since the path may lead elsewhere by now.
  const Fd reader = OpenForReading("/proc/self/fd/" + std::to_string(fd_.get()));
  const uint64_t size = Size();
  char last = '\n';
  if (size == 0 || !reader.valid()) return false;
  return ReadSomeAt(reader.get(), &last, 1, static_cast<off_t>(size - 1)) == 1 && last != '\n';
}

bool OutputFile::StandsAtPath(uint64_t* size) const {
  bytes::FileStat stat;
  const int error = bytes::StatPath(path_, &stat);
  if (error == ENOENT || error == ENOTDIR) return false;
  if (error != 0) return true;
  if (stat.identity != identity_) return false;
  *size = stat.size;
  return true;
}

bool OutputFile::Deleted() const {
  bytes::FileStat stat;
  return bytes::StatFd(fd_.get(), &stat) == 0 && !stat.linked;
}

int OutputFile::Truncate(uint64_t size) const {
  while (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

void OutputFile::MakeRoom(uint64_t size) {
  appended_ += size;
  if (!keeps_room_ || appended_ < kRoomBytes) return;
  const uint64_t end = Size();
  if (end + size <= room_end_) return;
  // From the end, wherever that is: somebody may have cut the file.
  const uint64_t wanted = size + kRoomBytes;
  if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(end),
                  static_cast<off_t>(wanted)) == 0) {
    room_end_ = end + wanted;
  } else if (errno != EINTR) {
    keeps_room_ = false;
  }
}

void OutputFile::GiveRoomBack(uint64_t length) {
  if (room_end_ == 0 || Size() != length) return;
  if (Truncate(length) == 0) room_end_ = 0;
}

Status OutputFile::Sync(bool written) {
  int error = sync_error_.load();
  while (error == 0 && ::fdatasync(fd_.get()) != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == EROFS) break;  // nothing here that could be synced
    error = errno;
    if (written) sync_error_.store(error);
  }
  if (error == 0) return Ok();
  return Fail("records may not have reached the disk: " + ErrnoText(error), path_);
}

void OutputFile::StartWriting() const {
  // What goes wrong with a page is told by the next fdatasync: without a flag to wait this takes no
  // error from it.
  static_cast<void>(!::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
}

Status RotateNames(const std::string& path, uint32_t keep) {
  const std::string real = RealPath(path);
  // Only up to the first gap: a rotation that was cut short by a crash is finished by the next one.
  uint32_t last = 1;
  while (last < keep && Exists(Numbered(real, last))) ++last;
  for (uint32_t number = last; number > 0; --number) {
    const std::string from = number == 1 ? real : Numbered(real, number - 1);
    if (::rename(from.c_str(), Numbered(real, number).c_str()) != 0) {
      return Fail("this cannot be renamed to " + Numbered(real, number) + ": " + ErrnoText(errno),
                  from);
    }
  }
  return Ok();
}

Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(RealPath(path));
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == EACCES) return Ok();  // a folder to write in but not to read: nobody may sync it
    return Fail("this folder cannot be synced: " + ErrnoText(errno), folder);
  }
  while (::fsync(fd.get()) != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == EROFS) return Ok();  // a file system without that
    return Fail("this folder cannot be synced: " + ErrnoText(errno), folder);
  }
  return Ok();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  return real == nullptr ? path : std::string(real.get());
}

}  // namespace parshall::sinks
