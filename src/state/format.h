#pragma once
// The snapshot's file format: what encode.cc writes and decode.cc reads.
//
// A header of 40 bytes, then sections up to the end. All integers are little-endian.
//
//   0  magic          8 bytes "PARSHALL"
//   8  major, minor   2 × u16
//  12  checksum       u32: CRC-32C of all bytes of the file but these four
//  16  generation     u64
//  24  length         u64: of the whole file
//  32  taken          i64: milliseconds of Unix time
//  40  sections       u32 tag, u64 length, so many bytes
//
// A string is its length as u32 and its bytes; a list is its count as u32 and its elements; a bool
// is one byte, 0 or 1; a double is its bits as u64.
//
// The header stays as it is in every version to come, so that any version can tell a file of
// another one from damage. A new minor version may add sections, which an older program skips; what
// is inside a section that exists never changes. Everything else takes a new major version, which
// an older program refuses.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parshall::state {

inline constexpr uint16_t kFormatMajor = 1;
inline constexpr uint16_t kFormatMinor = 1;

inline constexpr std::string_view kMagic = "PARSHALL";
inline constexpr size_t kVersionAt = 8;
inline constexpr size_t kChecksumAt = 12;
inline constexpr size_t kGenerationAt = 16;
inline constexpr size_t kLengthAt = 24;
inline constexpr size_t kTakenAt = 32;
inline constexpr size_t kHeaderSize = 40;
inline constexpr size_t kSectionHeaderSize = 12;

// Neither written nor read beyond it: a million histogram series take a tenth of it.
inline constexpr uint64_t kSnapshotBytesMax = uint64_t{2} << 30;

constexpr uint32_t Tag(const char (&name)[5]) {
  uint32_t tag = 0;
  for (int n = 3; n >= 0; --n) tag = (tag << 8) | static_cast<unsigned char>(name[n]);
  return tag;
}

inline constexpr uint32_t kFilesTag = Tag("FILE");
inline constexpr uint32_t kSourcesTag = Tag("SRCS");
inline constexpr uint32_t kRulesTag = Tag("RULE");
inline constexpr uint32_t kTotalsTag = Tag("TOTL");
inline constexpr uint32_t kFamiliesTag = Tag("FAMS");
inline constexpr uint32_t kGroupsTag = Tag("GRPS");
inline constexpr uint32_t kNotesTag = Tag("MNOT");   // since 1.1; only if there are any
inline constexpr uint32_t kOutputTag = Tag("OUTP");  // only if there is an output file

}  // namespace parshall::state
