// Lets the n-th system call on certain files fail, end the process, or be written down.
//
// As a library that is loaded before others (the build makes libfault_shim.so beside the tests):
//
//   LD_PRELOAD=…/libfault_shim.so FAULT_PATH=/tmp/x/state FAULT_CALL=fsync,fdatasync FAULT_AT=3
//   FAULT_DO=EIO parshall …
//
//   FAULT_PATH  which files: those whose absolute path begins with this. Needed; without it all
//               calls pass through untouched.
//   FAULT_CALL  which calls, with commas between: openat write fdatasync fsync rename link unlink
//               ftruncate. Each word covers its relatives (open; pwrite, writev; renameat,
//               renameat2; linkat; unlinkat). Default: all of them.
//   FAULT_AT    when: "3" the third such call only, "3+" the third and all after it, "*" each
//               (default "*"). Counted over all threads from 1.
//   FAULT_DO    what then:
//                 kill     SIGKILL before the call is made
//                 after    the call is made, then SIGKILL
//                 torn     half of a write (or none of any other call), then SIGKILL
//                 short    a write writes one byte only; other calls pass
//                 ENOSPC, EIO, EINTR, EACCES, EMFILE, EDQUOT, EROFS or a number: the call is not
//                 made and fails with that errno
//               Default: nothing.
//   FAULT_LOG   a file that each matching call that succeeded appends one line to, fields between
//   tabs:
//                 openat  <flags>  <path>        rename  <from>  <to>       unlink  <path>
//                 write   <offset>  <path>  <bytes in hex>                  link    <from>  <to>
//                 fsync   <path>        fdatasync  <path>                   ftruncate  <size>
//                 <path>
//               A call that was made to fail appends "failed", the call's word and its path.
//               Paths must have no tab or newline. It must not itself lie under FAULT_PATH.
//
// A rename or link matches by either of its paths, a call on a descriptor by what /proc says of it.
// For a program built with address sanitizer set ASAN_OPTIONS=verify_asan_link_order=0. Calls that
// libc makes inside of itself (stdio) do not pass here. The calls that pass are made directly, so
// that nothing has to be looked up: the shim works from the first call of a process on.
//
// Linked into a test program it does the same for that program; fault_shim.h sets it.

#include "tests/tools/fault_shim.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

enum class Action { kNothing, kKill, kAfter, kTorn, kShort, kFail };

struct Plan {
  std::string path;
  std::string calls;  // ",openat,write," or empty for all
  unsigned long at = 0;
  bool and_after = true;
  Action action = Action::kNothing;
  int error = 0;
  int log = -1;
  const Plan* before = nullptr;  // stays, since another thread may be using it
};

std::atomic<const Plan*> g_plan{nullptr};
const Plan* g_all = nullptr;  // chained
std::atomic<bool> g_is_set{false};
std::atomic<unsigned long> g_count{0};

[[noreturn]] void Die() {
  for (;;) ::syscall(SYS_kill, ::getpid(), SIGKILL);
}

int ErrorOf(std::string_view word) {
  struct Row {
    std::string_view word;
    int error;
  };
  static constexpr Row kRows[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EINTR", EINTR},
                                  {"EACCES", EACCES}, {"EMFILE", EMFILE}, {"EDQUOT", EDQUOT},
                                  {"EROFS", EROFS}};
  for (const Row& row : kRows) {
    if (row.word == word) return row.error;
  }
  return std::atoi(std::string(word).c_str());
}

const Plan* MakePlan(const char* path, const char* call, const char* at, const char* action,
                     const char* log) {
  if (path == nullptr || *path == '\0') return nullptr;
  Plan* plan = new Plan;
  plan->before = g_all;
  g_all = plan;
  plan->path = path;
  if (call != nullptr && *call != '\0') plan->calls = "," + std::string(call) + ",";
  const std::string_view when = at == nullptr ? "*" : at;
  if (when != "*" && !when.empty()) {
    plan->at = std::strtoul(at, nullptr, 10);
    plan->and_after = when.back() == '+';
  }
  const std::string_view what = action == nullptr ? "" : action;
  if (what == "kill") {
    plan->action = Action::kKill;
  } else if (what == "after") {
    plan->action = Action::kAfter;
  } else if (what == "torn") {
    plan->action = Action::kTorn;
  } else if (what == "short") {
    plan->action = Action::kShort;
  } else if (!what.empty()) {
    plan->action = Action::kFail;
    plan->error = ErrorOf(what);
    if (plan->error <= 0) {
      std::fprintf(stderr, "fault_shim: FAULT_DO=%s is nothing it knows\n", action);
      std::abort();  // a test that injects nothing would pass
    }
  }
  if (log != nullptr && *log != '\0') {
    plan->log = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  return plan;
}

const Plan* ThePlan() {
  if (!g_is_set.load()) {
    const Plan* plan =
        MakePlan(std::getenv("FAULT_PATH"), std::getenv("FAULT_CALL"), std::getenv("FAULT_AT"),
                 std::getenv("FAULT_DO"), std::getenv("FAULT_LOG"));
    g_plan.store(plan);
    g_is_set.store(true);
  }
  return g_plan.load();
}

std::string PathOfFd(int fd) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char path[PATH_MAX];
  const long size = ::syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : std::string();
}

std::string PathAt(int directory, const char* name) {
  if (name == nullptr) return {};
  if (*name == '/') return name;
  if (directory != AT_FDCWD) return PathOfFd(directory) + "/" + name;
  char cwd[PATH_MAX];
  return ::syscall(SYS_getcwd, cwd, sizeof cwd) > 0 ? std::string(cwd) + "/" + name : name;
}

// One call: whether it is meant, what is to become of it, and what is written down of it.
class Call {
 public:
  explicit Call(const char* word) : word_(word), plan_(ThePlan()) {
    if (plan_ != nullptr && !plan_->calls.empty() &&
        plan_->calls.find("," + std::string(word) + ",") == std::string::npos) {
      plan_ = nullptr;
    }
  }
  bool may_match() const { return plan_ != nullptr; }

  void On(std::string path, std::string second = {}) {
    if (plan_ == nullptr) return;
    if (path.compare(0, plan_->path.size(), plan_->path) != 0 &&
        second.compare(0, plan_->path.size(), plan_->path) != 0) {
      plan_ = nullptr;
      return;
    }
    path_ = std::move(path);
    second_ = std::move(second);
    const unsigned long count = g_count.fetch_add(1) + 1;
    if (plan_->and_after ? count >= plan_->at : count == plan_->at) action_ = plan_->action;
    if (action_ == Action::kKill) Die();
  }

  // Whether the call is not to be made; errno is set then.
  bool Fails() {
    if (action_ == Action::kTorn) Die();
    if (action_ != Action::kFail) return false;
    Append("failed\t" + std::string(word_) + "\t" + path_ + "\n");
    errno = plan_->error;
    return true;
  }
  size_t SizeOf(size_t size) const {
    if (action_ == Action::kTorn) return size / 2;
    return action_ == Action::kShort ? std::min<size_t>(size, 1) : size;
  }
  bool is_torn() const { return action_ == Action::kTorn; }

  // The call was made. Returns its result.
  template <typename T>
  T Made(T result, const std::string& number = {}, std::string_view data = {}) {
    if (plan_ == nullptr) return result;
    const int saved = errno;
    if (result >= 0 && plan_->log >= 0) {
      std::string line = word_;
      if (!number.empty()) line += "\t" + number;
      line += "\t" + path_;
      if (!second_.empty()) line += "\t" + second_;
      if (!data.empty()) line += "\t";
      for (const char byte : data) {
        line += "0123456789abcdef"[(byte >> 4) & 15];
        line += "0123456789abcdef"[byte & 15];
      }
      Append(line + "\n");
    }
    if (action_ == Action::kAfter || action_ == Action::kTorn) Die();
    errno = saved;
    return result;
  }

 private:
  void Append(const std::string& line) {
    if (plan_->log >= 0) ::syscall(SYS_write, plan_->log, line.data(), line.size());
  }

  const char* word_;
  const Plan* plan_;
  std::string path_;
  std::string second_;
  Action action_ = Action::kNothing;
};

int Open(int directory, const char* name, int flags, mode_t mode) {
  Call call("openat");
  if (call.may_match()) call.On(PathAt(directory, name));
  if (call.Fails()) return -1;
  const int fd = static_cast<int>(::syscall(SYS_openat, directory, name, flags, mode));
  return call.Made(fd, std::to_string(flags));
}

mode_t ModeOf(int flags, va_list arguments) {
  const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

// `offset` < 0: where the descriptor stands.
ssize_t Write(int fd, const void* data, size_t size, off_t offset) {
  Call call("write");
  off_t at = offset;
  if (call.may_match()) {
    call.On(PathOfFd(fd));
    if (at < 0) at = ::syscall(SYS_lseek, fd, 0, SEEK_CUR);
  }
  if (!call.is_torn() && call.Fails()) return -1;
  const size_t some = call.SizeOf(size);
  const long written = offset < 0 ? ::syscall(SYS_write, fd, data, some)
                                  : ::syscall(SYS_pwrite64, fd, data, some, offset);
  const std::string_view bytes(static_cast<const char*>(data),
                               written > 0 ? static_cast<size_t>(written) : 0);
  return call.Made(static_cast<ssize_t>(written), std::to_string(at), bytes);
}

int Rename(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  Call call("rename");
  if (call.may_match()) call.On(PathAt(from_directory, from), PathAt(to_directory, to));
  if (call.Fails()) return -1;
  return call.Made(
      static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags)));
}

int Link(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  Call call("link");
  if (call.may_match()) call.On(PathAt(from_directory, from), PathAt(to_directory, to));
  if (call.Fails()) return -1;
  return call.Made(
      static_cast<int>(::syscall(SYS_linkat, from_directory, from, to_directory, to, flags)));
}

int Unlink(int directory, const char* name, int flags) {
  Call call("unlink");
  if (call.may_match()) call.On(PathAt(directory, name));
  if (call.Fails()) return -1;
  return call.Made(static_cast<int>(::syscall(SYS_unlinkat, directory, name, flags)));
}

int OnFd(const char* word, int fd, long number, const std::string& size = {}, long argument = 0) {
  Call call(word);
  if (call.may_match()) call.On(PathOfFd(fd));
  if (call.Fails()) return -1;
  return call.Made(static_cast<int>(::syscall(number, fd, argument)), size);
}

}  // namespace

extern "C" {

void FaultShimSet(const char* path, const char* call, const char* at, const char* action,
                  const char* log) {
  g_plan.store(MakePlan(path, call, at, action, log));
  g_count.store(0);
  g_is_set.store(true);
}
void FaultShimClear() { FaultShimSet(nullptr, nullptr, nullptr, nullptr, nullptr); }
unsigned long FaultShimCount() { return g_count.load(); }

#define FAULT_SHIM_OPEN(name, directory_parameter, directory)      \
  int name(directory_parameter const char* path, int flags, ...) { \
    va_list arguments;                                             \
    va_start(arguments, flags);                                    \
    const mode_t mode = ModeOf(flags, arguments);                  \
    va_end(arguments);                                             \
    return Open(directory, path, flags, mode);                     \
  }
#define FAULT_SHIM_COMMA(type_and_name) type_and_name,
FAULT_SHIM_OPEN(open, , AT_FDCWD)
FAULT_SHIM_OPEN(open64, , AT_FDCWD)
FAULT_SHIM_OPEN(openat, FAULT_SHIM_COMMA(int directory), directory)
FAULT_SHIM_OPEN(openat64, FAULT_SHIM_COMMA(int directory), directory)

ssize_t write(int fd, const void* data, size_t size) { return Write(fd, data, size, -1); }
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return Write(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return Write(fd, data, size, offset);
}
// Each piece as a write of its own.
ssize_t writev(int fd, const iovec* pieces, int count) {
  ssize_t all = 0;
  for (int n = 0; n < count; ++n) {
    if (pieces[n].iov_len == 0) continue;
    const ssize_t written = Write(fd, pieces[n].iov_base, pieces[n].iov_len, -1);
    if (written < 0) return all > 0 ? all : -1;
    all += written;
    if (static_cast<size_t>(written) < pieces[n].iov_len) break;
  }
  return all;
}

int fsync(int fd) { return OnFd("fsync", fd, SYS_fsync); }
int fdatasync(int fd) { return OnFd("fdatasync", fd, SYS_fdatasync); }
int ftruncate(int fd, off_t size) noexcept {
  return OnFd("ftruncate", fd, SYS_ftruncate, std::to_string(size), size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  return OnFd("ftruncate", fd, SYS_ftruncate, std::to_string(size), size);
}

int rename(const char* from, const char* to) noexcept {
  return Rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  return Rename(from_directory, from, to_directory, to, 0);
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) noexcept {
  return Rename(from_directory, from, to_directory, to, flags);
}
int link(const char* from, const char* to) noexcept {
  return Link(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_directory, const char* from, int to_directory, const char* to,
           int flags) noexcept {
  return Link(from_directory, from, to_directory, to, flags);
}
int unlink(const char* path) noexcept { return Unlink(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char* path, int flags) noexcept {
  return Unlink(directory, path, flags);
}
}
