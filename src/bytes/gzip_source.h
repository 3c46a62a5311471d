#pragma once
// A gzip file (RFC 1952) that is read once: its members one after the other, decompressed as they
// are read. Damage is never silence: a file that is cut short or fails its checksum ends as
// kFailed, after everything before the damage was handed on.

#include <memory>
#include <string>

#include "base/fd.h"
#include "bytes/member.h"

namespace parshall::bytes {

// One thread. Holds 64 KiB of compressed bytes and zlib's window (about 40 KiB), however much the
// file unpacks to; both only from the first Read() to the end.
class GzipSource : public Member {
 public:
  GzipSource(std::string path, uint32_t index);
  ~GzipSource() override;

  ReadResult Read(char* data, size_t size) override;

 private:
  struct Inflater;
  bool Start();
  // Has at least one compressed byte in hand, unless the file is at its end (or error_ says why
  // not).
  bool Fill();
  bool NextMember();
  ReadResult Close(ReadResult result);

  std::unique_ptr<Inflater> inflater_;
  Fd fd_;
  bool in_member_ = false;
  std::string error_;  // not empty: how this ends
  bool finished_ = false;
  uint64_t offset_ = 0;
  uint64_t members_ = 0;
};

}  // namespace parshall::bytes
