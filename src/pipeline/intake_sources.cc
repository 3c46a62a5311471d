// Which sources there are: their entries, where each stands, what an earlier run or an earlier set
// of sources left.

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "pipeline/carried.h"
#include "pipeline/intake.h"

namespace parshall::pipeline {
namespace {

// Positions of so many sources that were taken out of the configuration are kept.
constexpr size_t kParkedMax = 10'000;

}  // namespace

std::shared_ptr<bytes::SourceSet> Intake::sources() const {
  const std::lock_guard lock(sources_mutex_);
  return sources_;
}

SourceEntry& Intake::EntryOf(bytes::Source* source) {
  SourceEntry*& entry = by_source_[source->index()];
  if (entry == nullptr) {
    if (const auto orphan = orphans_.find(source->name()); orphan != orphans_.end()) {
      entry = orphan->second;
      entry->source = source;
      entry->ended = false;
      orphans_.erase(orphan);
    } else {
      entry = &NewEntry(source);
    }
  }
  return *entry;
}

SourceEntry& Intake::NewEntry(bytes::Source* source) {
  const std::lock_guard lock(entries_mutex_);
  const uint32_t index = free_.empty() ? static_cast<uint32_t>(entries_.size()) : free_.back();
  auto entry = std::make_unique<SourceEntry>(source, index, options_.line_bytes_max);
  if (const std::optional<AbsentSources::Absent> absent = absent_.Take(entry->name)) {
    entry->earlier = absent->tally;
    entry->skipping = absent->open.skipping;
    if (restore_) restore_(absent->open, &entry->state);
    if (absent->follow) {
      const std::lock_guard sources_lock(sources_mutex_);
      AddCounts(*absent->follow, &earlier_follow_[entry->name]);
    }
  }
  if (const auto at = resume_at_.find(entry->name); at != resume_at_.end()) {
    entry->resume_at = at->second;
    resume_at_.erase(at);
  }
  if (free_.empty()) return *entries_.emplace_back(std::move(entry));
  free_.pop_back();
  entries_[index] = std::move(entry);
  return *entries_[index];
}

std::vector<SourceEntry*> Intake::entries() const {
  const std::lock_guard lock(entries_mutex_);
  std::vector<SourceEntry*> known;
  for (const auto& entry : entries_) {
    if (entry != nullptr) known.push_back(entry.get());
  }
  return known;
}

std::vector<std::string> Intake::failures() const {
  const std::lock_guard lock(entries_mutex_);
  return failures_;
}

std::vector<std::string> Intake::TakeNotices() {
  const std::lock_guard lock(entries_mutex_);
  return std::exchange(notices_, {});
}

void Intake::Restore(std::vector<state::SavedSource> saved,
                     const std::vector<bytes::FilePosition>& files, const GoneSources& gone,
                     RestoreState restore) {
  restore_ = std::move(restore);
  std::unordered_set<std::string_view> known;
  for (const bytes::FilePosition& file : files) {
    if (file.current) resume_at_[file.source] = file.offset;
    known.insert(file.source);
  }
  absent_.Restore(gone);
  // What was gone is gone still, in its order, though its inode is remembered for a while.
  std::ranges::stable_sort(saved, {}, GonePlace);
  for (state::SavedSource& source : saved) {
    const bool awaited = GonePlace(source) == 0 && known.contains(source.name);
    absent_.Await(std::move(source), awaited);
  }
}

std::vector<bytes::FilePosition> Intake::Positions() const {
  std::vector<bytes::FilePosition> positions = sources_->Positions();
  for (bytes::FilePosition& position : positions) {
    const auto reader = by_source_.find(position.reader);
    if (!position.current || reader == by_source_.end()) continue;
    const SourceEntry* const entry = reader->second;
    // Bytes that were read and wait for the end of their line are read again.
    if (entry->begun && entry->framer.file() == position.file) {
      position.offset -= entry->framer.reserve();
    }
  }
  for (const auto& [name, position] : parked_) positions.push_back(position);
  return positions;
}

std::vector<std::pair<std::string, bytes::FollowTally>> Intake::follow_tallies() const {
  std::vector<std::pair<std::string, bytes::FollowTally>> tallies;
  std::shared_ptr<bytes::SourceSet> set;
  {
    const std::lock_guard lock(sources_mutex_);
    tallies.assign(earlier_follow_.begin(), earlier_follow_.end());
    set = sources_;
  }
  for (auto& tally : set->Tallies()) tallies.push_back(std::move(tally));
  return tallies;
}

Result<std::unique_ptr<bytes::SourceSet>> Intake::Open(const OpenSources& open) const {
  std::vector<bytes::FilePosition> positions = Positions();
  std::unordered_set<std::string_view> known;
  for (const bytes::FilePosition& position : positions) known.insert(position.source);
  for (const auto& entry : entries_) {
    if (entry == nullptr || entry->source == nullptr || entry->ended) continue;
    if (known.contains(entry->name)) continue;
    return Fail("this is no regular file, so a change of `sources:` needs a restart", entry->name);
  }
  return open(std::move(positions));
}

void Intake::Replace(std::unique_ptr<bytes::SourceSet> sources) {
  std::map<std::string, bytes::FilePosition> left;
  for (bytes::FilePosition& position : Positions()) {
    if (position.current) left[position.source] = position;
  }
  const std::lock_guard entries_lock(entries_mutex_);
  for (const auto& entry : entries_) {
    if (entry == nullptr || entry->source == nullptr) continue;
    entry->source = nullptr;
    orphans_[entry->name] = entry.get();  // the latest of that name
    if (!entry->begun) continue;
    // Half a line is read again.
    entry->earlier.bytes_read -= entry->framer.reserve();
    entry->skipping = entry->framer.skipping();
    const auto at = left.find(entry->name);
    entry->resume_at = at == left.end() ? 0 : at->second.offset;
    std::destroy_at(&entry->framer);
    std::construct_at(&entry->framer, options_.line_bytes_max);
    entry->bytes_skipped = 0;
    entry->begun = false;
  }
  by_source_.clear();
  for (std::string& notice : sources_->TakeNotices()) notices_.push_back(std::move(notice));
  // Sources that the new set does not read keep their place, in case they come back.
  parked_ = std::move(left);
  for (const bytes::FilePosition& position : sources->Positions()) {
    if (position.current) parked_.erase(position.source);
  }
  while (parked_.size() > kParkedMax) parked_.erase(parked_.begin());
  const std::lock_guard lock(sources_mutex_);
  for (const auto& [name, tally] : sources_->Tallies()) AddCounts(tally, &earlier_follow_[name]);
  sources_ = std::move(sources);
  if (stop_asked_) sources_->Stop();
}

AbsentSources Intake::absent() const {
  const std::lock_guard lock(entries_mutex_);
  return absent_;
}

void Intake::ForgetGone(const std::function<SourceTally(uint32_t)>& take) {
  const std::lock_guard lock(entries_mutex_);
  for (const SourceEntry* entry : leaving_) {
    SourceTally tally = entry->earlier;
    Add(take(entry->index), &tally);
    const std::string name = entry->name;
    const uint32_t index = entry->index;
    entries_[index].reset();
    free_.push_back(index);
    absent_.PutGone(name, tally);
  }
  leaving_.clear();
  std::unordered_map<std::string_view, SourceEntry*> read;
  for (const auto& entry : entries_) {
    if (entry != nullptr) read.insert_or_assign(entry->name, entry.get());
  }
  // A name that came back meanwhile has its counts there: a name's counts stand in one place.
  const std::lock_guard sources_lock(sources_mutex_);
  for (const auto& [name, entry] : read) {
    const std::optional<AbsentSources::Absent> absent = absent_.Take(std::string(name));
    if (!absent) continue;
    Add(absent->tally, &entry->earlier);
    if (absent->follow) AddCounts(*absent->follow, &earlier_follow_[entry->name]);
  }
  for (const auto& [name, tally] : sources_->TakeForgotten()) {
    AddCounts(tally, &earlier_follow_[name]);
    if (read.contains(name)) continue;
    absent_.AddFollow(name, earlier_follow_[name]);
    earlier_follow_.erase(name);
  }
}

}  // namespace parshall::pipeline
