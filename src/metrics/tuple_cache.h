#pragma once
// A thread's memory of which series a tuple of raw label values means: the one look-up that a line
// pays for its labels. Keys are integers made of the values' bytes, so that a hit compares no text.

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace parshall::metrics {

// Two words that stand for one raw value. Texts of up to kKeyBytesMax bytes are their own key;
// the top byte says what the rest is, so that "a" and "a\0" differ.
struct ValueKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

inline constexpr size_t kKeyBytesMax = 15;
inline constexpr uint64_t kKeyOther = uint64_t{0xFF} << 56;   // null or absent
inline constexpr uint64_t kKeyNumber = uint64_t{0xFE} << 56;  // a longer text; low is its number

namespace tuple_cache_internal {

template <typename T>
uint64_t Load(const char* at) {
  T word;
  std::memcpy(&word, at, sizeof(T));
  return word;
}

}  // namespace tuple_cache_internal

// The key of a text of at most kKeyBytesMax bytes. Reads no byte outside it.
inline ValueKey KeyOfText(const char* data, size_t size) {
  using tuple_cache_internal::Load;
  const uint64_t tag = static_cast<uint64_t>(size) << 56;
  // Two loads that overlap, from the front and from the back. The common methods and every status
  // are of 2 to 4 bytes, so that their branch is easy to foresee.
  if (size - 2 <= 2) [[likely]] {
    const uint64_t tail = Load<uint16_t>(data + size - 2);
    return {Load<uint16_t>(data) | (tail << (8 * (size - 2))), tag};
  }
  if (size > 8) {
    const uint64_t tail = Load<uint64_t>(data + size - 8);
    return {Load<uint64_t>(data), (tail >> (8 * (16 - size))) | tag};
  }
  if (size > 4) {
    const uint64_t tail = Load<uint32_t>(data + size - 4);
    return {Load<uint32_t>(data) | (tail << (8 * (size - 4))), tag};
  }
  return {size == 0 ? 0 : Load<uint8_t>(data), tag};
}

// The tuples that were seen last, of up to kLabelsMax texts of 2 to 4 bytes: methods and statuses
// are such, and a word stands for each of them. What it knows is right for as long as series stay.
// One thread.
class RecentTuples {
 public:
  static constexpr uint32_t kLabelsMax = 2;
  static constexpr uint64_t kAbsent = ~uint64_t{0};
  struct Key {
    std::array<uint64_t, kLabelsMax> words{};
  };

  // Whether a word can stand for a text of this size.
  static bool Fits(size_t size) { return size - 2 <= 2; }
  // Reads no byte outside the text.
  static uint64_t WordOf(const char* data, size_t size) {
    using tuple_cache_internal::Load;
    const size_t behind = size - 2;
    return Load<uint16_t>(data) | (Load<uint16_t>(data + behind) << (8 * behind)) | (size << 32);
  }

  // What was put for this tuple, or kAbsent.
  uint64_t Find(const Key& key) const {
    const Entry& entry = entries_[SlotOf(key)];
    return entry.key.words == key.words ? entry.value : kAbsent;
  }
  void Put(const Key& key, uint64_t value) { entries_[SlotOf(key)] = {key, value}; }

 private:
  static constexpr size_t kSlots = 256;
  struct Entry {
    Key key;  // a text is never empty, so this is none
    uint64_t value = kAbsent;
  };

  static size_t SlotOf(const Key& key) {
    return static_cast<size_t>(
        (key.words[0] * 0x9E3779B97F4A7C15ULL + key.words[1] * 0xC2B2AE3D27D4EB4FULL) >> 56);
  }

  std::array<Entry, kSlots> entries_{};
};

// Open addressing over tuples of `words` words. One thread.
// Bounded: at half full of its greatest size it forgets everything and learns anew, because raw
// values are whatever clients send; a probe that runs long counts as a miss, so that prepared
// collisions cost no more than the registry does.
class TupleCache {
 public:
  static constexpr uint64_t kAbsent = ~uint64_t{0};

  explicit TupleCache(uint32_t words)
      : words_(words), stride_(words + 1), cells_(kSlotsMin * stride_, kAbsent) {}

  // What was put for this tuple, or kAbsent.
  template <uint32_t kWords>
  uint64_t Find(const uint64_t* key) const {
    const uint32_t words = kWords > 0 ? kWords : words_;
    size_t slot = Hash<kWords>(key);
    for (uint32_t probe = 0; probe < kProbesMax; ++probe) {
      const uint64_t* entry = cells_.data() + slot * (words + 1);
      if (entry[words] == kAbsent) return kAbsent;
      uint64_t different = 0;
      for (uint32_t i = 0; i < words; ++i) different |= entry[i] ^ key[i];
      if (different == 0) return entry[words];
      slot = (slot + 1) & mask_;
    }
    return kAbsent;
  }

  // Remembers `value` (not kAbsent) for a tuple that Find() did not know. `tuples_max`: how many
  // may be kept, at least kTuplesMin.
  void Put(const uint64_t* key, uint64_t value, size_t tuples_max);

  size_t size() const { return size_; }

  static constexpr size_t kTuplesMin = 4096;

 private:
  static constexpr size_t kSlotsMin = 64;
  static constexpr uint32_t kProbesMax = 32;

  template <uint32_t kWords>
  size_t Hash(const uint64_t* key) const {
    // A product for each word, all at once; the top bits of their sum are well mixed.
    static constexpr uint64_t kFactors[] = {
        0x9E3779B97F4A7C15ULL, 0xC2B2AE3D27D4EB4FULL, 0xD6E8FEB86659FD93ULL, 0xA0761D6478BD642FULL,
        0xE7037ED1A0B428DBULL, 0x8EBC6AF09C88C6E3ULL, 0x589965CC75374CC3ULL, 0x1D8E4E27C47D124FULL};
    const uint32_t words = kWords > 0 ? kWords : words_;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < words; ++i) {
      if (kWords == 0 && i > 0 && i % 8 == 0) sum = (sum ^ (sum >> 32)) * kFactors[2];
      sum += key[i] * kFactors[i % 8];
    }
    return static_cast<size_t>((sum ^ (sum >> 29)) * kFactors[0] >> shift_);
  }

  void Place(const uint64_t* key, uint64_t value);
  void Resize(size_t slots);

  uint32_t words_;
  uint32_t stride_;
  uint32_t shift_ = 64 - 6;  // 6: log2(kSlotsMin)
  size_t mask_ = kSlotsMin - 1;
  size_t size_ = 0;
  std::vector<uint64_t> cells_;
};

// Longer texts of one label → their number. When it is crowded at its greatest size, a new text
// takes the place of an old one. One thread.
class LongTextCache {
 public:
  static constexpr size_t kTextBytesMax = 256;  // longer ones are worked out each time

  explicit LongTextCache(uint64_t seed) : seed_(seed) {}

  // Null when the text is not known.
  const uint64_t* Find(std::string_view text) const;
  // `texts_max`: about how many may be kept, at least 1,024.
  void Put(std::string_view text, uint64_t number, size_t texts_max);

 private:
  static constexpr size_t kSlotsMin = 64;
  static constexpr size_t kTextsMin = 1024;
  static constexpr size_t kProbesMax = 8;

  struct Slot {
    uint64_t hash = 0;
    uint64_t number = 0;
    std::string text;  // empty: free (a long text is never empty)
  };

  // The place for a text of this hash: free, or its own; null when the probes are all taken.
  Slot* PlaceFor(uint64_t hash);

  uint64_t seed_;
  std::vector<Slot> slots_;  // empty until the first Put(); a power of two
};

}  // namespace parshall::metrics
