#pragma once
// Bytes to lines: where the whole lines of a read end, what waits for the next read, what is too
// long. The framer looks only for the last newline of a read (and as often as a line can be too
// long); the lines of a Cut are found by LineIterator, outside of any lock.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace parshall::lines {

// Behind what is handed on here, this many bytes can be read (not: mean anything). The owner of the
// buffer sees to it.
inline constexpr size_t kPadBytes = 128;

// Whole lines that stand one behind the other in the pipeline's buffer, or one line that was too
// long. begin and end point into that buffer. Plain data; handed over with the buffer.
struct Cut {
  const char* begin = nullptr;
  const char* end = nullptr;
  uint64_t file = 0;        // which file of the source, and
  uint64_t offset = 0;      // where *begin stands in it
  uint64_t offset_end = 0;  // where *end stands in it
  bool oversized =
      false;  // one line, its first line_bytes_max bytes without newline; the rest is skipped
  bool unterminated = false;  // one line, the last of its file, without newline

  size_t size() const { return static_cast<size_t>(end - begin); }
};

// What went through one framer. `lines` are counted by who takes the cuts apart
// (LineIterator::count()).
struct FramerTally {
  uint64_t bytes = 0;          // fed
  uint64_t cuts = 0;           // handed on
  uint64_t oversized = 0;      // lines that were cut
  uint64_t bytes_skipped = 0;  // of those lines behind the cut, without their newlines
};

// Finds lines in what one source is read to. For each read, under the source's turn:
//   char* place = buffer + framer.reserve();            // the carried half line will be put before
//   it ReadResult read = source->Read(place, space);       // buffer: reserve() + space + kPadBytes
//   bytes framer.Feed(buffer, read.size, read.offset, read.file, &cuts);
// and when the file or the source has ended (ReadStatus::kFileEnded, kEnded, kFailed):
//   framer.EndFile(buffer, &cuts);                      // half a line is a line now
// The half line is copied once when its line completes, not once a read: a line that comes in a
// byte at a time costs no more than another. A line is too long when it has more than
// line_bytes_max bytes without its "\n" or "\r\n". One thread at a time. Holds at most
// line_bytes_max + 1 bytes of carry.
class NewlineFramer {
 public:
  explicit NewlineFramer(size_t line_bytes_max);

  // How many bytes must stay free at the front of the buffer: 0 … line_bytes_max + 1.
  size_t reserve() const { return carry_.size(); }

  // Takes `size` bytes at buffer + reserve(), which stand at `offset` of `file`. Appends to *cuts
  // (does not clear it) what is whole now. The cuts point into the buffer; the framer keeps no
  // pointer.
  void Feed(char* buffer, size_t size, uint64_t offset, uint64_t file, std::vector<Cut>* cuts);

  // The file ended: puts the carried half line, if there is one, into the buffer (reserve() bytes)
  // as the last cut. The framer is then ready for the next file.
  void EndFile(char* buffer, std::vector<Cut>* cuts);

  // Where a reader would have to go on to see all that was not handed on yet: the start of the
  // carried half line, or, inside of the skipped rest of a long line, the next byte.
  uint64_t position() const { return next_offset_ - carry_.size(); }
  uint64_t file() const { return file_; }
  // Inside of the skipped rest of a long line. With position() this is all the state there is.
  bool skipping() const { return skipping_; }
  // Goes on as a framer that stood there did. Call before the first Feed().
  void Resume(uint64_t file, uint64_t position, bool skipping);

  const FramerTally& tally() const { return tally_; }

 private:
  void Keep(const char* begin, const char* end);
  void Hand(const char* begin, const char* end, const char* base, uint64_t base_offset,
            std::vector<Cut>* cuts);

  const size_t line_bytes_max_;
  std::vector<char> carry_;
  uint64_t next_offset_ = 0;  // of the first byte that was not fed yet
  uint64_t file_ = 0;
  bool skipping_ = false;
  FramerTally tally_;
};

// The lines of a cut, without "\n" and without one '\r' before it. A last line without newline
// (oversized or unterminated) is given as it is, a '\r' at its end included. One thread. The lines
// point into the cut.
class LineIterator {
 public:
  LineIterator(const char* begin, const char* end) : at_(begin), end_(end) {}
  explicit LineIterator(const Cut& cut) : LineIterator(cut.begin, cut.end) {}

  bool Next(std::string_view* line) {
    if (at_ == end_) return false;
    const char* const begin = at_;
    const void* const found = std::memchr(begin, '\n', static_cast<size_t>(end_ - begin));
    ++count_;
    if (found == nullptr) {
      at_ = end_;
      *line = {begin, static_cast<size_t>(end_ - begin)};
      return true;
    }
    const char* stop = static_cast<const char*>(found);
    at_ = stop + 1;
    if (stop != begin && stop[-1] == '\r') --stop;
    *line = {begin, static_cast<size_t>(stop - begin)};
    return true;
  }

  // How many lines Next() gave.
  uint64_t count() const { return count_; }
  // Behind the last line that Next() gave, its newline included.
  const char* position() const { return at_; }

 private:
  const char* at_;
  const char* end_;
  uint64_t count_ = 0;
};

}  // namespace parshall::lines
