#pragma once
// Which files are being read, and how far those that were left, or read by an earlier run, had been
// read. It keeps one file from being read twice when it is reachable by two names: a symbolic link
// beside its target, or access.log.1 under the glob access.log*.

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bytes/identity.h"
#include "bytes/position.h"

namespace parshall::bytes {

// One thread. Holds an entry for each file that is open, and for each ended one that a glob still
// sees (see KeepOnly).
class FileLedger {
 public:
  using Seen = std::unordered_set<FileIdentity, FileIdentityHash>;

  // True when nobody reads the file; from now on `owner` does.
  bool Claim(const FileIdentity& identity, const void* owner);
  bool claimed(const FileIdentity& identity) const { return owners_.contains(identity); }

  // Where to go on in this open file: where it was left, or 0 for a file never seen and for one
  // that does not hold what was read (so it is another one, or has been truncated).
  uint64_t ResumeAt(const FileIdentity& identity, int fd);

  // The owner has taken over what was known of the file, and answers for it now.
  void Forget(const FileIdentity& identity) { ended_.erase(identity); }
  // The owner is done with the file, having read it as far as the position says.
  void Release(FilePosition position);
  // This much of a file that nobody reads was read: by an earlier run, or as its copy.
  void Remember(FilePosition position);
  // How far it was read, if it is known; valid until the next call of anything else.
  const FilePosition* Find(const FileIdentity& identity) const;
  // All that were last written at this moment: a compressed file keeps the time of its original.
  std::vector<FilePosition> LastWrittenAt(int64_t modified_ns) const;
  // Everything was read that stood in it, and it has not been written since: not worth opening.
  bool Finished(const FileStat& stat) const;

  bool has_ended() const { return !ended_.empty(); }
  // Forgets the ended files that were not in `seen` for kSearchesUnseenMax calls in a row: their
  // inode numbers may come back. Not at once: a rotation that renames access.log.9 to .10 between a
  // search's list of names and its look at them hides that file from this search, and a forgotten
  // file that is found again is read again.
  void KeepOnly(const Seen& seen);
  static constexpr uint32_t kSearchesUnseenMax = 8;
  // Appends what is known of files whose owners do not answer for them.
  void AppendEnded(std::vector<FilePosition>* positions) const;

 private:
  std::unordered_map<FileIdentity, const void*, FileIdentityHash> owners_;
  struct Ended {
    FilePosition position;
    uint32_t searches_unseen = 0;  // in a row
  };
  std::unordered_map<FileIdentity, Ended, FileIdentityHash> ended_;
};

}  // namespace parshall::bytes
