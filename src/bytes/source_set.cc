// What a set is opened with, and what it says of itself; turns.cc has the waiting.
#include "bytes/source_set.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "bytes/path_pattern.h"
#include "bytes/watching_set.h"

namespace parshall::bytes {
namespace {

// Idle files may take half of what the process may open: the rest is for those that are busy, the
// output, the connections.
int DescriptorsMax(const SetOptions& options) {
  rlimit limit = {};
  const rlim_t all = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
  const rlim_t max = options.open_files_max > 0 ? options.open_files_max : all / 2;
  return static_cast<int>(std::min<rlim_t>(max, 1 << 20));
}

}  // namespace

WatchingSet::WatchingSet(SetOptions options)
    : watcher_(options.inotify, notices_),
      following_{watcher_,
                 ledger_,
                 notices_,
                 std::max(0, options.rotate_wait_ms),
                 std::max(0, options.writer_wait_ms),
                 DescriptorsMax(options),
                 {},
                 FolderNames()},
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      forget_ms_(options.forget_ms) {
  std::vector<FilePosition> current;
  for (FilePosition& position : options.resume) {
    if (position.current) current.push_back(position);
    ledger_.Remember(std::move(position));
  }
  finder_.Resume(std::move(current));
}

Status WatchingSet::Add(const std::vector<SourceSpec>& specs) {
  if (!wake_.valid()) return Fail("cannot make an eventfd: " + ErrnoText(errno));
  for (const SourceSpec& spec : specs) {
    if (spec.path.empty()) return Fail("an empty path names no file");
    if (spec.path.find('\0') != std::string::npos) return Fail("a path with a NUL names no file");
    if (spec.path == "-") {
      if (by_path_.contains("-")) return Fail("stdin is named twice", "-");
      if (auto added = Adopt(OpenStdin(next_index_, notices_), "-"); !added) {
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
    if (!glob) named_.insert(spec.path);
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
  return Adopt(OpenOnce(path, next_index_, ledger_, notices_), path);
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
  next_index_ = std::max(next_index_, member->index() + 1);
  ++live_;
  members_.push_back(std::move(member));
}

// Looks for files that are wanted and not read yet. Fails only at the start.
Status WatchingSet::Scan(bool at_start) {
  scanned_at_ = SteadyMs();
  rescan_at_ = kNever;
  std::vector<Finder::Found> found;
  auto searched = finder_.Find(at_start, next_index_, &found);
  following_.names.Forget();
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

std::vector<FilePosition> WatchingSet::Positions() const {
  std::vector<FilePosition> positions;
  for (const std::unique_ptr<Member>& member : members_) {
    const size_t first = positions.size();
    member->AppendPositions(&positions);
    for (size_t n = first; n < positions.size(); ++n) positions[n].reader = member->index();
  }
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
    // Who reads the files may be waiting for the records' output, and see nothing of what comes. Of
    // a file that no inotify tells of there may be no answer for long: it is not asked.
    const FollowCounts& counts = file->counts();
    FileStat stands;
    const bool known =
        !counts.polled.load(std::memory_order_relaxed) && StatPath(file->name(), &stands) == 0;
    tallies.emplace_back(file->name(), counts.Read(now_ns, known ? &stands : nullptr));
  }
  tallies.insert(tallies.end(), forgotten_.begin(), forgotten_.end());
  return tallies;
}

std::vector<std::pair<std::string, FollowTally>> WatchingSet::TakeForgotten() {
  const std::lock_guard lock(counted_mutex_);
  return std::exchange(forgotten_, {});
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
