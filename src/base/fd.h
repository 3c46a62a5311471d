#pragma once
// An owning file descriptor and the few system calls around it that must not be got wrong:
// close-on-exec always, EINTR retried, errno turned into a sentence.

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

namespace parshall {

// Owns one descriptor and closes it. One thread (Handed over by a move).
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Gives the descriptor up: the caller closes it.
  int Release() { return std::exchange(fd_, -1); }
  // Closes what is held and holds `fd` instead. Leaves errno alone.
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Opens for reading, close-on-exec and without ever blocking or taking a controlling terminal: a
// FIFO without a writer opens at once, and so does a file that turned out to be something odd.
// Not valid() on failure; errno says why.
Fd OpenForReading(const std::string& path);

// A second descriptor for the same open file, close-on-exec and above the standard three.
Fd Duplicate(int fd);

// read(2) and pread(2), repeated after EINTR.
ssize_t ReadSome(int fd, char* data, size_t size);
ssize_t ReadSomeAt(int fd, char* data, size_t size, off_t offset);

// "Permission denied" for EACCES. Any thread, unlike strerror.
std::string ErrnoText(int error);

}  // namespace parshall
