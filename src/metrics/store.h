#pragma once
// All metrics of one rule set: what there is to count (layout), which series there are (registry),
// one shard of cells for each worker, and the scrape that makes one moment of them.

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"
#include "metrics/layout.h"
#include "metrics/registry.h"
#include "metrics/saved_metrics.h"
#include "metrics/shard.h"
#include "metrics/snapshot.h"

namespace parshall::metrics {

// Any thread.
class Store : public std::enable_shared_from_this<Store> {
 public:
  // Fails with the first of CheckMetrics()' faults.
  static Result<std::shared_ptr<Store>> Create(const rules::RuleSet& rules,
                                               const ConstantLabels& constants = {},
                                               RegistryOptions options = {});

  const Layout& layout() const { return layout_; }
  Registry& registry() { return registry_; }
  const Registry& registry() const { return registry_; }

  // A shard for one more worker; lives as long as the store.
  Shard& AddShard();

  // One consistent moment of all shards: every batch is in it as a whole or not at all.
  // `while_all_locked` runs at that moment, for tallies that must agree with the series; it must be
  // short and must not touch the store. Workers stand still only while cells are copied.
  // `now_ms`: the Unix time, or 0 for that of the latest batch; series that were not counted for
  // the ttl of their metric until then, or that an event has deleted, are gone from here on.
  Snapshot TakeSnapshot(const std::function<void()>& while_all_locked = {}, int64_t now_ms = 0);

  // Puts the series of an earlier run into this store, which has none yet: values, start times, and
  // the label values that have a place within their limits. Families that are no more, or that have
  // other labels or buckets now, begin anew; returns a sentence for each of those, in which
  // `before` says what they were saved of.
  std::vector<std::string> Restore(const SavedMetrics& saved,
                                   std::string_view before = "the saved state");

 private:
  // What a saved moment is restored into; see Restore().
  std::vector<uint32_t> RestoreFamily(const SavedFamily& saved, const Family& family, Shard* shard);
  void RestoreTemplates(const std::vector<std::pair<std::string, std::string>>& notes);
  void RestoreNotes(const SavedFamily& saved, const Family& family,
                    const std::vector<std::pair<std::string, std::string>>& notes,
                    std::span<const uint32_t> series, Shard* shard);
  void RestoreGroups(const std::vector<SavedGroup>& saved, Shard* shard);

  // What is copied of one shard while everything is locked.
  struct Copy {
    std::vector<std::vector<uint64_t>> spaces;
    std::vector<Exemplars> exemplars;
    std::vector<Sketches> sketches;
    std::vector<MeterTally> tallies;
    std::vector<std::vector<uint64_t>> overflow;
    std::vector<std::vector<Offenders>> offenders;
    std::vector<std::vector<SeriesLife>> lives;
  };

  Store(Layout layout, RegistryOptions options);
  void MakeRoom(std::span<Shard* const> shards);
  void CopyShards(std::span<Shard* const> shards, const std::function<void()>& while_all_locked,
                  int64_t* now_ms);
  void Sweep(std::span<Shard* const> shards, int64_t now_ms);
  void RenameSeries(std::span<Shard* const> shards, uint32_t space);
  void SweepSpace(std::span<Shard* const> shards, uint32_t space, int64_t now_ms);
  void MergeSpaces(std::span<const Copy> copies, Snapshot* snapshot) const;
  static void MergeSketches(std::span<Copy> copies, Snapshot* snapshot);
  void MergeTallies(std::span<const Copy> copies, Snapshot* snapshot) const;

  const Layout layout_;
  Registry registry_;
  ScrapeGate gate_;
  std::mutex shards_mutex_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::mutex scrape_mutex_;           // one scrape at a time
  std::vector<Snapshot::Gone> gone_;  // by space; under scrape_mutex_
  std::vector<Copy> copies_;  // under scrape_mutex_; kept, so that copying finds warm memory
};

}  // namespace parshall::metrics
