#pragma once
// A regular file that is followed by its path, like tail -F. The file is held by its descriptor:
// when it is renamed away it is read on until it has been silent for a while and a new file stands
// under the path; then that one is read from its beginning as the next `file`. A file that shrank
// below what was read is begun again as the next `file` (copytruncate).

#include <deque>
#include <string>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/identity.h"
#include "bytes/member.h"
#include "bytes/notices.h"
#include "bytes/watcher.h"

namespace parshall::bytes {

// What the followed files of one set share. Outlives them.
struct Following {
  Watcher& watcher;
  FileLedger& ledger;
  Notices& notices;
  int64_t rotate_wait_ms = 200;
  int64_t writer_wait_ms = 10'000;
};

// An open file and where to read on in it. An earlier run's offset can be put in here.
struct OpenedFile {
  Fd fd;
  FileIdentity identity;
  uint64_t offset = 0;
};

// Opens `path` when it is a regular file that nobody reads yet, and claims it for `owner`; with the
// offset at which to read on. Otherwise not valid(), and *trouble says why (empty: nothing to
// report, the file is not there or is read already).
OpenedFile OpenFollowed(const std::string& path, const void* owner, FileLedger& ledger,
                        std::string* trouble);

// One thread. Holds no bytes; one descriptor, and one more for each newer file (at most
// kSuccessorsMax) that has come under the path while the old one is still read.
class FollowedFile : public Member {
 public:
  static constexpr size_t kSuccessorsMax = 16;

  FollowedFile(std::string path, uint32_t index, Following& following);
  ~FollowedFile() override;

  // Begins with this file, which was claimed for this object.
  void Begin(OpenedFile first);
  const OpenedFile& current() const { return current_; }

  ReadResult Read(char* data, size_t size) override;
  // Reading again tells what became of the file.
  void SetReadable() override { ready_ = !ended_ && current_.fd.valid(); }
  void Recheck(int64_t now_ms) override;
  int64_t due_ms() const override { return due_ms_; }

 private:
  enum class AtEnd : uint8_t { kGrew, kSame, kShrank, kSizeless };
  AtEnd LookAtEnd();
  void Discover(const FileStat& at_path);
  void WaitForSilence(int64_t now_ms);
  bool CanBeLeft(int64_t silent_ms, bool linked) const;
  void LeaveCurrent();
  void BreakSilence();
  void Report(const std::string& trouble);

  Following& following_;
  OpenedFile current_;
  int watch_ = -1;
  std::deque<OpenedFile> successors_;  // newer files of this path, oldest first
  uint64_t file_ = 0;
  bool last_seen_ = false;  // rotated away and silent long enough: ends when nothing more is read
  int64_t silent_since_ = kNever;  // rotated away and read to its end since
  int64_t due_ms_ = kNever;
  std::string reported_;  // the trouble that was last reported; not said twice in a row
};

}  // namespace parshall::bytes
