#pragma once
// How far a file was read, as data: what one run hands to the next so that no byte is read twice
// and none is left out.

#include <cstdint>
#include <string>

#include "bytes/identity.h"

namespace parshall::bytes {

// The hash of some bytes of a file. Inode numbers come back and not every file system knows a
// file's birth; the beginning of a log hardly ever stands twice. It covers what was there when it
// was taken and grows with the file.
struct Fingerprint {
  static constexpr uint32_t kBytesMax = 4096;

  uint32_t size = 0;  // of the first bytes, uncompressed; 0: the file was empty
  uint64_t hash = 0;

  bool operator==(const Fingerprint&) const = default;
};

// Plain data.
struct FilePosition {
  static constexpr uint32_t kNobody = UINT32_MAX;

  std::string source;  // Source::name() of the source that read it
  FileIdentity identity;
  Fingerprint fingerprint;
  uint64_t offset = 0;   // so many (uncompressed) bytes of it were handed on
  uint64_t file = 0;     // ReadResult::file of these bytes; means nothing in another run
  bool current = false;  // the source still reads it; else it was read to its end and left

  // Of the last bytes that were handed on: those in [tail_end - tail.size, tail_end). Two files
  // that begin alike, and one that was truncated and written anew beyond `offset`, differ here.
  // size 0: not known. Whoever takes the offset back (to the beginning of half a line) leaves these
  // alone.
  Fingerprint tail;
  uint64_t tail_end = 0;
  // When the file was last written, as last seen (Unix time): tells newer rotated files from older
  // ones when this file is gone. 0: not known.
  int64_t modified_ns = 0;
  // Source::index() of the source that reads it, since a name may be that of two: of a file that
  // was rotated away and is still read, and of the next one there. Means nothing in another run.
  uint32_t reader = kNobody;
};

}  // namespace parshall::bytes
