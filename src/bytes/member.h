#pragma once
// What a SourceSet knows of each of its sources beyond Source: whether it is worth a Read(), what
// to poll, when to look again. The one level between Source and the kinds of sources; it only keeps
// the two flags that all of them share.

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bytes/position.h"
#include "bytes/source.h"

namespace parshall::bytes {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Milliseconds of the monotonic clock.
inline int64_t SteadyMs() {
  using std::chrono::steady_clock;
  const auto now = steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Nanoseconds of Unix time.
inline int64_t WallNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// What a file with a rotated name may be to the source that reads the unrotated one.
enum class CopyOf : uint8_t {
  kNothing,  // it is a file of its own
  kRead,     // a copy of what was read; so the ledger says now
  kPending,  // a copy with more in it than was read so far, or too new to tell: to be asked again
};

// One thread.
class Member : public Source {
 public:
  Member(std::string name, uint32_t index) : name_(std::move(name)), index_(index) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  const std::string& name() const final { return name_; }
  uint32_t index() const final { return index_; }

  // Worth a Read(). Ended sources never are.
  bool ready() const { return ready_; }
  bool ended() const { return ended_; }
  // It ended because nothing can come under its name any more: nobody need know it.
  bool forgotten() const { return forgotten_; }

  // The descriptor to poll for reading; -1: none (a regular file, or not now).
  virtual int poll_fd() const { return -1; }
  // poll_fd() is readable, hung up or broken: the next Read() will not block.
  virtual void SetReadable() { ready_ = !ended_; }
  // Looks at the path again: has the file grown, gone, been replaced? Called every second.
  virtual void Recheck(int64_t /*now_ms*/) {}
  // When Recheck() should be called at the latest.
  virtual int64_t due_ms() const { return kNever; }
  // Appends how far its files were read, where that is to outlive the run.
  virtual void AppendPositions(std::vector<FilePosition>* /*positions*/) const {}

  // Is this open file, which nobody reads, a copy (copytruncate) of what this source has read, or
  // is about to? Of one that holds more than was read before a truncation it says kNothing: it is
  // to be gone on with where the ledger says.
  virtual CopyOf JudgeCopy(const std::string& /*path*/, int /*fd*/, const FileStat& /*stat*/) {
    return CopyOf::kNothing;
  }

  bool queued = false;  // stands in the set's queue of ready sources

 protected:
  ReadResult End(ReadResult result) {
    result.status = ReadStatus::kEnded;
    ready_ = false;
    ended_ = true;
    return result;
  }
  ReadResult FailWith(ReadResult result, std::string error) {
    result = End(std::move(result));
    result.status = ReadStatus::kFailed;
    result.error = std::move(error);
    return result;
  }

  bool ready_ = false;
  bool ended_ = false;
  bool forgotten_ = false;

 private:
  const std::string name_;
  const uint32_t index_;
};

}  // namespace parshall::bytes
