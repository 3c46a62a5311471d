#pragma once
// Which files are being read, and how far those that were rotated away had been read.
// It keeps one file from being read twice when it is reachable by two names: a symbolic link beside
// its target, or access.log.1 under the glob access.log*. A saved state can be put
// in here.

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "bytes/identity.h"

namespace parshall::bytes {

// One thread. Holds an entry for each file that is open, and for each ended one that a glob still
// sees (see KeepOnly).
class FileLedger {
 public:
  using Seen = std::unordered_set<FileIdentity, FileIdentityHash>;

  // True when nobody reads the file; from now on `owner` does.
  bool Claim(const FileIdentity& identity, const void* owner);
  bool claimed(const FileIdentity& identity) const { return owners_.contains(identity); }

  // The owner is done with the file, having read it to `offset`.
  void Release(const FileIdentity& identity, uint64_t offset);

  // Where to go on in a file of `size` bytes: where it was left, or 0 for a file never seen and for
  // one that is shorter than what was read (so it is another one, or has been truncated).
  uint64_t ResumeAt(const FileIdentity& identity, uint64_t size) const;

  bool has_ended() const { return !ended_.empty(); }
  // Forgets the ended files that are not in `seen`: their inode numbers may come back.
  void KeepOnly(const Seen& seen);

 private:
  std::unordered_map<FileIdentity, const void*, FileIdentityHash> owners_;
  std::unordered_map<FileIdentity, uint64_t, FileIdentityHash> ended_;
};

}  // namespace parshall::bytes
