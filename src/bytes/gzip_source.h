#pragma once
// A gzip file (RFC 1952) that is read once: its members one after the other, decompressed as they
// are read. Damage is never silence: a file that is cut short or fails its checksum ends as
// kFailed, after everything before the damage was handed on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/fingerprint.h"
#include "bytes/member.h"

namespace parshall::bytes {

// One thread. Holds 64 KiB of compressed bytes and zlib's window (about 40 KiB), however much the
// file unpacks to; both only from the first Read() to the end.
class GzipSource : public Member {
 public:
  // `ledger` says where an earlier run left the file, and is told when it ends; it outlives this.
  GzipSource(std::string path, uint32_t index, FileLedger* ledger);
  ~GzipSource() override;

  // While it unpacks its way to where an earlier run stopped, it says kNothing and stays ready.
  ReadResult Read(char* data, size_t size) override;
  void AppendPositions(std::vector<FilePosition>* positions) const override;

  // The file that is meant, whatever it is called by the time it is read (rotation renames it on).
  // Stays open below this number of descriptors. False when it is not there any more.
  bool Mean(const FileIdentity& identity, int descriptors_max);
  // To be called before the first Read(): what this position says was read already, if the file
  // holds it.
  void GoOnBehind(const FilePosition& left);
  // That position, until the source has come to it.
  const FilePosition* pending() const { return phase_ == Phase::kRead ? nullptr : &left_; }
  const Trace& trace() const { return trace_; }
  uint64_t offset() const { return offset_; }

 private:
  enum class Phase : uint8_t {
    kCompare,  // unpacks what an earlier run has read, to see whether it is the same
    kSeek,     // it is; unpacks to its offset
    kRead,     // hands on what comes
  };
  struct Inflater;
  size_t Unpack(char* data, size_t size);
  void Skip();
  FilePosition Position() const;
  bool Open();
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
  FileLedger* const ledger_;
  FileIdentity identity_;
  std::optional<FileIdentity> meant_;
  int64_t modified_ns_ = 0;
  FilePosition left_;  // by an earlier run
  Phase phase_ = Phase::kRead;
  Trace trace_;
  uint64_t offset_ = 0;
  uint64_t members_ = 0;
};

}  // namespace parshall::bytes
