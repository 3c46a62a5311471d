#pragma once
// What the followed files of one set share: who tells of changes, who reads what, how long to wait.

#include <cstdint>
#include <functional>
#include <string>

#include "bytes/file_ledger.h"
#include "bytes/folder_names.h"
#include "bytes/identity.h"
#include "bytes/member.h"
#include "bytes/notices.h"
#include "bytes/watcher.h"

namespace parshall::bytes {

// One thread. Outlives the followed files.
struct Following {
  Watcher& watcher;
  FileLedger& ledger;
  Notices& notices;
  int64_t rotate_wait_ms = 200;
  int64_t writer_wait_ms = 10'000;
  // A file with nothing to read is closed when its descriptor is not below this. The kernel gives
  // out the lowest number that is free, so there are fewer than these many then.
  int descriptors_max = 512;
  // Is this open file under this path a copy (copytruncate) of what another source has read, reads
  // or is about to read? To be asked of the very descriptor that is read then: names are moved on
  // from one file to the next between two system calls.
  std::function<CopyOf(const std::string& path, int fd, const FileStat& stat)> judge_copy;
  // Asked by each file that was rotated, and forgotten behind each search.
  FolderNames names;
};

// A file that may be a copy is asked about again after this long.
constexpr int64_t kPendingMs = 100;

}  // namespace parshall::bytes
