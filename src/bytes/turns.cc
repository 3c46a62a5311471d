// Whose turn it is, and whom to wait for (inotify, poll, the clock): what of WatchingSet waits.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bytes/watching_set.h"

namespace parshall::bytes {
namespace {

// A look at everything may take this part of the time: ten thousand files are looked at less often.
constexpr int64_t kLookShare = 200;
constexpr int64_t kPollShare = 20;
// A directory in which names come and go all the time is not listed more often than this.
constexpr int64_t kRescanMs = 20;

}  // namespace

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

// A source of a glob whose file has come to nothing says once more that it has ended, and is then
// destroyed.
void WatchingSet::ForgetIfGone(FollowedFile* file, int64_t now) {
  if (now - file->gone_since_ms() < forget_ms_ || named_.contains(file->name())) return;
  file->Forget();
}

void WatchingSet::Destroy(Member* member) {
  const auto known = by_path_.find(member->name());
  if (known != by_path_.end() && known->second == member) by_path_.erase(known);
  {
    const std::lock_guard lock(counted_mutex_);
    const auto counted = std::ranges::find(counted_, member);
    if (counted != counted_.end()) {
      forgotten_.emplace_back(member->name(), (*counted)->counts().Read(WallNs(), nullptr));
      counted_.erase(counted);
    }
  }
  std::erase_if(members_, [&](const std::unique_ptr<Member>& one) { return one.get() == member; });
}

Ready WatchingSet::Next(int timeout_ms, Source** source) {
  *source = nullptr;
  if (last_ != nullptr) {
    due_at_ = std::min(due_at_, last_->due_ms());
    if (last_->ended()) {
      Retire(last_);
      if (last_->forgotten()) Destroy(last_);
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
    ForgetIfGone(file, now);
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

}  // namespace parshall::bytes
