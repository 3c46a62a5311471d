#pragma once
// Is this still the file that was read? Its first bytes and the last ones that were handed on say
// so, where device and inode cannot: after a truncation, for a reused inode, for a copy.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/position.h"

namespace parshall::bytes {

// FNV-1a of `bytes` behind what `hash` covers already. It can be gone on with at any byte.
constexpr uint64_t kHashOfNothing = 0xCBF29CE484222325U;
uint64_t HashOn(uint64_t hash, std::string_view bytes);

// The hash of `size` (≤ Fingerprint::kBytesMax) bytes of an open file from `offset` on; false when
// they are not there.
bool HashAt(int fd, uint64_t offset, uint32_t size, uint64_t* hash);

// What was handed on of a file, as far as it serves to know the file again.
// One thread. Holds the first kHeadBytes and the last kTailBytes.
class Trace {
 public:
  // Enough for a timestamp to be among them, in nearly every line.
  static constexpr size_t kTailBytes = 256;
  static constexpr size_t kHeadBytes = 64;

  // These bytes were handed on, right behind those before.
  void Add(std::string_view bytes);
  // As if the first `offset` bytes of the file had been handed on. False when they are not there;
  // then nothing was.
  bool Load(int fd, uint64_t offset);

  uint64_t end() const { return end_; }
  const Fingerprint& beginning() const { return beginning_; }
  // The bytes before end(). Valid until the next Add() or Load().
  std::string_view tail() const { return tail_; }
  // The file holds the same bytes at the same places.
  bool FitsIn(int fd) const;
  // A file of `size` (≤ end()) bytes begins the same, as far as can be seen.
  bool BeginsLike(int fd, uint64_t size) const;
  // Writes fingerprint, tail, tail_end and offset.
  void Save(FilePosition* position) const;

 private:
  Fingerprint beginning_{.size = 0, .hash = kHashOfNothing};
  std::string head_;
  std::string tail_;
  uint64_t end_ = 0;
};

// The file holds what the position says, so it can be gone on with at position.offset.
bool Fits(int fd, const FilePosition& position);

}  // namespace parshall::bytes
