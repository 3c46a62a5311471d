#include "bytes/open_source.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "bytes/file_source.h"
#include "bytes/gzip_source.h"
#include "bytes/path_pattern.h"
#include "bytes/pipe_source.h"

namespace parshall::bytes {
namespace {

// A pipe without a name ("<(command)" of a shell, /dev/fd/N) never gets another writer.
bool IsAnonymousPipe(int fd) {
  struct statfs fs = {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

OpenedSource MakePipe(const std::string& name, uint32_t index, Fd fd, const FileStat& stat,
                      bool once, Notices& notices) {
  const bool named = stat.type == FileType::kFifo && !IsAnonymousPipe(fd.get());
  const PipeEnd end = named && !once ? PipeEnd::kNextWriter : PipeEnd::kAtEof;
  return {std::make_unique<PipeSource>(name, index, std::move(fd), end, named, notices),
          stat.identity};
}

// The first bytes of a gzip file, RFC 1952 §2.3.1. A shorter file is refused when read.
bool CanBeGzip(int fd) {
  std::array<char, 2> magic{};
  const ssize_t n = ReadSomeAt(fd, magic.data(), magic.size(), 0);
  return n < 2 || (magic[0] == '\x1f' && magic[1] == '\x8b');
}

Result<Fd> OpenPath(const std::string& path, FileStat* stat) {
  // Asked before it is opened: opening alone may do something (a FIFO's writer goes on, a tape
  // winds).
  int error = StatPath(path, stat);
  if (error == ENOENT) return Fail("no such file", path);
  if (error == 0 && stat->type != FileType::kRegular && stat->type != FileType::kFifo &&
      stat->type != FileType::kCharacter) {
    return RefuseType(stat->type, path);
  }
  Fd fd;
  if (error == 0) {
    fd = OpenForReading(path);
    error = fd.valid() ? StatFd(fd.get(), stat) : errno;
  }
  if (error != 0) return Fail("cannot be opened: " + ErrnoText(error), path);
  return fd;
}

}  // namespace

Error RefuseType(FileType type, const std::string& path) {
  std::string what = std::string("is ") + FileTypeText(type) + ", which is no source of lines";
  if (type == FileType::kDirectory) {
    what += "; name its files, for example " + path + (path.ends_with('/') ? "" : "/") + "*.log";
  }
  return Fail(what, path);
}

Status CheckStdin() {
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  if (flags < 0) return Fail("stdin is not open", "-");
  if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0) {
    return Fail("stdin is not open for reading", "-");
  }
  return Ok();
}

Result<OpenedSource> OpenStdin(uint32_t index, Notices& notices) {
  // A copy, so that the end of this source does not leave number 0 to the next file that is opened.
  Fd fd = Duplicate(STDIN_FILENO);
  FileStat stat;
  const int error = fd.valid() ? StatFd(fd.get(), &stat) : errno;
  if (error != 0) return Fail("stdin cannot be used: " + ErrnoText(error), "-");
  switch (stat.type) {
    case FileType::kRegular:
      return OpenedSource{std::make_unique<FileSource>("stdin", index, std::move(fd)),
                          stat.identity, true};
    case FileType::kFifo:
    case FileType::kCharacter:
    case FileType::kSocket:
    case FileType::kOther:
      return OpenedSource{std::make_unique<PipeSource>("stdin", index, std::move(fd),
                                                       PipeEnd::kAtEof, false, notices),
                          stat.identity};
    case FileType::kDirectory:
    case FileType::kBlock:
      break;
  }
  return Fail(std::string("stdin is ") + FileTypeText(stat.type), "-");
}

Result<OpenedSource> OpenOnce(const std::string& path, uint32_t index, FileLedger& ledger,
                              Notices& notices) {
  FileStat stat;
  auto fd = OpenPath(path, &stat);
  if (!fd) return fd.error();
  if (stat.type != FileType::kRegular) {
    return MakePipe(path, index, *std::move(fd), stat, true, notices);
  }
  // The descriptor was only the proof that the file can be opened; the source opens it in its turn.
  if (!HasGzipName(path)) {
    return OpenedSource{std::make_unique<FileSource>(path, index, ledger), stat.identity, true};
  }
  if (!CanBeGzip(fd->get())) return Fail("is named .gz but is not a gzip file", path);
  return OpenedSource{std::make_unique<GzipSource>(path, index, &ledger), stat.identity, true};
}

Result<OpenedSource> OpenFollowedPipe(const std::string& path, uint32_t index, Notices& notices) {
  FileStat stat;
  auto fd = OpenPath(path, &stat);
  if (!fd) return fd.error();
  if (stat.type == FileType::kRegular) return Fail("became a regular file just now", path);
  return MakePipe(path, index, *std::move(fd), stat, false, notices);
}

}  // namespace parshall::bytes
