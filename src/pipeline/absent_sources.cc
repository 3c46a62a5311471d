#include "pipeline/absent_sources.h"

#include "pipeline/carried.h"

namespace parshall::pipeline {

void AbsentSources::Await(state::SavedSource saved, bool awaited) {
  const std::string name = saved.name;
  Absent& absent = by_name_[name];
  absent.tally = TallyOf(saved);
  saved.tally.clear();
  absent.open = std::move(saved);
  if (!awaited) Keep(name, &absent);
}

void AbsentSources::PutGone(const std::string& name, const SourceTally& tally) {
  Absent& absent = by_name_[name];
  absent.open.name = name;
  Add(tally, &absent.tally);
  Keep(name, &absent);
}

void AbsentSources::AddFollow(const std::string& name, const bytes::FollowTally& follow) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) {
    AddCounts(follow, &given_up_.follow);
    return;
  }
  if (!at->second.follow) at->second.follow.emplace();
  AddCounts(follow, &*at->second.follow);
}

// As the latest of the gone ones, which may cost the oldest its name.
void AbsentSources::Keep(const std::string& name, Absent* absent) {
  if (absent->place) order_.erase(*absent->place);
  absent->place = next_place_++;
  order_.emplace(*absent->place, name);
  if (order_.size() <= kKeptMax) return;
  const auto oldest = by_name_.find(order_.begin()->second);
  Add(oldest->second.tally, &given_up_.tally);
  if (oldest->second.follow) AddCounts(*oldest->second.follow, &given_up_.follow);
  ++given_up_.sources;
  by_name_.erase(oldest);
  order_.erase(order_.begin());
}

std::optional<AbsentSources::Absent> AbsentSources::Take(const std::string& name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return std::nullopt;
  Absent absent = std::move(at->second);
  by_name_.erase(at);
  if (absent.place) order_.erase(*absent.place);
  return absent;
}

}  // namespace parshall::pipeline
