#pragma once
// A set of byte values, the alphabet of a plan: what a class like [^"\\] or \d matches in Latin-1
// mode.

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace parshall::records {

// Plain value. Any thread.
struct ByteSet {
  std::array<uint64_t, 4> words{};

  static constexpr ByteSet All() { return ByteSet{{~0ULL, ~0ULL, ~0ULL, ~0ULL}}; }
  static constexpr ByteSet Of(unsigned char byte) {
    ByteSet set;
    set.Add(byte);
    return set;
  }

  constexpr void Add(unsigned char byte) { words[byte >> 6] |= 1ULL << (byte & 63); }
  constexpr void AddRange(unsigned low, unsigned high) {
    for (unsigned byte = low; byte <= high; ++byte) Add(static_cast<unsigned char>(byte));
  }
  constexpr bool Has(unsigned char byte) const { return (words[byte >> 6] >> (byte & 63)) & 1; }
  constexpr int Count() const {
    int count = 0;
    for (uint64_t word : words) count += std::popcount(word);
    return count;
  }
  constexpr bool Empty() const { return Count() == 0; }
  // The only member, when there is exactly one; otherwise -1.
  constexpr int Single() const {
    if (Count() != 1) return -1;
    for (unsigned word = 0; word < 4; ++word) {
      if (words[word] != 0) return static_cast<int>(word * 64) + std::countr_zero(words[word]);
    }
    return -1;
  }
  std::vector<unsigned char> Bytes() const {
    std::vector<unsigned char> bytes;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (Has(static_cast<unsigned char>(byte))) bytes.push_back(static_cast<unsigned char>(byte));
    }
    return bytes;
  }

  friend constexpr ByteSet operator|(const ByteSet& a, const ByteSet& b) {
    return Combine(a, b, [](uint64_t x, uint64_t y) { return x | y; });
  }
  friend constexpr ByteSet operator&(const ByteSet& a, const ByteSet& b) {
    return Combine(a, b, [](uint64_t x, uint64_t y) { return x & y; });
  }
  friend constexpr ByteSet operator-(const ByteSet& a, const ByteSet& b) {
    return Combine(a, b, [](uint64_t x, uint64_t y) { return x & ~y; });
  }
  constexpr ByteSet operator~() const { return All() - *this; }
  constexpr bool operator==(const ByteSet&) const = default;

 private:
  template <typename Op>
  static constexpr ByteSet Combine(const ByteSet& a, const ByteSet& b, Op op) {
    ByteSet set;
    for (unsigned i = 0; i < 4; ++i) set.words[i] = op(a.words[i], b.words[i]);
    return set;
  }
};

}  // namespace parshall::records
