#pragma once
// Sources that nobody reads now: those of an earlier run that were not found yet, and those whose
// files are gone. What was counted of them is kept under their names, so that counts go on should a
// name come back. Of more than kKeptMax gone ones the oldest give up their names, and their counts
// live on in one sum.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes/follow_tally.h"
#include "pipeline/ledger.h"
#include "state/snapshot.h"

namespace parshall::pipeline {

// One thread (under the intake's locks). Holds at most kKeptMax gone sources, and those of an
// earlier run that were not gone and of which the snapshot knew a file.
class AbsentSources {
 public:
  // Each is some 17 series on /metrics.
  static constexpr size_t kKeptMax = 200;

  struct Absent {
    state::SavedSource open;  // of an earlier run: what is open between two lines; no `tally`
    SourceTally tally;
    // What following it told in this run, if it was followed.
    std::optional<bytes::FollowTally> follow;
    std::optional<uint64_t> place;  // of a gone one, in the order in which they went
  };

  // What earlier runs had given up.
  void Restore(const GoneSources& given_up) { given_up_ = given_up; }
  // Of an earlier run; `awaited`: a file of it is known, so it is kept in any case.
  void Await(state::SavedSource saved, bool awaited);
  // Its file is gone.
  void PutGone(const std::string& name, const SourceTally& tally);
  void AddFollow(const std::string& name, const bytes::FollowTally& follow);
  // It is read again: whoever takes it answers for its counts.
  std::optional<Absent> Take(const std::string& name);

  const std::map<std::string, Absent>& by_name() const { return by_name_; }
  const GoneSources& given_up() const { return given_up_; }

 private:
  void Keep(const std::string& name, Absent* absent);

  std::map<std::string, Absent> by_name_;
  std::map<uint64_t, std::string> order_;  // names of gone ones by `place`
  uint64_t next_place_ = 0;
  GoneSources given_up_;
};

}  // namespace parshall::pipeline
