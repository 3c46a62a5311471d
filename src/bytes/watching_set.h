#pragma once
// The sources of a run and when each has its turn. What there is to follow is the finder's affair,
// and what a file went through the file's own; this knows who is ready and whom to wait for.

#include <poll.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/finder.h"
#include "bytes/followed_file.h"
#include "bytes/following.h"
#include "bytes/member.h"
#include "bytes/notices.h"
#include "bytes/open_source.h"
#include "bytes/source_set.h"
#include "bytes/watcher.h"

namespace parshall::bytes {

// Each followed path is looked at this often even where inotify tells everything.
constexpr int64_t kLookMs = 1000;
// And this often where it does not.
constexpr int64_t kPollMs = 250;

// One thread, but for what any may call (source_set.h).
class WatchingSet final : public SourceSet {
 public:
  explicit WatchingSet(SetOptions options);

  Status Add(const std::vector<SourceSpec>& specs);

  Ready Next(int timeout_ms, Source** source) override;
  void Stop() override;
  void Wake() override;
  std::vector<FilePosition> Positions() const override;
  std::vector<std::pair<std::string, FollowTally>> Tallies() const override;
  std::vector<std::pair<std::string, FollowTally>> TakeForgotten() override;
  WatchTally Watched() const override;
  std::vector<std::string> TakeNotices() override { return notices_.Take(); }

 private:
  // Opening, now and later.
  Status AddOnce(const std::string& path);
  Status AddOnceGlob(const std::string& pattern);
  Status Adopt(Result<OpenedSource> opened, const std::string& path);
  Status Scan(bool at_start);
  void Register(std::unique_ptr<Member> member, const std::string& path);

  // Waiting.
  void Enqueue(Member* member);
  void Retire(Member* member);
  void ForgetIfGone(FollowedFile* file, int64_t now);
  void Destroy(Member* member);
  void Ring();
  void Look(int64_t timeout_ms);
  void TakeEvents();
  void RecheckAll(int64_t now);
  void RecheckDue(int64_t now);
  void Poll(int64_t now);
  bool following() const { return finder_.wants_any(); }
  int64_t WakeAt() const { return std::min({look_at_, poll_at_, due_at_, rescan_at_}); }

  Notices notices_;
  FileLedger ledger_;
  Watcher watcher_;
  Following following_;
  Fd wake_;  // readable: Stop() or Wake() was called
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> woken_ = false;

  const int64_t forget_ms_;
  std::vector<std::unique_ptr<Member>> members_;
  uint32_t next_index_ = 0;
  Finder::ByPath by_path_;
  Finder finder_{following_, by_path_};

  std::vector<FollowedFile*> followed_;
  std::unordered_set<std::string> named_;  // paths that were named as such, not by a glob
  // All that ever were in followed_, for Tallies(); of those that were destroyed, what they
  // counted.
  mutable std::mutex counted_mutex_;
  std::vector<const FollowedFile*> counted_;
  std::vector<std::pair<std::string, FollowTally>> forgotten_;
  std::vector<Member*> pipes_;    // those with something to poll
  std::deque<Member*> sequence_;  // files read once; only the first is in queue_
  std::deque<Member*> queue_;     // ready, in the order of their turns
  Member* last_ = nullptr;        // handed out by the last Next()
  size_t live_ = 0;

  std::vector<pollfd> polls_;
  std::vector<Watcher::Event> events_;
  int64_t looked_at_ = 0;       // the last poll, to the millisecond
  int64_t look_at_ = kNever;    // when everything is looked at again
  int64_t poll_at_ = kNever;    // when what inotify does not tell of is looked at again
  int64_t due_at_ = kNever;     // when some member wants to be looked at
  int64_t rescan_at_ = kNever;  // when the globs are expanded after a name came
  int64_t scanned_at_ = 0;
};

}  // namespace parshall::bytes
