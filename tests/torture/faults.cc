// A shim for LD_PRELOAD that spoils the n-th call of a kind on files below one folder: kills the
// process before it, makes it fail, cuts a write short, or interrupts. So every call of a commit
// can be the last one, without ptrace and without a file system that breaks on demand.
//
// Any thread. Counts in one atomic; says nothing; without FAULT_CALL it does nothing.
//   FAULT_DIR   only files below this folder (empty: all files that are no sockets or pipes)
//   FAULT_CALL  open, write, fsync, rename, read, inotify
//   FAULT_FROM, FAULT_TO  the first and last call that is hit, from 1
//   FAULT_DO    kill, short, or the number of an errno
//   FAULT_WHILE a file: nothing is hit unless it exists (so that a fault can come and go)
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

namespace {

struct Plan {
  const char* dir = getenv("FAULT_DIR");
  const char* call = getenv("FAULT_CALL");
  const char* what = getenv("FAULT_DO");
  const char* flag = getenv("FAULT_WHILE");
  long from = Number("FAULT_FROM", 1);
  long to = Number("FAULT_TO", LONG_MAX);

  static long Number(const char* name, long fallback) {
    const char* text = getenv(name);
    return text == nullptr || *text == '\0' ? fallback : atol(text);
  }
};

const Plan& ThePlan() {
  static const Plan plan;
  return plan;
}

std::atomic<long> calls{0};

bool IsBelow(const char* path) {
  const char* dir = ThePlan().dir;
  if (path == nullptr) return false;
  if (dir == nullptr || *dir == '\0') return path[0] == '/' && strncmp(path, "/proc/", 6) != 0;
  const size_t size = strlen(dir);
  return strncmp(path, dir, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

bool IsBelow(int fd) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return false;
  path[n] = '\0';
  return IsBelow(path);
}

// A name relative to a directory's descriptor.
bool IsBelow(int directory, const char* path) {
  if (path != nullptr && path[0] == '/') return IsBelow(path);
  if (directory != AT_FDCWD) return IsBelow(directory);
  char whole[PATH_MAX];
  return realpath(path, whole) != nullptr && IsBelow(whole);
}

enum class Fate { kGoOn, kFail, kShort };

// `below`: asked only when the kind fits, since it costs a system call.
template <typename Below>
Fate Spoil(const char* call, Below below) {
  const Plan& plan = ThePlan();
  if (plan.call == nullptr || strcmp(plan.call, call) != 0) return Fate::kGoOn;
  const int before = errno;
  const bool ours = below();
  const bool armed = plan.flag == nullptr || access(plan.flag, F_OK) == 0;
  errno = before;
  if (!ours || !armed) return Fate::kGoOn;
  const long n = ++calls;
  if (n < plan.from || n > plan.to || plan.what == nullptr) return Fate::kGoOn;
  if (strcmp(plan.what, "kill") == 0) kill(getpid(), SIGKILL);
  if (strcmp(plan.what, "short") == 0) return Fate::kShort;
  errno = atoi(plan.what);
  return Fate::kFail;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int OpenAt(int directory, const char* path, int flags, mode_t mode) {
  if (Spoil("open", [&] { return IsBelow(directory, path); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}

mode_t ModeOf(int flags, va_list list) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

}  // namespace

extern "C" {

#define OPEN(name)                              \
  int name(const char* path, int flags, ...) {  \
    va_list list;                               \
    va_start(list, flags);                      \
    const mode_t mode = ModeOf(flags, list);    \
    va_end(list);                               \
    return OpenAt(AT_FDCWD, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                          \
  int name(int directory, const char* path, int flags, ...) { \
    va_list list;                                             \
    va_start(list, flags);                                    \
    const mode_t mode = ModeOf(flags, list);                  \
    va_end(list);                                             \
    return OpenAt(directory, path, flags, mode);              \
  }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void* data, size_t size) {
  const Fate fate = Spoil("write", [&] { return IsBelow(fd); });
  if (fate == Fate::kFail) return -1;
  if (fate == Fate::kShort && size > 1) size = 1;
  return syscall(SYS_write, fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  const Fate fate = Spoil("write", [&] { return IsBelow(fd); });
  if (fate == Fate::kFail) return -1;
  if (fate == Fate::kShort && count > 0 && parts[0].iov_len > 0)
    return syscall(SYS_write, fd, parts[0].iov_base, 1);
  return syscall(SYS_writev, fd, parts, count);
}

#define PWRITE(name)                                                  \
  ssize_t name(int fd, const void* data, size_t size, off_t offset) { \
    const Fate fate = Spoil("write", [&] { return IsBelow(fd); });    \
    if (fate == Fate::kFail) return -1;                               \
    if (fate == Fate::kShort && size > 1) size = 1;                   \
    return syscall(SYS_pwrite64, fd, data, size, offset);             \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PREAD(name)                                               \
  ssize_t name(int fd, void* data, size_t size, off_t offset) {   \
    const Fate fate = Spoil("read", [&] { return IsBelow(fd); }); \
    if (fate == Fate::kFail) return -1;                           \
    if (fate == Fate::kShort && size > 1) size = 1;               \
    return syscall(SYS_pread64, fd, data, size, offset);          \
  }
PREAD(pread)
PREAD(pread64)

int fsync(int fd) {
  if (Spoil("fsync", [&] { return IsBelow(fd); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
  if (Spoil("fsync", [&] { return IsBelow(fd); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

int rename(const char* from, const char* to) {
  if (Spoil("rename", [&] { return IsBelow(AT_FDCWD, from); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  if (Spoil("rename", [&] { return IsBelow(from_directory, from); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_renameat2, from_directory, from, to_directory, to, 0));
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) {
  if (Spoil("rename", [&] { return IsBelow(from_directory, from); }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}

int inotify_add_watch(int fd, const char* path, uint32_t mask) {
  if (Spoil("inotify", [] { return true; }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_inotify_add_watch, fd, path, mask));
}

int inotify_init1(int flags) {
  if (Spoil("inotify", [] { return true; }) == Fate::kFail) return -1;
  return static_cast<int>(syscall(SYS_inotify_init1, flags));
}

}  // extern "C"
