// Series that change: those whose labels are another template by now; those that were not counted
// for the ttl of their metric, and those that an event has deleted. All workers stand still
// meanwhile, so that a number can be given to another series.

#include <algorithm>
#include <vector>

#include "metrics/store.h"

namespace parshall::metrics {

void Store::Sweep(std::span<Shard* const> shards, int64_t now_ms) {
  for (uint32_t space = 0; space < layout_.spaces.size(); ++space) {
    if (!layout_.spaces[space].template_labels.empty()) RenameSeries(shards, space);
    if (layout_.spaces[space].mortal()) SweepSpace(shards, space, now_ms);
  }
}

// What was counted under a name that is no more goes to the series that has the new one.
void Store::RenameSeries(std::span<Shard* const> shards, uint32_t space) {
  const std::vector<Registry::Renamed> renamed = registry_.Rename(space);
  if (renamed.empty()) return;
  std::vector<uint32_t> gone;
  for (const Registry::Renamed& series : renamed) {
    for (Shard* shard : shards) shard->MergeSeries(space, series.from, series.to);
    gone.push_back(series.from);
  }
  registry_.Remove(space, gone);
  for (Shard* shard : shards) ++shard->spaces_[space].epoch;
}

void Store::SweepSpace(std::span<Shard* const> shards, uint32_t space, int64_t now_ms) {
  const int64_t ttl_ms = layout_.spaces[space].ttl_ms;
  std::vector<uint32_t> gone;
  const uint32_t end = registry_.numbers_end(space);
  for (uint32_t series = 0; series < end; ++series) {
    SeriesLife life;  // over all shards
    for (const Shard* shard : shards) {
      const std::vector<SeriesLife>& lives = shard->spaces_[space].lives;
      if (series >= lives.size()) continue;
      life.touched_ms = std::max(life.touched_ms, lives[series].touched_ms);
      life.deleted = std::max(life.deleted, lives[series].deleted);
      life.touched = std::max(life.touched, lives[series].touched);
    }
    if (life.deleted == 0 && life.touched == 0) continue;  // a free number
    bool alive = true;
    if (life.deleted != 0) {
      alive = false;
      for (Shard* shard : shards) {
        std::vector<SeriesLife>& lives = shard->spaces_[space].lives;
        if (series >= lives.size()) continue;
        // The shard that deleted it was emptied at that moment; another one's batches count only
        // if one came later.
        const bool deleted_here = lives[series].deleted == life.deleted;
        if (!deleted_here && lives[series].touched <= life.deleted) shard->Clear(space, series);
        lives[series].deleted = 0;
        alive = alive || lives[series].touched != 0;
      }
      ++gone_[space].deleted;
      if (alive) registry_.SetCreated(space, series, now_ms);
    } else if (ttl_ms > 0 && life.touched_ms + ttl_ms <= now_ms) {
      alive = false;
      ++gone_[space].expired;
    }
    if (alive) continue;
    for (Shard* shard : shards) shard->Clear(space, series);
    gone.push_back(series);
  }
  if (gone.empty()) return;
  registry_.Remove(space, gone);
  for (Shard* shard : shards) ++shard->spaces_[space].epoch;
}

}  // namespace parshall::metrics
