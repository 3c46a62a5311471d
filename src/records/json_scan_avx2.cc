// Built with -mavx2 on x86-64 (src/CMakeLists.txt); elsewhere never chosen.
//
// One pass finds the quotes that are not escaped, 64 bytes at a time; then the members are taken
// from quote to quote, without looking at what strings hold.
#include "records/json_scan.h"

#if defined(__AVX2__)
#include <immintrin.h>

#include <cstring>
#endif

namespace parshall::records {

#if defined(__AVX2__)
namespace {

constexpr size_t kBlocksMax = kIndexedBytesMax / 64;

struct Index {
  uint64_t quotes[kBlocksMax + 1];   // those that are not escaped
  uint64_t escapes[kBlocksMax + 1];  // backslashes that escape what follows
  size_t blocks = 0;
  uint64_t high = 0;
};

template <typename Compare>
inline uint64_t Mask(__m256i low, __m256i high, Compare compare) {
  const auto bits = [](__m256i hits) {
    return uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(hits))};
  };
  return bits(compare(low)) | (bits(compare(high)) << 32);
}

// False: there is something in it that must be looked at byte by byte.
inline bool MakeIndex(const char* begin, size_t size, Index* index) {
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  const __m256i control = _mm256_set1_epi8(0x1f);
  uint64_t odd = 0;
  uint64_t carried = 0;  // the first byte is escaped by the last one of the block before
  size_t block = 0;
  for (size_t at = 0; at < size; at += 64, ++block) {
    const size_t left = size - at;
    const uint64_t valid = left < 64 ? (uint64_t{1} << left) - 1 : ~uint64_t{0};
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + at));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + at + 32));
    const auto equal = [](__m256i what) {
      return [what](__m256i bytes) { return _mm256_cmpeq_epi8(bytes, what); };
    };
    const uint64_t quotes = Mask(low, high, equal(quote)) & valid;
    const uint64_t backslashes = Mask(low, high, equal(backslash)) & valid;
    odd |= valid & Mask(low, high, [control](__m256i bytes) {
             return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control), bytes);
           });
    index->high |= valid & Mask(low, high, [](__m256i bytes) { return bytes; });
    // Of a row of backslashes each second one is escaped (simdjson's way to find them).
    constexpr uint64_t kOdd = 0xaaaaaaaaaaaaaaaa;
    const uint64_t begins = backslashes & ~carried;
    const uint64_t marks = (((begins << 1) | kOdd) - begins) ^ kOdd;
    const uint64_t escaped = marks ^ (backslashes | carried);
    const uint64_t escapes = marks & backslashes;
    odd |= escaped & valid & ~(quotes | backslashes);
    index->quotes[block] = quotes & ~escaped;
    index->escapes[block] = escapes;
    carried = escapes >> 63;
  }
  index->blocks = block;
  index->quotes[block] = 0;
  return odd == 0 && carried == 0;
}

// Goes from quote to quote.
class Quotes {
 public:
  Quotes(const Index& index, size_t size) : index_(index), size_(size), word_(index.quotes[0]) {}

  // The place of the next one, or the size of the line when there is none.
  size_t Next() {
    while (word_ == 0) {
      if (block_ >= index_.blocks) return size_;
      word_ = index_.quotes[++block_];
    }
    const size_t place = block_ * 64 + static_cast<size_t>(_tzcnt_u64(word_));
    word_ &= word_ - 1;
    return place;
  }

  // Those before `place` are passed over.
  void SkipTo(size_t place) {
    block_ = place / 64;
    word_ = index_.quotes[block_] & (~uint64_t{0} << (place % 64));
  }

  // Whether a backslash stands in [first, last).
  bool Escaped(size_t first, size_t last) const {
    size_t block = first / 64;
    const size_t last_block = last / 64;
    uint64_t word = index_.escapes[block] & (~uint64_t{0} << (first % 64));
    for (; block < last_block; word = index_.escapes[++block]) {
      if (word != 0) return true;
    }
    return (word & ((uint64_t{1} << (last % 64)) - 1)) != 0;
  }

 private:
  const Index& index_;
  const size_t size_;
  size_t block_ = 0;
  uint64_t word_;
};

}  // namespace

int ScanEventAvx2(const char* begin, const char* end, JsonMember* members, JsonSeen* seen) {
  const auto size = static_cast<size_t>(end - begin);
  if (size < 2 || size >= kIndexedBytesMax || *begin != '{') return kNotIndexed;
  Index index;
  if (!MakeIndex(begin, size, &index)) return kNotIndexed;
  Quotes quotes(index, size);
  size_t count = 0;
  const char* at = begin + 1;
  const auto skip_blanks = [&at, end] {  // other blanks are control characters
    while (at < end && *at == ' ') ++at;
    return at < end;
  };
  // A string at `at`; null when there is none.
  const auto take_string = [&](bool* escaped) -> const char* {
    if (*at != '"' || quotes.Next() != static_cast<size_t>(at - begin)) return nullptr;
    const size_t close = quotes.Next();
    if (close == size) return nullptr;
    *escaped = quotes.Escaped(static_cast<size_t>(at - begin), close);
    return begin + close + 1;
  };
  if (!skip_blanks()) return kNotIndexed;
  while (true) {
    if (count == kIndexedMembersMax) return kNotIndexed;
    JsonMember& member = members[count++];
    const char* behind = take_string(&member.key_escaped);
    if (behind == nullptr) return kNotIndexed;
    member.key = {at, static_cast<size_t>(behind - at)};
    at = behind;
    if (!skip_blanks() || *at != ':') return kNotIndexed;
    ++at;
    if (!skip_blanks()) return kNotIndexed;
    if (*at == '"') {
      member.kind = JsonKind::kString;
      behind = take_string(&member.value_escaped);
    } else {
      seen->escapes = false;
      behind = SkipJsonValue(at, end, &member.kind, seen);
      member.value_escaped = seen->escapes;
      if (behind != nullptr) quotes.SkipTo(static_cast<size_t>(behind - begin));
    }
    if (behind == nullptr) return kNotIndexed;
    member.value = {at, static_cast<size_t>(behind - at)};
    at = behind;
    if (!skip_blanks()) return kNotIndexed;
    if (*at == '}') break;
    if (*at != ',') return kNotIndexed;
    ++at;
    if (!skip_blanks()) return kNotIndexed;
  }
  ++at;
  if (skip_blanks()) return kNotIndexed;
  seen->high_bytes = seen->high_bytes || index.high != 0;
  return static_cast<int>(count);
}
#else
int ScanEventAvx2(const char*, const char*, JsonMember*, JsonSeen*) { return kNotIndexed; }
#endif

}  // namespace parshall::records
