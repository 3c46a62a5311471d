#pragma once
// A regular file that is read once, from where it stands to its end: a path with `once`, or stdin
// redirected from a file. Never waits, and costs one read(2) a Read().

#include <string>

#include "base/fd.h"
#include "bytes/member.h"

namespace parshall::bytes {

// One thread. Holds no bytes; opens its file at the first Read() and closes it at the end, so that
// ten thousand files need one descriptor.
class FileSource : public Member {
 public:
  FileSource(std::string path, uint32_t index);
  // Goes on where the open file's own offset stands, and moves it: the next reader of a shared
  // stdin finds what was left.
  FileSource(std::string name, uint32_t index, Fd fd);

  ReadResult Read(char* data, size_t size) override;

 private:
  Fd fd_;
  uint64_t offset_ = 0;
};

}  // namespace parshall::bytes
