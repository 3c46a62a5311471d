#pragma once
// Finds what is to be followed: plain paths and globs whose files may come, go and be renamed at
// any time. It looks when it is told to; what it found it hands over as sources.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "bytes/followed_file.h"
#include "bytes/member.h"
#include "bytes/source.h"

namespace parshall::bytes {

// What one hostile directory may cost: a source holds about 1 KiB here, and its series on /metrics.
constexpr size_t kSourcesMax = 100'000;

// One thread.
class Finder {
 public:
  using ByPath = std::unordered_map<std::string, Member*>;
  struct Found {
    std::unique_ptr<Member> member;
    std::string path;
    FollowedFile* file = nullptr;  // `member`, when it is a regular file
  };

  // `known` are the paths that have a source already; they are not found again.
  Finder(Following& following, const ByPath& known);
  Finder(const Finder&) = delete;
  Finder& operator=(const Finder&) = delete;

  Status Want(const SourceSpec& spec, bool glob);
  bool wants_any() const { return !wanted_.empty(); }
  // This source has ended for good; if it was wanted as a plain path, no more is
  // expected of it.
  void Drop(const Member* member);

  // Watches every directory in which something can appear. To be repeated: directories change too.
  void WatchDirectories();
  // Whatever appears in them will be told.
  bool told() const { return told_; }

  // Appends what is wanted and has no source yet, with indices from `next_index` on. Fails only at
  // the start, when something that is wanted can never be a source; later that is a notice.
  Status Find(bool at_start, uint32_t next_index, std::vector<Found>* found);
  // What sources of an earlier run were reading. They are gone on with at the first Find().
  void Resume(std::vector<FilePosition> current) { resume_ = std::move(current); }
  // Some file may be a copy of one that is read, and shall be looked at again soon.
  bool pending() const { return pending_; }

 private:
  struct Wanted {
    std::string pattern;
    bool glob = false;
    bool from_end = false;
  };
  // One Find(): what is handed from step to step.
  struct Search {
    bool at_start;
    uint32_t next_index;
    std::vector<Found>* found;
  };
  bool Wants(const std::string& path) const;
  void ResumeSources(Search& search);
  CopyOf JudgeCopy(const std::string& path, int fd, const FileStat& stat) const;
  Status Consider(const Wanted& wanted, const std::string& path, Search& search);
  Status ConsiderPipe(const std::string& path, Search& search);
  void ConsiderRegular(const Wanted& wanted, const std::string& path, const FileStat& stat,
                       Search& search);
  void NoticeOnce(const std::string& path, const std::string& trouble);

  Following& following_;
  const ByPath& known_;
  ByPath made_;           // what this Find() has found: not known yet
  bool resumed_ = false;  // something, at the start
  std::vector<Wanted> wanted_;
  // Paths that cannot be followed now and why: said once, and again when the reason changes.
  std::unordered_map<std::string, std::string> troubles_;
  std::unordered_map<std::string, std::string> troubles_now_;
  std::unordered_map<std::string, uint64_t> skip_to_;  // from_end, but could not be opened at start
  std::vector<FilePosition> resume_;
  int64_t prune_at_ = 0;
  bool told_ = false;
  bool pending_ = false;
  bool full_ = false;
};

}  // namespace parshall::bytes
