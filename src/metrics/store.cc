#include "metrics/store.h"

#include <algorithm>
#include <utility>

namespace parshall::metrics {
namespace {

void MergeTouched(std::span<const SeriesLife> lives, std::vector<int64_t>* touched_ms) {
  if (touched_ms->size() < lives.size()) touched_ms->resize(lives.size());
  for (size_t n = 0; n < lives.size(); ++n) {
    (*touched_ms)[n] = std::max((*touched_ms)[n], lives[n].touched_ms);
  }
}

}  // namespace

Result<std::shared_ptr<Store>> Store::Create(const rules::RuleSet& rules,
                                             const ConstantLabels& constants,
                                             RegistryOptions options) {
  std::vector<Error> errors = CheckMetrics(rules, constants);
  if (!errors.empty()) return std::move(errors.front());
  return std::shared_ptr<Store>(new Store(MakeLayout(rules, constants), options));
}

Store::Store(Layout layout, RegistryOptions options)
    : layout_(std::move(layout)), registry_(layout_, options), gone_(layout_.spaces.size()) {}

Shard& Store::AddShard() {
  const std::lock_guard lock(shards_mutex_);
  shards_.push_back(std::make_unique<Shard>(layout_, gate_));
  return *shards_.back();
}

Snapshot Store::TakeSnapshot(const std::function<void()>& while_all_locked, int64_t now_ms) {
  const std::lock_guard scrape(scrape_mutex_);
  std::vector<Shard*> shards;
  {
    const std::lock_guard lock(shards_mutex_);
    for (const std::unique_ptr<Shard>& shard : shards_) shards.push_back(shard.get());
  }
  MakeRoom(shards);
  CopyShards(shards, while_all_locked, &now_ms);
  Snapshot snapshot(shared_from_this(), layout_);
  // Series are asked for after the cells were copied: each series that has cells is among them.
  for (uint32_t space = 0; space < layout_.spaces.size(); ++space) {
    snapshot.spaces_[space].order = registry_.Sorted(space);
  }
  MergeSpaces(copies_, &snapshot);
  MergeSketches(copies_, &snapshot);
  MergeTallies(copies_, &snapshot);
  snapshot.now_ms_ = now_ms;
  snapshot.gone_ = gone_;
  return snapshot;
}

// Allocates (and touches) before any worker has to wait.
void Store::MakeRoom(std::span<Shard* const> shards) {
  copies_.resize(shards.size());
  for (Copy& copy : copies_) {
    copy.spaces.resize(layout_.spaces.size());
    for (uint32_t space = 0; space < layout_.spaces.size(); ++space) {
      const size_t cells = size_t{registry_.numbers_end(space)} * layout_.spaces[space].block_cells;
      if (copy.spaces[space].size() < cells) copy.spaces[space].resize(cells);
    }
  }
}

void Store::CopyShards(std::span<Shard* const> shards,
                       const std::function<void()>& while_all_locked, int64_t* now_ms) {
  gate_.Close();
  for (Shard* shard : shards) shard->mutex_.lock();
  for (const Shard* shard : shards) *now_ms = std::max(*now_ms, shard->now_ms_);
  Sweep(shards, *now_ms);
  if (while_all_locked) while_all_locked();
  for (size_t i = 0; i < shards.size(); ++i) {
    Copy& copy = copies_[i];
    for (size_t space = 0; space < copy.spaces.size(); ++space) {
      copy.spaces[space] = shards[i]->spaces_[space].cells;
    }
    copy.tallies = shards[i]->tallies_;
    copy.exemplars = shards[i]->exemplars_;
    copy.sketches = shards[i]->sketches_;
    copy.overflow = shards[i]->overflow_;
    copy.offenders = shards[i]->offenders_;
    copy.lives.resize(copy.spaces.size());
    for (size_t space = 0; space < copy.spaces.size(); ++space) {
      copy.lives[space] = shards[i]->spaces_[space].lives;
    }
  }
  for (Shard* shard : shards) shard->mutex_.unlock();
  gate_.Open();
}

void Store::MergeSpaces(std::span<const Copy> copies, Snapshot* snapshot) const {
  for (size_t i = 0; i < layout_.spaces.size(); ++i) {
    const Space& space = layout_.spaces[i];
    Snapshot::SpaceCells& merged = snapshot->spaces_[i];
    // Asked for after the order: no series of it has a greater number.
    merged.cells.resize(size_t{registry_.numbers_end(static_cast<uint32_t>(i))} *
                        space.block_cells);
    for (const Copy& copy : copies) {
      MergeTouched(copy.lives[i], &merged.touched_ms);
      // A shard grows ahead of its series: what is behind the last series is empty.
      const size_t cells = std::min(copy.spaces[i].size(), merged.cells.size());
      if (&copy == copies.data()) {
        std::copy_n(copy.spaces[i].begin(), cells, merged.cells.begin());
        continue;
      }
      for (size_t at = 0; at + space.block_cells <= cells; at += space.block_cells) {
        for (const uint32_t index : space.families) {
          const Family& family = layout_.families[index];
          MergeCells(family.cell_kind, copy.spaces[i].data() + at + family.cell_first,
                     family.cell_count, merged.cells.data() + at + family.cell_first);
        }
      }
    }
  }
}

// Sketches can be large: they are moved out of the copy of the first shard.
void Store::MergeSketches(std::span<Copy> copies, Snapshot* snapshot) {
  for (Copy& copy : copies) {
    if (snapshot->sketches_.empty()) {
      snapshot->sketches_.swap(copy.sketches);
      continue;
    }
    for (size_t family = 0; family < copy.sketches.size(); ++family) {
      snapshot->sketches_[family].Merge(copy.sketches[family]);
    }
  }
}

void Store::MergeTallies(std::span<const Copy> copies, Snapshot* snapshot) const {
  snapshot->tallies_.resize(layout_.families.size());
  for (const Group& group : layout_.groups) {
    snapshot->overflow_.emplace_back(group.field_labels.size());
    snapshot->offenders_.emplace_back(group.field_labels.size());
  }
  for (const Copy& copy : copies) {
    if (snapshot->exemplars_.empty()) {
      snapshot->exemplars_ = copy.exemplars;
    } else {
      for (size_t family = 0; family < copy.exemplars.size(); ++family) {
        snapshot->exemplars_[family].Merge(copy.exemplars[family]);
      }
    }
    for (size_t family = 0; family < copy.tallies.size(); ++family) {
      for (size_t i = 0; i < kRejectionCount; ++i) {
        snapshot->tallies_[family].rejected[i] += copy.tallies[family].rejected[i];
      }
    }
    for (size_t group = 0; group < copy.overflow.size(); ++group) {
      for (size_t i = 0; i < copy.overflow[group].size(); ++i) {
        snapshot->overflow_[group][i] += copy.overflow[group][i];
        snapshot->offenders_[group][i].Merge(copy.offenders[group][i]);
      }
    }
  }
}

}  // namespace parshall::metrics
