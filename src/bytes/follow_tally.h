#pragma once
// How the following of files goes, for /metrics: written by the one thread that follows, with
// relaxed stores, and read by any.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "bytes/identity.h"

namespace parshall::bytes {

// What one source went through, and how far behind its writer it is. Plain data.
struct FollowTally {
  uint64_t rotations = 0;          // went on with another file
  uint64_t truncations = 0;        // began a file again that had lost what was read of it
  uint64_t bytes_lost = 0;         // truncated or deleted before they were read, as sizes prove
  uint64_t nul_bytes_skipped = 0;  // holes that writers leave at the beginning of truncated files
  uint64_t files_open = 0;         // gauge: files watched; the current one and those that wait
  uint64_t bytes_behind = 0;       // gauge: bytes that stand in these and were not read
  double seconds_behind = 0;       // gauge: how long ago the oldest of these bytes came, about
};

// The whole set. Plain data.
struct WatchTally {
  uint64_t files_watched = 0;
  uint64_t files_polled = 0;  // of these, those whose changes no inotify tells
};

// One writer, Any thread reads. The gauges are taken together at a look, so a reader may see one of
// them newer than the other.
struct FollowCounts {
  std::atomic<uint64_t> rotations = 0;
  std::atomic<uint64_t> truncations = 0;
  std::atomic<uint64_t> bytes_lost = 0;
  std::atomic<uint64_t> nul_bytes_skipped = 0;
  std::atomic<uint64_t> files_open = 0;
  std::atomic<bool> polled = false;
  std::atomic<uint64_t> size = 0;     // of the current file, as last seen
  std::atomic<uint64_t> offset = 0;   // in the current file
  std::atomic<uint64_t> waiting = 0;  // unread bytes of the files behind it
  // When the oldest unread byte came, Unix time; 0: nothing is unread.
  std::atomic<int64_t> behind_since_ns = 0;
  // Which file is the current one; inode 0: none.
  std::atomic<uint64_t> device = 0;
  std::atomic<uint64_t> inode = 0;
  // Since when readers of these counts have seen bytes that the writer of them has not: it may be
  // waiting for the records' output. 0: they do not.
  mutable std::atomic<int64_t> seen_behind_since_ns = 0;

  static void Add(std::atomic<uint64_t>& count, uint64_t n) {
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // `stands`: what stands under the path now, if that is known.
  FollowTally Read(int64_t now_ns, const FileStat* stands) const {
    FollowTally tally;
    tally.rotations = rotations.load(std::memory_order_relaxed);
    tally.truncations = truncations.load(std::memory_order_relaxed);
    tally.bytes_lost = bytes_lost.load(std::memory_order_relaxed);
    tally.nul_bytes_skipped = nul_bytes_skipped.load(std::memory_order_relaxed);
    tally.files_open = files_open.load(std::memory_order_relaxed);
    const uint64_t at = offset.load(std::memory_order_relaxed);
    const uint64_t end = size.load(std::memory_order_relaxed);
    tally.bytes_behind = (end > at ? end - at : 0) + waiting.load(std::memory_order_relaxed);
    const uint64_t unseen = stands != nullptr ? Unseen(*stands, std::max(at, end)) : 0;
    int64_t since = behind_since_ns.load(std::memory_order_relaxed);
    if (unseen == 0) {
      seen_behind_since_ns.store(0, std::memory_order_relaxed);
    } else if (since == 0) {
      since = seen_behind_since_ns.load(std::memory_order_relaxed);
      if (since == 0) since = stands->modified_ns;
      seen_behind_since_ns.store(since, std::memory_order_relaxed);
    }
    tally.bytes_behind += unseen;
    if (tally.bytes_behind > 0 && since > 0 && now_ns > since) {
      tally.seconds_behind = static_cast<double>(now_ns - since) / 1e9;
    }
    return tally;
  }

 private:
  // Bytes that came since the last look, in the current file or in one that has taken its place.
  uint64_t Unseen(const FileStat& stands, uint64_t seen) const {
    if (stands.type != FileType::kRegular) return 0;
    const bool current = stands.identity.inode == inode.load(std::memory_order_relaxed) &&
                         stands.identity.device == device.load(std::memory_order_relaxed);
    if (current) return stands.size > seen ? stands.size - seen : 0;
    return files_open.load(std::memory_order_relaxed) == 1 ? stands.size : 0;
  }
};

}  // namespace parshall::bytes
