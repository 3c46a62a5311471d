#pragma once
// Room for texts that are made on the way of one line, all given back at once.

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "records/plan.h"

namespace parshall::records {

// One thread. What was taken stays where it is until the next Reset(). Keeps at most kKeptBytes
// from line to line, so that one long line does not stay in memory.
class Arena {
 public:
  // `bytes` and behind them kPaddingBytes that may be read.
  char* Take(size_t bytes) {
    const size_t needed = bytes + kPaddingBytes;
    if (at_ == blocks_.size() || blocks_[at_].size - used_ < needed) Grow(needed);
    char* const place = blocks_[at_].bytes.get() + used_;
    used_ += needed;
    std::memset(place + bytes, 0, kPaddingBytes);
    return place;
  }
  // Gives back what Take(taken) had too much.
  void Trim(size_t taken, size_t wanted) { used_ -= taken - wanted; }

  void Reset() {
    used_ = 0;
    at_ = 0;
    if (bytes_ <= kKeptBytes) return;
    blocks_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr size_t kBlockBytes = size_t{16} << 10;
  static constexpr size_t kKeptBytes = size_t{256} << 10;

  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  void Grow(size_t needed) {
    while (at_ < blocks_.size()) {
      used_ = 0;
      if (++at_ < blocks_.size() && blocks_[at_].size >= needed) return;
    }
    const size_t size = needed > kBlockBytes ? needed : kBlockBytes;
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    bytes_ += size;
    at_ = blocks_.size() - 1;
    used_ = 0;
  }

  std::vector<Block> blocks_;
  size_t at_ = 0;    // the block in use
  size_t used_ = 0;  // of it
  size_t bytes_ = 0;
};

}  // namespace parshall::records
