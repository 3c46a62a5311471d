#include "bytes/source_set.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/finder.h"
#include "bytes/followed_file.h"
#include "bytes/member.h"
#include "bytes/notices.h"
#include "bytes/open_source.h"
#include "bytes/path_pattern.h"
#include "bytes/watcher.h"

namespace parshall::bytes {
namespace {

// Each followed path is looked at this often even where inotify tells everything.
constexpr int64_t kLookMs = 1000;
// And this often where it does not.
constexpr int64_t kPollMs = 250;
// A look at everything may take this part of the time: ten thousand files are looked at less often.
constexpr int64_t kLookShare = 200;
constexpr int64_t kPollShare = 20;
// A directory in which names come and go all the time is not listed more often than this.
constexpr int64_t kRescanMs = 20;

// Idle files may take half of what the process may open: the rest is for those that are busy, the
// output, the connections.
int DescriptorsMax(const SetOptions& options) {
  rlimit limit = {};
  const rlim_t all = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
  const rlim_t max = options.open_files_max > 0 ? options.open_files_max : all / 2;
  return static_cast<int>(std::min<rlim_t>(max, 1 << 20));
}

// One thread, but for what any may call (source_set.h). Knows who is ready and whom to wait for;
// what there is to follow is the finder's affair, and what a file went through the file's own.
class WatchingSet final : public SourceSet {
 public:
  explicit WatchingSet(SetOptions options)
      : watcher_(options.inotify, notices_),
        following_{watcher_,
                   ledger_,
                   notices_,
                   std::max(0, options.rotate_wait_ms),
                   std::max(0, options.writer_wait_ms),
                   DescriptorsMax(options),
                   {}},
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::vector<FilePosition> current;
    for (FilePosition& position : options.resume) {
      if (position.current) current.push_back(position);
      ledger_.Remember(std::move(position));
    }
    finder_.Resume(std::move(current));
  }

  Status Add(const std::vector<SourceSpec>& specs);

  Ready Next(int timeout_ms, Source** source) override;
  void Stop() override;
  void Wake() override;
  std::vector<FilePosition> Positions() const override;
  std::vector<std::pair<std::string, FollowTally>> Tallies() const override;
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
  void Ring();
  void Look(int64_t timeout_ms);
  void TakeEvents();
  void RecheckAll(int64_t now);
  void RecheckDue(int64_t now);
  void Poll(int64_t now);
  bool following() const { return finder_.wants_any(); }
  uint32_t next_index() const { return static_cast<uint32_t>(members_.size()); }
  int64_t WakeAt() const { return std::min({look_at_, poll_at_, due_at_, rescan_at_}); }

  Notices notices_;
  FileLedger ledger_;
  Watcher watcher_;
  Following following_;
  Fd wake_;  // readable: Stop() or Wake() was called
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> woken_ = false;

  std::vector<std::unique_ptr<Member>> members_;
  Finder::ByPath by_path_;
  Finder finder_{following_, by_path_};

  std::vector<FollowedFile*> followed_;
  // All that ever were in followed_, for Tallies().
  mutable std::mutex counted_mutex_;
  std::vector<const FollowedFile*> counted_;
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

// ---------------------------------------------------------------------------------------- opening

Status WatchingSet::Add(const std::vector<SourceSpec>& specs) {
  if (!wake_.valid()) return Fail("cannot make an eventfd: " + ErrnoText(errno));
  for (const SourceSpec& spec : specs) {
    if (spec.path.empty()) return Fail("an empty path names no file");
    if (spec.path.find('\0') != std::string::npos) return Fail("a path with a NUL names no file");
    if (spec.path == "-") {
      if (by_path_.contains("-")) return Fail("stdin is named twice", "-");
      if (auto added = Adopt(OpenStdin(next_index(), notices_), "-"); !added) {
        return added;
      }
      continue;
    }
    const bool glob = IsGlob(spec.path);
    if (spec.once) {
      if (auto added = glob ? AddOnceGlob(spec.path) : AddOnce(spec.path); !added) return added;
      continue;
    }
    if (auto added = finder_.Want(spec, glob); !added) return added;
  }
  if (following()) {
    // Watched before they are listed, so that nothing comes unseen in between.
    finder_.WatchDirectories();
    if (auto scanned = Scan(true); !scanned) return scanned;
    look_at_ = SteadyMs() + kLookMs;
    poll_at_ = SteadyMs() + kPollMs;
  }
  if (!sequence_.empty()) Enqueue(sequence_.front());
  return Ok();
}

Status WatchingSet::AddOnce(const std::string& path) {
  if (by_path_.contains(path)) return Ok();
  return Adopt(OpenOnce(path, next_index(), ledger_, notices_), path);
}

Status WatchingSet::AddOnceGlob(const std::string& pattern) {
  auto paths = ExpandGlob(pattern);
  if (!paths) return paths.error();
  bool any = false;
  for (const std::string& path : *paths) {
    FileStat stat;
    // Only regular files are meant by a glob. AddOnce refuses what cannot be seen.
    const int error = StatPath(path, &stat);
    if (error == ENOENT || (error == 0 && stat.type != FileType::kRegular)) continue;
    if (auto added = AddOnce(path); !added) return added;
    any = true;
  }
  if (!any) return Fail("no regular file matches", pattern);
  return Ok();
}

Status WatchingSet::Adopt(Result<OpenedSource> opened, const std::string& path) {
  if (!opened) return opened.error();
  if (members_.size() >= kSourcesMax) return Fail("more than 100000 sources", path);
  Member* member = opened->member.get();
  const bool file = opened->sequential && path != "-";
  if (file && !ledger_.Claim(opened->identity, member)) {
    notices_.Add(path + ": is a file that is read already under another name; it is read once");
    return Ok();
  }
  if (opened->sequential) {
    sequence_.push_back(member);
  } else {
    pipes_.push_back(member);
  }
  Register(std::move(opened->member), path);
  return Ok();
}

void WatchingSet::Register(std::unique_ptr<Member> member, const std::string& path) {
  by_path_[path] = member.get();
  ++live_;
  members_.push_back(std::move(member));
}

// Looks for files that are wanted and not read yet. Fails only at the start.
Status WatchingSet::Scan(bool at_start) {
  scanned_at_ = SteadyMs();
  rescan_at_ = kNever;
  std::vector<Finder::Found> found;
  auto searched = finder_.Find(at_start, next_index(), &found);
  for (Finder::Found& one : found) {
    if (one.file != nullptr) {
      followed_.push_back(one.file);
      const std::lock_guard lock(counted_mutex_);
      counted_.push_back(one.file);
      Enqueue(one.file);
    } else {
      pipes_.push_back(one.member.get());
    }
    Register(std::move(one.member), one.path);
  }
  if (finder_.pending()) rescan_at_ = scanned_at_ + kPendingMs;
  return searched;
}

// ---------------------------------------------------------------------------------------- waiting

void WatchingSet::Enqueue(Member* member) {
  if (member->queued || !member->ready()) return;
  member->queued = true;
  queue_.push_back(member);
}

void WatchingSet::Retire(Member* member) {
  --live_;
  std::erase(pipes_, member);
  std::erase_if(followed_, [&](const FollowedFile* file) { return file == member; });
  // A followed path that ended for good (the pipe of a process substitution) is not waited for.
  finder_.Drop(member);
  if (!sequence_.empty() && sequence_.front() == member) {
    sequence_.pop_front();
    if (!sequence_.empty()) Enqueue(sequence_.front());
  }
}

Ready WatchingSet::Next(int timeout_ms, Source** source) {
  *source = nullptr;
  if (last_ != nullptr) {
    due_at_ = std::min(due_at_, last_->due_ms());
    if (last_->ended()) {
      Retire(last_);
    } else {
      Enqueue(last_);
    }
    last_ = nullptr;
  }
  int64_t deadline = timeout_ms < 0 ? kNever : timeout_ms == 0 ? 0 : SteadyMs() + timeout_ms;
  for (;;) {
    if (stopped_.load(std::memory_order_acquire)) return Ready::kStopped;
    if (woken_.load(std::memory_order_relaxed) && woken_.exchange(false)) return Ready::kWoken;
    // While one source has bytes all the time, the others are asked once a millisecond; a single
    // file that is read once costs no system call here.
    const bool others = following() || (!pipes_.empty() && live_ > 1);
    if (!queue_.empty() && others && SteadyMs() != looked_at_) Look(0);
    while (!queue_.empty()) {
      Member* member = queue_.front();
      queue_.pop_front();
      member->queued = false;
      if (!member->ready()) continue;
      last_ = member;
      *source = member;
      return Ready::kSource;
    }
    if (live_ == 0 && !following()) return Ready::kEnded;

    const int64_t until = std::min(deadline, WakeAt());
    if (until == kNever || until == 0) {
      Look(until == 0 ? 0 : -1);
    } else {
      Look(std::max<int64_t>(0, until - SteadyMs()));
    }
    if (!queue_.empty() || woken_.load(std::memory_order_relaxed) ||
        stopped_.load(std::memory_order_acquire)) {
      continue;
    }
    if (deadline != kNever && (deadline == 0 || SteadyMs() >= deadline)) return Ready::kIdle;
  }
}

// Waits for at most timeout_ms (-1: for ever) for anything to happen, and puts whoever it happened
// to into the queue.
void WatchingSet::Look(int64_t timeout_ms) {
  polls_.clear();
  polls_.push_back({wake_.get(), POLLIN, 0});
  if (following()) polls_.push_back({watcher_.fd(), POLLIN, 0});
  const size_t first_pipe = polls_.size();
  for (const Member* pipe : pipes_) polls_.push_back({pipe->poll_fd(), POLLIN, 0});

  const int timeout = static_cast<int>(std::min<int64_t>(timeout_ms, 1'000'000'000));
  const int n = ::poll(polls_.data(), polls_.size(), timeout);
  // Interrupted: nothing happened. Otherwise memory is short, which must not become a busy loop.
  if (n < 0 && errno != EINTR) ::poll(nullptr, 0, 10);
  if (n > 0) {
    // Whoever rang has set a flag before, and the flags are asked after this.
    uint64_t rings;
    if (polls_[0].revents != 0) (void)!::read(wake_.get(), &rings, sizeof rings);
    for (size_t i = 0; i < pipes_.size(); ++i) {
      if (polls_[first_pipe + i].revents == 0) continue;
      pipes_[i]->SetReadable();
      Enqueue(pipes_[i]);
    }
    if (following() && polls_[1].revents != 0) TakeEvents();
  }
  if (!following() && live_ <= 1) return;
  const int64_t now = looked_at_ = SteadyMs();
  if (now >= look_at_) {
    RecheckAll(now);
  } else {
    if (now >= poll_at_) Poll(now);
    if (now >= rescan_at_) (void)Scan(false);
    if (now >= due_at_) RecheckDue(now);
  }
}

void WatchingSet::TakeEvents() {
  events_.clear();
  watcher_.ReadEvents(&events_);
  const int64_t now = SteadyMs();
  for (const Watcher::Event& event : events_) {
    Member* member = event.member;
    switch (event.kind) {
      case Watcher::Event::Kind::kWritten: {
        // A file that is not followed, most likely.
        const auto written = by_path_.find(event.path);
        if (written == by_path_.end()) continue;
        member = written->second;
        member->SetReadable();
        break;
      }
      case Watcher::Event::Kind::kEverything:
        look_at_ = now;
        continue;
      case Watcher::Event::Kind::kName: {
        const auto known = by_path_.find(event.path);
        if (known == by_path_.end()) {
          rescan_at_ = std::max(now, scanned_at_ + kRescanMs);
          continue;
        }
        member = known->second;
        [[fallthrough]];
      }
      case Watcher::Event::Kind::kMoved:
        member->Recheck(now);
        break;
      case Watcher::Event::Kind::kChanged:
        member->SetReadable();
        break;
    }
    due_at_ = std::min(due_at_, member->due_ms());
    Enqueue(member);
  }
}

void WatchingSet::RecheckAll(int64_t now) {
  finder_.WatchDirectories();
  for (Member* pipe : pipes_) pipe->Recheck(now);
  due_at_ = kNever;
  for (FollowedFile* file : followed_) {
    file->Recheck(now);
    due_at_ = std::min(due_at_, file->due_ms());
    Enqueue(file);
  }
  // After the files: what one of them has taken as its next one is not a new source.
  (void)Scan(false);
  look_at_ = now + std::max(kLookMs, (SteadyMs() - now) * kLookShare);
  poll_at_ = now + std::max(kPollMs, (SteadyMs() - now) * kPollShare);
}

// Looks at what no inotify tells of.
void WatchingSet::Poll(int64_t now) {
  poll_at_ = kNever;
  bool any = !finder_.told();
  for (FollowedFile* file : followed_) {
    if (!file->polled()) continue;
    any = true;
    file->Recheck(now);
    due_at_ = std::min(due_at_, file->due_ms());
    Enqueue(file);
  }
  if (!finder_.told()) (void)Scan(false);
  // A directory that could not be watched may be by now; the next look at everything says.
  if (any) poll_at_ = now + std::max(kPollMs, (SteadyMs() - now) * kPollShare);
}

void WatchingSet::RecheckDue(int64_t now) {
  due_at_ = kNever;
  for (FollowedFile* file : followed_) {
    if (file->due_ms() <= now) file->Recheck(now);
    due_at_ = std::min(due_at_, file->due_ms());
    Enqueue(file);
  }
}

void WatchingSet::Stop() {
  stopped_.store(true, std::memory_order_release);
  Ring();
}

void WatchingSet::Wake() {
  // Before the ring: whoever hears it finds the flag set.
  woken_.store(true, std::memory_order_release);
  Ring();
}

void WatchingSet::Ring() {
  const uint64_t one = 1;
  // Cannot fail in a way that matters: a counter that is full is readable too.
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

std::vector<FilePosition> WatchingSet::Positions() const {
  std::vector<FilePosition> positions;
  for (const std::unique_ptr<Member>& member : members_) member->AppendPositions(&positions);
  ledger_.AppendEnded(&positions);
  return positions;
}

std::vector<std::pair<std::string, FollowTally>> WatchingSet::Tallies() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  std::vector<std::pair<std::string, FollowTally>> tallies;
  const std::lock_guard lock(counted_mutex_);
  tallies.reserve(counted_.size());
  for (const FollowedFile* file : counted_) {
    tallies.emplace_back(file->name(), file->counts().Read(now_ns));
  }
  return tallies;
}

WatchTally WatchingSet::Watched() const {
  WatchTally tally;
  const std::lock_guard lock(counted_mutex_);
  for (const FollowedFile* file : counted_) {
    const uint64_t open = file->counts().files_open.load(std::memory_order_relaxed);
    tally.files_watched += open;
    if (file->counts().polled.load(std::memory_order_relaxed)) tally.files_polled += open;
  }
  return tally;
}

}  // namespace

Result<std::unique_ptr<SourceSet>> SourceSet::Open(std::vector<SourceSpec> specs,
                                                   SetOptions options) {
  if (std::ranges::any_of(specs, [](const SourceSpec& spec) { return spec.path == "-"; })) {
    if (auto checked = CheckStdin(); !checked) return checked.error();
  }
  auto set = std::make_unique<WatchingSet>(std::move(options));
  if (auto added = set->Add(specs); !added) return added.error();
  return std::unique_ptr<SourceSet>(std::move(set));
}

}  // namespace parshall::bytes
