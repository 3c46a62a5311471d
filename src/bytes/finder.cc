#include "bytes/finder.h"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "base/fd.h"
#include "bytes/open_source.h"
#include "bytes/path_pattern.h"
#include "bytes/read_copies.h"
#include "bytes/rotated_siblings.h"

namespace parshall::bytes {
namespace {

// What is known of files that are gone is forgotten this often.
constexpr int64_t kPruneMs = 10'000;

}  // namespace

Finder::Finder(Following& following, const ByPath& known) : following_(following), known_(known) {
  following_.judge_copy = [this](const std::string& path, int fd, const FileStat& stat) {
    return JudgeCopy(path, fd, stat);
  };
}

Status Finder::Want(const SourceSpec& spec, bool glob) {
  if (!glob && HasGzipName(spec.path)) {
    return Fail("a gzip file cannot be followed; it can be read with --once", spec.path);
  }
  wanted_.push_back({spec.path, glob, spec.from_end});
  return Ok();
}

void Finder::Drop(const Member* member) {
  std::erase_if(wanted_, [&](const Wanted& wanted) {
    const auto known = known_.find(wanted.pattern);
    return known != known_.end() && known->second == member;
  });
}

void Finder::WatchDirectories() {
  std::unordered_set<std::string> prefixes;
  for (const Wanted& wanted : wanted_) {
    for (std::string& prefix : DirectoryPrefixes(wanted.pattern))
      prefixes.insert(std::move(prefix));
  }
  told_ = true;
  for (const std::string& prefix : prefixes) {
    following_.watcher.WatchDirectory(prefix);
    told_ = told_ && following_.watcher.Tells(prefix);
  }
}

Status Finder::Find(bool at_start, uint32_t next_index, std::vector<Found>* found) {
  Search search{at_start, next_index, found};
  pending_ = false;
  made_.clear();
  ResumeSources(search);
  const int64_t now_ms = SteadyMs();
  const bool prune = !at_start && now_ms >= prune_at_ && following_.ledger.has_ended();
  FileLedger::Seen seen;
  troubles_now_.clear();
  for (const Wanted& wanted : wanted_) {
    std::vector<std::string> paths;
    if (!wanted.glob) {
      paths.push_back(wanted.pattern);
    } else if (auto expanded = ExpandGlob(wanted.pattern); expanded.ok()) {
      paths = *std::move(expanded);
    } else {
      NoticeOnce(wanted.pattern, expanded.error().what);
    }
    for (const std::string& path : paths) {
      FileStat stat;
      if (prune && StatPath(path, &stat) == 0) seen.insert(stat.identity);
      if (prune && !wanted.glob) {
        for (const RotatedSibling& sibling : RotatedSiblings(path, following_.names)) {
          seen.insert(sibling.stat.identity);
        }
      }
      // A source that goes on has its path, whatever stands there since it was made.
      if (known_.contains(path) || made_.contains(path)) continue;
      if (auto considered = Consider(wanted, path, search); !considered) return considered;
    }
  }
  troubles_.swap(troubles_now_);
  if (prune) {
    following_.ledger.KeepOnly(seen);
    prune_at_ = now_ms + kPruneMs;
  }
  return Ok();
}

bool Finder::Wants(const std::string& path) const {
  return std::ranges::any_of(wanted_, [&](const Wanted& wanted) {
    if (!wanted.glob) return wanted.pattern == path;
    return ::fnmatch(wanted.pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  });
}

// Before anything else is looked at, since what they were reading may stand under names that would
// be taken for sources of their own.
void Finder::ResumeSources(Search& search) {
  // A log before what it was rotated to: access.log.1 may be its copy.
  std::ranges::sort(resume_, {}, &FilePosition::source);
  for (const FilePosition& left : std::exchange(resume_, {})) {
    if (!Wants(left.source) || HasGzipName(left.source) || known_.contains(left.source) ||
        made_.contains(left.source) || known_.size() + made_.size() >= kSourcesMax) {
      continue;
    }
    auto file = std::make_unique<FollowedFile>(left.source, search.next_index, following_);
    bool truncated = false;
    std::deque<FileInHand> files = bytes::Resume(left, file.get(), following_, &truncated);
    if (truncated) file->WasTruncated(left);
    if (files.empty()) continue;
    FileInHand first = std::move(files.front());
    files.pop_front();
    file->Begin(std::move(first));
    file->Append(std::move(files));
    ++search.next_index;
    FollowedFile* const followed = file.get();
    made_.emplace(left.source, followed);
    resumed_ = true;
    search.found->push_back({std::move(file), left.source, followed});
  }
}

CopyOf Finder::JudgeCopy(const std::string& path, int fd, const FileStat& stat) const {
  for (const std::string& original : UnrotatedPaths(path)) {
    Member* member = nullptr;
    if (const auto known = known_.find(original); known != known_.end()) member = known->second;
    if (const auto made = made_.find(original); made != made_.end()) member = made->second;
    if (member == nullptr) continue;
    const CopyOf judged = member->JudgeCopy(path, fd, stat);
    if (judged != CopyOf::kNothing) return judged;
  }
  return CopyOf::kNothing;
}

Status Finder::Consider(const Wanted& wanted, const std::string& path, Search& search) {
  FileStat stat;
  const int error = StatPath(path, &stat);
  if (error == ENOENT) return Ok();  // not there yet, or a link that leads nowhere yet
  if (error != 0) {
    NoticeOnce(path, "cannot be found: " + ErrnoText(error));
    return Ok();
  }
  if (stat.type == FileType::kRegular) {
    ConsiderRegular(wanted, path, stat, search);
    return Ok();
  }
  // Only regular files are meant by a glob.
  if (wanted.glob) return Ok();
  Status done = Ok();
  if (stat.type == FileType::kFifo || stat.type == FileType::kCharacter) {
    done = ConsiderPipe(path, search);
  } else {
    done = RefuseType(stat.type, path);
  }
  if (done.ok() || search.at_start) return done;
  NoticeOnce(path, done.error().what);
  return Ok();
}

Status Finder::ConsiderPipe(const std::string& path, Search& search) {
  auto opened = OpenFollowedPipe(path, search.next_index, following_.notices);
  if (!opened) return opened.error();
  ++search.next_index;
  search.found->push_back({std::move(opened->member), path, nullptr});
  return Ok();
}

void Finder::ConsiderRegular(const Wanted& wanted, const std::string& path, const FileStat& stat,
                             Search& search) {
  FileLedger& ledger = following_.ledger;
  if (HasGzipName(path)) {
    NoticeOnce(path, "is passed over, since a gzip file cannot be followed");
    return;
  }
  if (ledger.claimed(stat.identity)) {
    // Later on this is what rotation does: access.log.1 is the file that is read as access.log. The
    // same path twice (by two globs) is not worth a word either.
    for (const Found& found : *search.found) {
      if (found.path == path) return;
    }
    if (search.at_start && !resumed_)
      NoticeOnce(path, "is a file that is read already under another name");
    return;
  }
  if (stat.size > 0 && ledger.Finished(stat)) return;
  if (known_.size() + made_.size() >= kSourcesMax) {
    if (!full_) following_.notices.Add(path + ": is not read, since there are 100000 sources");
    full_ = true;
    return;
  }
  auto file = std::make_unique<FollowedFile>(path, search.next_index, following_);
  std::string trouble;
  JudgedFile judged = OpenJudged(path, file.get(), following_, &trouble);
  pending_ = pending_ || judged.copy == CopyOf::kPending;
  if (judged.copy != CopyOf::kNothing) return;
  FileInHand& opened = judged.file;
  // A file that an earlier run has read is gone on with, wherever new ones are to begin.
  const bool from_end = search.at_start && wanted.from_end && !opened.known;
  if (!opened.held) {
    if (from_end) skip_to_[path] = stat.size;
    if (!trouble.empty()) NoticeOnce(path, trouble + "; it is tried again");
    return;
  }
  if (from_end && opened.Look()) opened.trace.Load(opened.fd.get(), opened.size);
  if (const auto skip = skip_to_.find(path); skip != skip_to_.end()) {
    if (skip->second <= stat.size) opened.trace.Load(opened.fd.get(), skip->second);
    skip_to_.erase(skip);
  }
  file->Begin(std::move(opened));
  ++search.next_index;
  FollowedFile* const followed = file.get();
  made_.emplace(path, followed);
  search.found->push_back({std::move(file), path, followed});
}

void Finder::NoticeOnce(const std::string& path, const std::string& trouble) {
  const auto known = troubles_.find(path);
  if ((known == troubles_.end() || known->second != trouble) && !troubles_now_.contains(path)) {
    following_.notices.Add(path + ": " + trouble);
  }
  troubles_now_.insert_or_assign(path, trouble);
}

}  // namespace parshall::bytes
