#pragma once
// A regular file that is followed by its path, like tail -F. The file is held by its descriptor:
// when it is renamed away it is read on until it has been silent for a while and a new file stands
// under the path; then that one is read from its beginning as the next `file`. A file that lost
// what was read of it is begun again as the next `file` (copytruncate).

#include <deque>
#include <string>
#include <vector>

#include "bytes/file_in_hand.h"
#include "bytes/follow_tally.h"
#include "bytes/following.h"
#include "bytes/identity.h"
#include "bytes/member.h"

namespace parshall::bytes {

// One thread, but for counts(). Holds no bytes but those of the files' traces; one descriptor or
// none, and one more for each newer file (at most kSuccessorsMax) that has come under the path
// while the old one is still read.
class FollowedFile : public Member {
 public:
  static constexpr size_t kSuccessorsMax = 16;

  FollowedFile(std::string path, uint32_t index, Following& following);
  ~FollowedFile() override;

  // Begins with this file, which was claimed for this object.
  void Begin(FileInHand first);
  // Goes on with these when the current one has ended. They were claimed for this object.
  void Append(std::deque<FileInHand> next);
  // This was read by an earlier run, and has been truncated since.
  void WasTruncated(const FilePosition& left);
  const FileInHand& current() const { return current_; }

  ReadResult Read(char* data, size_t size) override;
  // Reading again tells what became of the file.
  void SetReadable() override { ready_ = !ended_ && current_.held; }
  void Recheck(int64_t now_ms) override;
  int64_t due_ms() const override { return due_ms_; }
  void AppendPositions(std::vector<FilePosition>* positions) const override;
  CopyOf JudgeCopy(const std::string& path, int fd, const FileStat& stat) override;

  // Since when nothing stands under the path and nothing is left to read; kNever: something does.
  int64_t gone_since_ms() const { return gone_since_; }
  // The next Read() ends this source, if it is gone still.
  void Forget();

  const FollowCounts& counts() const { return counts_; }
  // No inotify tells what becomes of the file: it is looked at several times a second.
  bool polled() const;

 private:
  enum class AtEnd : uint8_t { kGrew, kSame, kShrank, kSizeless };
  AtEnd LookAtEnd();
  bool OpenCurrent();
  bool Sizeless() const;
  void TakeMissed();
  bool Behind() const;
  size_t SkipNuls(char* data, size_t size);
  ReadResult BeginAgain(ReadResult result);
  void RememberCopies();
  CopyOf Judge(const Trace& read, bool current, const std::string& path, int fd,
               const FileStat& stat);
  bool BeginsLikeUnread(int fd, const FileStat& stat) const;
  bool Stands() const;
  uint64_t SavedInCopies(uint64_t begin, uint64_t end, int64_t since_ns) const;
  ReadResult LeaveAndGoOn(ReadResult result);
  void LookAtPath(int64_t now_ms);
  void Discover(const FileStat& at_path);
  void WaitForSilence(int64_t now_ms);
  bool CanBeLeft(int64_t silent_ms, bool linked) const;
  void LeaveCurrent();
  void BreakSilence();
  void Rest();
  void Watch();
  void WatchIfNeeded();
  void Publish();
  void Report(const std::string& trouble);

  Following& following_;
  FileInHand current_;
  int watch_ = -1;
  bool told_ = false;                  // some watch tells of what is written to the current file
  std::deque<FileInHand> successors_;  // newer files of this path, oldest first
  // What was read of the path and then truncated, newest first. A copy of it may be found later,
  // when names were moved on while the folder was read. At most kTruncatedMax.
  struct Truncated {
    Trace trace;
    FilePosition left;  // of an earlier run: instead of the trace
    int64_t noticed_ns = 0;
  };
  static constexpr size_t kTruncatedMax = 8;
  std::deque<Truncated> truncated_;
  uint64_t file_ = 0;
  int64_t begun_ns_ = 0;    // when the current file was begun, Unix time
  bool gone_ = false;       // the current file is closed and stands nowhere: it is left
  bool pending_ = false;    // what stands under the path may be a copy: asked again soon
  bool last_seen_ = false;  // rotated away and silent long enough: ends when nothing more is read
  int64_t silent_since_ = kNever;  // rotated away and read to its end since
  int64_t due_ms_ = kNever;
  int64_t gone_since_ = kNever;
  std::string reported_;  // the trouble that was last reported; not said twice in a row
  FollowCounts counts_;
};

}  // namespace parshall::bytes
