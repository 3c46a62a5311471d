#pragma once
// How far a file was read, as data: what one run hands to the next so that no byte is read twice
// and none is left out.

#include <cstdint>
#include <string>

#include "bytes/identity.h"

namespace parshall::bytes {

// What a file begins with. Inode numbers come back and not every file system knows a file's birth;
// the beginning of a log hardly ever stands twice. It covers what was there when it was taken and
// grows with the file.
struct Fingerprint {
  static constexpr uint32_t kBytesMax = 4096;

  uint32_t size = 0;  // of the first bytes, uncompressed; 0: the file was empty
  uint64_t hash = 0;

  bool operator==(const Fingerprint&) const = default;
};

// Plain data.
struct FilePosition {
  std::string source;  // Source::name() of the source that read it
  FileIdentity identity;
  Fingerprint fingerprint;
  uint64_t offset = 0;   // so many (uncompressed) bytes of it were handed on
  uint64_t file = 0;     // ReadResult::file of these bytes; means nothing in another run
  bool current = false;  // the source still reads it; else it was read to its end and left
};

}  // namespace parshall::bytes
