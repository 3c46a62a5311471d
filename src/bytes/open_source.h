#pragma once
// From what the operator named to a source that reads it: stdin, something that is read once, a
// FIFO. Everything that can be known to be wrong is said here, before anything is read. (Regular
// files that are followed are opened by followed_file.)

#include <memory>
#include <string>

#include "base/result.h"
#include "bytes/file_ledger.h"
#include "bytes/identity.h"
#include "bytes/member.h"
#include "bytes/notices.h"

namespace parshall::bytes {

struct OpenedSource {
  std::unique_ptr<Member> member;
  FileIdentity identity;
  bool sequential =
      false;  // a regular file: never waits, and is read when those before it have ended
};

// Whether descriptor 0 is something to read from. To be asked before any other descriptor is
// opened: with stdin closed, the next one opened becomes number 0.
Status CheckStdin();

Result<OpenedSource> OpenStdin(uint32_t index, Notices& notices);

// A path with `once`: a regular file, a gzip file, a FIFO until its writers have gone, a device.
Result<OpenedSource> OpenOnce(const std::string& path, uint32_t index, FileLedger& ledger,
                              Notices& notices);

// A FIFO or a device that is followed.
Result<OpenedSource> OpenFollowedPipe(const std::string& path, uint32_t index, Notices& notices);

// Why a file of this type is no source, as a sentence about `path`.
Error RefuseType(FileType type, const std::string& path);

}  // namespace parshall::bytes
