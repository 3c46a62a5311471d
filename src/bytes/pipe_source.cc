#include "bytes/pipe_source.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "bytes/identity.h"

namespace parshall::bytes {
namespace {

// As large as an unprivileged process may have; a writer then seldom waits for us. Not being
// allowed to, or not being a pipe, is no trouble.
constexpr int kPipeBytes = 1 << 20;

short PollNow(int fd) {
  pollfd p = {.fd = fd, .events = POLLIN, .revents = 0};
  int n;
  do {
    n = ::poll(&p, 1, 0);
  } while (n < 0 && errno == EINTR);
  return n > 0 ? p.revents : short{0};
}

}  // namespace

PipeSource::PipeSource(std::string name, uint32_t index, Fd fd, PipeEnd end, bool named,
                       Notices& notices)
    : Member(std::move(name), index),
      fd_(std::move(fd)),
      end_(end),
      named_(named),
      // stdin is left as it is: the flag belongs to the open file, which other processes share.
      blocking_((::fcntl(fd_.get(), F_GETFL) & O_NONBLOCK) == 0),
      notices_(notices) {
  ::fcntl(fd_.get(), F_SETPIPE_SZ, kPipeBytes);
}

void PipeSource::SetReadable() {
  Member::SetReadable();
  readable_ = true;
}

ReadResult PipeSource::Read(char* data, size_t size) {
  ReadResult result{.offset = offset_, .file = file_, .error = {}};
  if (ended_) return End(result);
  if (parked_) return result;
  if (blocking_ && !readable_ && PollNow(fd_.get()) == 0) {
    ready_ = false;
    return result;
  }
  readable_ = false;
  const ssize_t n = ReadSome(fd_.get(), data, size);
  if (n > 0) {
    result.status = ReadStatus::kBytes;
    result.size = static_cast<size_t>(n);
    offset_ += result.size;
    // A read that was not filled has emptied the pipe: polling comes next. Not so for a FIFO: only
    // another read tells that its writer has gone, when it went between two of our openings.
    ready_ = named_ || result.size == size;
    return result;
  }
  ready_ = false;
  if (n == 0) return ReadNothing(std::move(result));
  if (errno == EAGAIN || errno == EWOULDBLOCK) return result;
  return FailWith(std::move(result), "cannot be read: " + ErrnoText(errno));
}

// Nothing was read: every writer has gone, or (a named FIFO) none has come.
ReadResult PipeSource::ReadNothing(ReadResult result) {
  if (!named_) return End(std::move(result));
  const bool writer_gone = offset_ > 0 || (PollNow(fd_.get()) & POLLHUP) != 0;
  if (!writer_gone) return result;
  if (end_ == PipeEnd::kAtEof) return End(std::move(result));
  if (offset_ > 0) {
    result.status = ReadStatus::kFileEnded;
    offset_ = 0;
    ++file_;
  }
  // A FIFO whose writers have gone stays hung up, and poll() would say so for ever; a new opening
  // of it does not. What a quick new writer has put in meanwhile is kept, since one of the two
  // stays open.
  Reopen();
  return result;
}

void PipeSource::Reopen() {
  Fd fresh = OpenForReading(name());
  FileStat stat;
  std::string trouble;
  if (!fresh.valid()) {
    trouble = ErrnoText(errno);
  } else if (const int error = StatFd(fresh.get(), &stat); error != 0) {
    trouble = ErrnoText(error);
  } else if (stat.type != FileType::kFifo) {
    trouble = std::string("it is ") + FileTypeText(stat.type) + " now";
  }
  parked_ = !trouble.empty();
  if (parked_) {
    if (!reported_)
      notices_.Add(name() + ": the FIFO cannot be opened again, trying on: " + trouble);
    reported_ = true;
    return;
  }
  reported_ = false;
  fd_ = std::move(fresh);
  ::fcntl(fd_.get(), F_SETPIPE_SZ, kPipeBytes);
}

void PipeSource::Recheck(int64_t /*now_ms*/) {
  if (end_ != PipeEnd::kNextWriter || ended_) return;
  if (parked_) {
    Reopen();
    return;
  }
  // Another FIFO may stand under the path. While the old one has a writer or bytes, it is read on.
  if (offset_ > 0 || PollNow(fd_.get()) != 0) return;
  FileStat ours;
  FileStat at_path;
  if (StatPath(name(), &at_path) != 0 || at_path.type != FileType::kFifo) return;
  if (StatFd(fd_.get(), &ours) == 0 && ours.identity != at_path.identity) Reopen();
}

}  // namespace parshall::bytes
