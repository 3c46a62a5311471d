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
    const Slot& slot = slots_[(hash + probe) & (slots_.size() - 1)];
    if (slot.text.empty()) return nullptr;
    if (slot.hash == hash && slot.text == text) return &slot.number;
  }
  return nullptr;
}

LongTextCache::Slot* LongTextCache::PlaceFor(uint64_t hash) {
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    Slot& slot = slots_[(hash + probe) & (slots_.size() - 1)];
    if (slot.text.empty()) return &slot;
  }
  return nullptr;
}

void LongTextCache::Put(std::string_view text, uint64_t number, size_t texts_max) {
  assert(!text.empty() && text.size() <= kTextBytesMax);
  if (slots_.empty()) slots_.resize(kSlotsMin);
  const size_t slots_max = 4 * std::bit_ceil(std::max(texts_max, kTextsMin));
  const uint64_t hash = TextHash{seed_}(text);
  Slot* place = PlaceFor(hash);
  while (place == nullptr && slots_.size() < slots_max) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.text.empty()) continue;
      if (Slot* moved = PlaceFor(slot.hash); moved != nullptr) *moved = std::move(slot);
    }
    place = PlaceFor(hash);
  }
  if (place == nullptr) place = &slots_[hash & (slots_.size() - 1)];
  place->hash = hash;
  place->number = number;
  place->text.assign(text);
}

}  // namespace parshall::metrics
