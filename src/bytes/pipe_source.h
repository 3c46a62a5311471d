#pragma once
// Bytes that arrive: stdin, named FIFOs, terminals, sockets given as stdin. They have no size and
// no past; one poll says that there is something, one read takes it.

#include <string>

#include "base/fd.h"
#include "bytes/member.h"
#include "bytes/notices.h"

namespace parshall::bytes {

enum class PipeEnd : uint8_t {
  kAtEof,       // the first end of file is the end: stdin, a process substitution, a FIFO read once
  kNextWriter,  // a FIFO that is followed: it waits for the next writer, who writes a new `file`
};

// One thread. Holds no bytes.
class PipeSource : public Member {
 public:
  // `path` is opened again for the next writer (kNextWriter). `named` is true for a FIFO that has a
  // path: there, reading nothing may also mean that no writer has come yet.
  PipeSource(std::string name, uint32_t index, Fd fd, PipeEnd end, bool named, Notices& notices);

  ReadResult Read(char* data, size_t size) override;
  int poll_fd() const override { return parked_ || ended_ ? -1 : fd_.get(); }
  void SetReadable() override;
  void Recheck(int64_t now_ms) override;

 private:
  ReadResult ReadNothing(ReadResult result);
  void Reopen();

  Fd fd_;
  const PipeEnd end_;
  const bool named_;
  const bool blocking_;
  Notices& notices_;
  bool readable_ = false;  // poll() said so, and nothing was read since
  bool parked_ = false;    // the FIFO could not be opened again; tried every second
  bool reported_ = false;
  uint64_t offset_ = 0;
  uint64_t file_ = 0;
};

}  // namespace parshall::bytes
