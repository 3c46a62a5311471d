#include "state/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include "base/timestamp.h"
#include "state/format.h"

namespace parshall::state {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

// "cannot … it: Permission denied"
Error Cannot(const char* what, int error, std::string where) {
  return Fail(fmt::format("cannot {}: {}", what, ErrnoText(error)), std::move(where));
}

int OpenAt(int directory, const char* name, int flags, mode_t mode = 0) {
  for (;;) {
    const int fd = ::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

// Why `path` could not be opened as a directory, in words: Linux says ENOTDIR of a symbolic link.
Error CannotOpenDirectory(const std::string& path, int error) {
  struct stat stat = {};
  if ((error == ENOTDIR || error == ELOOP) && ::lstat(path.c_str(), &stat) == 0) {
    if (S_ISLNK(stat.st_mode)) {
      return Fail(
          "the state directory is a symbolic link, which is not followed; name the "
          "directory itself",
          path);
    }
    if (!S_ISDIR(stat.st_mode)) return Fail("the state directory is not a directory", path);
  }
  if (error == ENOENT) {
    return Fail("the folder that the state directory should stand in does not exist", path);
  }
  return Cannot("open the state directory", error, path);
}

// A number of the lock file, which anybody may have written.
std::string DigitsAfter(std::string_view text, std::string_view word, std::string_view allowed) {
  const size_t at = text.find(word);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + word.size());
  const size_t end = std::min(rest.find_first_not_of(allowed), rest.size());
  return end > 40 ? std::string() : std::string(rest.substr(0, end));
}

Error LockedBySomebody(int lock, const std::string& path) {
  char text[256];
  const ssize_t size = ReadSomeAt(lock, text, sizeof text, 0);
  const std::string_view content(text, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  const std::string pid = DigitsAfter(content, "pid ", "0123456789");
  const std::string since = DigitsAfter(content, "since ", "0123456789-T:.Z");
  std::string who = pid.empty() ? "another instance" : "the instance with process id " + pid;
  if (!since.empty()) who += ", started " + since;
  return Fail("the state directory is in use by " + who +
                  "; stop it, or give this one a directory of its own",
              path);
}

bool IsTemporary(std::string_view name) {
  return name.size() == kTemporaryPrefix.size() + 16 && name.starts_with(kTemporaryPrefix) &&
         name.find_first_not_of("0123456789abcdef", kTemporaryPrefix.size()) == name.npos;
}

// A file that says of itself what is wrong with it is no fault of the system.
bool IsOurs(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

}  // namespace

Result<StateDir> StateDir::OpenChecked(const std::string& given, bool looks_only) {
  // A slash at the end would have a symbolic link followed.
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return Fail("the state directory has no name");
  constexpr int kFlags = O_RDONLY | O_DIRECTORY;
  bool made = false;
  Fd fd(OpenAt(AT_FDCWD, path.c_str(), kFlags));
  if (!fd.valid() && errno == ENOENT && !looks_only) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      if (errno == ENOENT) return CannotOpenDirectory(path, ENOENT);
      return Cannot("make the state directory", errno, path);
    }
    made = true;
    fd.Reset(OpenAt(AT_FDCWD, path.c_str(), kFlags));
  }
  if (!fd.valid()) {
    if (errno == ENOENT && looks_only) return Fail("there is no such state directory", path);
    return CannotOpenDirectory(path, errno);
  }
  struct stat stat = {};
  if (::fstat(fd.get(), &stat) != 0) return Cannot("look at the state directory", errno, path);
  StateDir dir(path, std::move(fd), looks_only);
  if (stat.st_uid != ::geteuid() && !(looks_only && ::geteuid() == 0)) {
    return Fail(fmt::format("the state directory belongs to user {}, and this runs as user {}; "
                            "change its owner, or name another one",
                            stat.st_uid, ::geteuid()),
                path);
  }
  if ((stat.st_mode & kWritableByOthers) != 0) {
    return Fail(fmt::format("others may write into the state directory (mode {:04o}); take that "
                            "from them: chmod go-w",
                            stat.st_mode & 07777),
                path);
  }
  if (made) {
    // So that the directory itself is still there after a power cut. A parent that may not be read
    // is no reason to refuse.
    const Fd parent(OpenAt(dir.fd(), "..", kFlags));
    if (parent.valid()) ::fsync(parent.get());
  }
  return dir;
}

Result<StateDir> StateDir::OpenToLook(const std::string& path) { return OpenChecked(path, true); }

Result<StateDir> StateDir::Open(const std::string& path) {
  auto dir = OpenChecked(path, false);
  if (!dir) return dir;
  if (Status status = dir->Lock(); !status) return status.error();
  if (Status status = dir->Sweep(); !status) return status.error();
  return dir;
}

std::string StateDir::PathOf(std::string_view name) const {
  return fmt::format("{}{}{}", path_, path_.ends_with('/') ? "" : "/", name);
}

std::string StateDir::FaultOf(const struct stat& stat) const {
  if (S_ISLNK(stat.st_mode)) return "it is a symbolic link, which is not followed";
  if (!S_ISREG(stat.st_mode)) return "it is not a regular file";
  if (stat.st_uid != ::geteuid() && !(looks_only_ && ::geteuid() == 0)) {
    return fmt::format("it belongs to user {}, and this runs as user {}", stat.st_uid, ::geteuid());
  }
  if ((stat.st_mode & kWritableByOthers) != 0) {
    return fmt::format("others may write it (mode {:04o})", stat.st_mode & 07777);
  }
  // None: an instance at work has replaced it since it was opened.
  if (stat.st_nlink > 1) return "it has a second name (a hard link)";
  return {};
}

Status StateDir::Lock() {
  const std::string path = PathOf(kLockName);
  // Another instance may make the file in the same moment: then it is there at the second look.
  Fd lock;
  for (int look = 0; look < 100 && !lock.valid(); ++look) {
    lock.Reset(OpenAt(fd(), kLockName, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600));
    if (!lock.valid() && errno == EEXIST) {
      lock.Reset(OpenAt(fd(), kLockName, O_RDWR | O_NONBLOCK));
    }
    if (!lock.valid() && errno != ENOENT) break;
  }
  if (!lock.valid()) {
    if (errno == ELOOP)
      return Fail("it is a symbolic link, which is not followed; remove it", path);
    return Cannot("open the lock file of the state directory", errno, path);
  }
  struct stat stat = {};
  if (::fstat(lock.get(), &stat) != 0) return Cannot("look at the lock file", errno, path);
  if (std::string fault = FaultOf(stat); !fault.empty()) {
    return Fail("the lock file is not trusted: " + fault + "; remove it", path);
  }
  int locked = -1;
  while ((locked = ::flock(lock.get(), LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {
  }
  if (locked != 0) {
    if (errno == EWOULDBLOCK) return LockedBySomebody(lock.get(), path_);
    return Cannot("lock the state directory", errno, path);
  }
  // What it says is for the second instance's sentence only; a full disk does not matter here.
  char since[kRfc3339MillisSize];
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  FormatRfc3339Millis(
      Moment::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()), since);
  const std::string text =
      fmt::format("pid {}\nsince {}\n", ::getpid(), std::string_view(since, sizeof since));
  if (::ftruncate(lock.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(lock.get(), text.data(), text.size(), 0);
  }
  lock_ = std::move(lock);
  return Ok();
}

Status StateDir::KeepLock() {
  struct stat held = {};
  struct stat seen = {};
  if (::fstat(lock_.get(), &held) != 0) return Cannot("look at the lock", errno, PathOf(kLockName));
  if (::fstatat(fd(), kLockName, &seen, AT_SYMLINK_NOFOLLOW) == 0 && held.st_dev == seen.st_dev &&
      held.st_ino == seen.st_ino) {
    return Ok();
  }
  return Lock();
}

Status StateDir::Sweep() {
  // A descriptor of its own, since it has a place in the listing.
  Fd listing(OpenAt(fd(), ".", O_RDONLY | O_DIRECTORY));
  DIR* const all = listing.valid() ? ::fdopendir(listing.get()) : nullptr;
  if (all == nullptr) return Cannot("list the state directory", errno, path_);
  listing.Release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(all)) {
    if (IsTemporary(entry->d_name)) names.emplace_back(entry->d_name);
  }
  ::closedir(all);
  for (const std::string& name : names) {
    struct stat stat = {};
    if (::fstatat(fd(), name.c_str(), &stat, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(stat.st_mode) || stat.st_uid != ::geteuid()) continue;
    if (::unlinkat(fd(), name.c_str(), 0) == 0) ++swept_;
  }
  return Ok();
}

Result<bool> StateDir::Read(const char* name, Buffer& into, Refusal* refusal, bool* ours) const {
  const std::string path = PathOf(name);
  *refusal = Refusal::kUnsafe;
  *ours = false;
  // O_NONBLOCK: a FIFO must not hold us up.
  const Fd file(OpenAt(fd(), name, O_RDONLY | O_NONBLOCK));
  if (!file.valid()) {
    if (errno == ENOENT) return false;
    if (errno == ELOOP) return Fail("it is a symbolic link, which is not followed", path);
    if (errno == ENXIO) return Fail("it is not a regular file", path);
  }
  struct stat stat = {};
  if (!file.valid() || ::fstat(file.get(), &stat) != 0) {
    *refusal = Refusal::kUnreadable;
    *ours = IsOurs(errno);
    return Cannot("read it", errno, path);
  }
  if (std::string fault = FaultOf(stat); !fault.empty()) return Fail(std::move(fault), path);
  const auto size = static_cast<uint64_t>(stat.st_size);
  if (size > kSnapshotBytesMax) {
    *refusal = Refusal::kForeign;
    return Fail(fmt::format("its {} bytes are more than any snapshot has", size), path);
  }
  into.clear();
  char* at = into.Reserve(size + 1);
  const char* const end = at + size + 1;  // one more, to see the end
  while (at < end) {
    const ssize_t n = ReadSome(file.get(), at, static_cast<size_t>(end - at));
    if (n < 0) {
      *refusal = Refusal::kUnreadable;
      *ours = IsOurs(errno);
      return Cannot("read it", errno, path);
    }
    if (n == 0) break;
    at += n;
  }
  into.SetEnd(at);
  return true;
}

Result<Fd> StateDir::CreateTemporary(std::string* name) const {
  for (int attempt = 0; attempt < 10; ++attempt) {
    uint64_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != sizeof random) {
      return Cannot("get a random name for a new file", errno, path_);
    }
    *name = fmt::format("{}{:016x}", kTemporaryPrefix, random);
    Fd file(OpenAt(fd(), name->c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (file.valid()) return file;
    if (errno != EEXIST) break;
  }
  return Cannot("make a new file in the state directory", errno, path_);
}

Status StateDir::Rename(const std::string& from, const char* to) const {
  if (::renameat(fd(), from.c_str(), fd(), to) == 0) return Ok();
  return Cannot(fmt::format("rename {} to {}", from, to).c_str(), errno, path_);
}

bool StateDir::Exists(const char* name) const {
  struct stat stat = {};
  return ::fstatat(fd(), name, &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

void StateDir::Remove(const std::string& name) const { ::unlinkat(fd(), name.c_str(), 0); }

Status StateDir::Sync() const {
  if (::fsync(fd()) == 0) return Ok();
  return Cannot("bring the names in the state directory to the disk", errno, path_);
}

}  // namespace parshall::state
