#pragma once
// A regular file that is read once, from where it stands to its end: a path with `once`, or stdin
// redirected from a file. Never waits, and costs one read(2) a Read().

#include <string>
#include <vector>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/fingerprint.h"
#include "bytes/member.h"

namespace parshall::bytes {

// One thread. Holds no bytes; opens its file at the first Read() and closes it at the end, so that
// ten thousand files need one descriptor.
class FileSource : public Member {
 public:
  // `ledger` says where an earlier run left the file, and is told when it ends; it outlives this.
  FileSource(std::string path, uint32_t index, FileLedger& ledger);
  // Goes on where the open file's own offset stands, and moves it: the next reader of a shared
  // stdin finds what was left.
  FileSource(std::string name, uint32_t index, Fd fd);

  ReadResult Read(char* data, size_t size) override;
  void AppendPositions(std::vector<FilePosition>* positions) const override;

 private:
  // 0 or the errno.
  int Start();
  size_t PassHole(char* data, size_t size);
  FilePosition Position() const;

  FileLedger* const ledger_ = nullptr;  // none: stdin
  Fd fd_;
  FileIdentity identity_;
  int64_t modified_ns_ = 0;
  uint64_t offset_ = 0;
  Trace trace_;
};

}  // namespace parshall::bytes
