#pragma once
// Has anybody got this file open for writing? The kernel knows, and says so when asked for a read
// lease (fcntl(2), F_SETLEASE). With it a rotated-away file can be left at the moment its last
// writer has closed it, and not before.

#include <cstdint>

namespace parshall::bytes {

enum class OpenWriters : uint8_t {
  kNone,
  kSome,
  kUnknown,  // not our file and no CAP_LEASE, or a file system without leases
};

// `fd` is a regular file that was opened for reading only.
OpenWriters FindOpenWriters(int fd);

}  // namespace parshall::bytes
