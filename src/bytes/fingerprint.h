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

// How far a file looks like another of which something was read.
enum class Likeness : uint8_t {
  kOther,
  kUnknown,  // nothing stands in it yet by which it could be told
  kSame,     // as far as both go
};

// What was handed on of a file, as far as it serves to know the file again. NULs at the beginning
// are the hole that a writer without O_APPEND leaves when its file is truncated. All such files
// begin alike; where the hole ends, and what stands there, tells them apart.
// One thread. Holds the first kHeadBytes behind the hole and the last kTailBytes.
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
  // Something else than a hole was handed on.
  bool begun() const { return !head_.empty(); }
  const Fingerprint& beginning() const { return beginning_; }
  // The bytes before end(). Valid until the next Add() or Load().
  std::string_view tail() const { return tail_; }
  // The file holds the same bytes at the same places.
  bool FitsIn(int fd) const;
  // Does an open file of `size` bytes hold the same at the same places? It may end before or behind
  // end(). Of a trace that has not begun: kUnknown.
  Likeness Compare(int fd, uint64_t size) const;
  // The position behind what was handed on of this file.
  FilePosition Position(std::string source, const FileIdentity& identity,
                        int64_t modified_ns) const;
  // Writes fingerprint, tail, tail_end and offset.
  void Save(FilePosition* position) const;

 private:
  Fingerprint beginning_{.size = 0, .hash = kHashOfNothing};
  std::string head_;
  uint64_t head_at_ = 0;  // where it stands: behind the hole
  std::string tail_;
  uint64_t end_ = 0;
};

// The file holds what the position says, so it can be gone on with at position.offset.
bool Fits(int fd, const FilePosition& position);

// As Trace::Compare, for a position that an earlier run has left. It has no bytes to look at, so
// that more often nothing is known.
Likeness Compare(int fd, uint64_t size, const FilePosition& position);

// Moves what stands behind the NULs at the beginning to the front, and returns how much that is.
size_t DropNuls(char* data, size_t size);

// Where in an open file the first byte stands that is not NUL; `size` when there is none before it,
// or none among the first kNulsReadMax that are no hole of the file system's.
constexpr uint64_t kNulsReadMax = 1 << 20;
uint64_t FindBeginning(int fd, uint64_t size);

}  // namespace parshall::bytes
