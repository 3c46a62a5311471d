#include "metrics/tuple_cache.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "metrics/registry.h"

namespace parshall::metrics {

void TupleCache::Put(const uint64_t* key, uint64_t value, size_t tuples_max) {
  assert(value != kAbsent);
  const size_t slots = mask_ + 1;
  if (size_ + 1 > slots / 2) {
    const size_t slots_max = 2 * std::bit_ceil(std::max(tuples_max, kTuplesMin));
    if (slots < slots_max) {
      Resize(slots * 2);
    } else {
      std::fill(cells_.begin(), cells_.end(), kAbsent);
      size_ = 0;
    }
  }
  Place(key, value);
}

void TupleCache::Place(const uint64_t* key, uint64_t value) {
  const size_t home = Hash<0>(key);
  size_t slot = home;
  for (uint32_t probe = 0; probe < kProbesMax; ++probe) {
    if (cells_[slot * stride_ + words_] == kAbsent) {
      ++size_;
      break;
    }
    slot = (slot + 1) & mask_;
    if (probe + 1 == kProbesMax) slot = home;  // crowded: take the place of another
  }
  uint64_t* entry = cells_.data() + slot * stride_;
  std::copy_n(key, words_, entry);
  entry[words_] = value;
}

void TupleCache::Resize(size_t slots) {
  std::vector<uint64_t> old(slots * stride_, kAbsent);
  old.swap(cells_);
  mask_ = slots - 1;
  shift_ = 64 - static_cast<uint32_t>(std::countr_zero(slots));
  size_ = 0;
  for (size_t at = 0; at < old.size(); at += stride_) {
    if (old[at + words_] != kAbsent) Place(old.data() + at, old[at + words_]);
  }
}

const uint64_t* LongTextCache::Find(std::string_view text) const {
  if (slots_.empty()) return nullptr;
  const uint64_t hash = TextHash{seed_}(text);
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    const Slot& slot = slots_[(hash + probe) % kSlots];
    if (slot.text.empty()) return nullptr;
    if (slot.hash == hash && slot.text == text) return &slot.number;
  }
  return nullptr;
}

void LongTextCache::Put(std::string_view text, uint64_t number) {
  assert(!text.empty() && text.size() <= kTextBytesMax);
  if (slots_.empty()) slots_.resize(kSlots);
  const uint64_t hash = TextHash{seed_}(text);
  size_t at = hash % kSlots;
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    if (slots_[(hash + probe) % kSlots].text.empty()) {
      at = (hash + probe) % kSlots;
      break;
    }
  }
  slots_[at].hash = hash;
  slots_[at].number = number;
  slots_[at].text.assign(text);
}

}  // namespace parshall::metrics
