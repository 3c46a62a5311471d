#pragma once
// One worker's cells: what it counted and nobody else touches while it works on a batch.
// The lock is taken once for a batch, not for a line.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "metrics/exemplars.h"
#include "metrics/layout.h"
#include "metrics/offenders.h"
#include "metrics/sketches.h"

namespace parshall::metrics {

// Why an observation was refused. It changed nothing.
enum class Rejection : uint8_t {
  kNegativeStep,
  kNotFinite,
  kNotANumber,
  kUnknownState,
  kRelabelled,
  kNameTaken,
  kNoLabels,
};
inline constexpr size_t kRejectionCount = 7;
// "negative_step", … : the `reason` on /metrics.
const char* RejectionName(Rejection rejection);

// One in so many records that are folded into `__other__` is looked at more closely.
inline constexpr uint32_t kOffenderEvery = 16;

// What the meter refused, for one family.
struct MeterTally {
  std::array<uint64_t, kRejectionCount> rejected{};
};

// When a series that can go was last counted and deleted by one worker. A moment is the sequence of
// a batch + 1; 0: never.
struct SeriesLife {
  int64_t touched_ms = 0;  // Unix time
  uint64_t touched = 0;
  uint64_t deleted = 0;
};

// Lets a scrape go before the next batches: odd while one waits. Any thread.
// Without it, a worker that unlocks and locks again at once would win every time.
class ScrapeGate {
 public:
  void Close() { turn_.fetch_add(1, std::memory_order_acq_rel); }
  void Open() {
    turn_.fetch_add(1, std::memory_order_acq_rel);
    turn_.notify_all();
  }
  // Waits for one scrape at most, so that scrapes cannot starve a worker either.
  void Pass() const {
    const uint32_t turn = turn_.load(std::memory_order_acquire);
    if ((turn & 1) != 0) turn_.wait(turn, std::memory_order_acquire);
  }

 private:
  std::atomic<uint32_t> turn_{0};
};

// Handed over: whoever holds the lock (a Batch, or the store at a scrape) owns everything in it.
class alignas(64) Shard {
 public:
  Shard(const Layout& layout, const ScrapeGate& gate);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Holds the shard for the records of one batch. While it lives its thread must not wait for
  // another worker: that one may be waiting for a scrape, which waits for this batch.
  class Batch {
   public:
    // `sequence` counts the batches of all workers in the order of the input, from 1 (what was
    // restored is 0): a gauge keeps the value of the latest. `now_ms` (Unix time) becomes the
    // creation time of series that are new.
    Batch(Shard& shard, uint64_t sequence, int64_t now_ms) : shard_(shard) {
      shard.gate_.Pass();
      shard.mutex_.lock();
      shard.sequence_ = sequence;
      shard.now_ms_ = now_ms;
    }
    ~Batch() { shard_.mutex_.unlock(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    Shard& shard_;
  };

 private:
  friend class Meter;
  friend class Store;

  // The cells of a space: blocks of block_cells, by series number.
  struct Cells {
    uint32_t block_cells = 0;
    std::vector<uint64_t> cells;
    std::vector<SeriesLife> lives;  // by series number, in spaces whose series can go
    uint64_t epoch = 0;  // counts when numbers were freed: what a meter remembers is wrong then
  };

  // Makes the block of `series` be there.
  void Ensure(uint32_t space, uint32_t series);
  SeriesLife& LifeOf(uint32_t space, uint32_t series) {
    std::vector<SeriesLife>& lives = spaces_[space].lives;
    if (series >= lives.size()) lives.resize(std::max<size_t>(series + 1, 2 * lives.size()));
    return lives[series];
  }
  // Adds what was counted for `from` to `to`, and empties the block of `from`.
  void MergeSeries(uint32_t space, uint32_t from, uint32_t to);
  // Empties the block of `series`: nothing was counted here.
  void Clear(uint32_t space, uint32_t series);

  const Layout& layout_;
  const ScrapeGate& gate_;
  std::mutex mutex_;
  uint64_t sequence_ = 0;
  int64_t now_ms_ = 0;
  std::vector<Cells> spaces_;
  std::vector<Exemplars> exemplars_;               // by family
  std::vector<Sketches> sketches_;                 // by family
  std::vector<MeterTally> tallies_;                // by family
  std::vector<std::vector<uint64_t>> overflow_;    // by group and field label: records
  std::vector<std::vector<Offenders>> offenders_;  // likewise: a sample of their values
};

}  // namespace parshall::metrics
