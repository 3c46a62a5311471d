#pragma once
// Lines that no rule matched, by their shape: what kinds there are, how many, and one of each to
// look at. Bounded, whatever comes in.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace parshall::records {

inline constexpr size_t kShapesMax = 64;
inline constexpr size_t kShapeBytesMax = 160;    // of a shape
inline constexpr size_t kShapedBytesMax = 1024;  // of a line that are looked at
inline constexpr size_t kSampleBytesMax = 512;   // of a line that are kept

// What a line looks like without its content: numbers are 0, words a, words with digits x, quoted
// texts "", blanks one blank; words in a row are one. "GET /x/12 took 5ms" is "a /a/0 a x".
std::string ShapeOf(std::string_view line);

struct UnmatchedShape {
  std::string shape;
  uint64_t lines = 0;
  std::string sample;   // the first of them, cut at kSampleBytesMax
  std::string source;   // of the sample
  int64_t last_ms = 0;  // when the last of them was read, Unix time
};

struct UnmatchedLines {
  std::vector<UnmatchedShape> shapes;  // those with most lines first
  uint64_t other_lines = 0;            // of shapes that came when there were kShapesMax
  uint64_t lines = 0;                  // all of them
};

// Any thread. At most kShapesMax times (shape + sample) bytes.
class UnmatchedStore {
 public:
  void Add(std::string_view line, std::string_view source, uint64_t lines, int64_t now_ms);
  UnmatchedLines Snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, UnmatchedShape> shapes_;
  uint64_t other_lines_ = 0;
  uint64_t lines_ = 0;
};

}  // namespace parshall::records
