#pragma once
// One regular file on its way through a followed path: opened, read on from where it was left, and
// checked at every read to be still the file whose bytes were handed on.

#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"
#include "bytes/file_ledger.h"
#include "bytes/fingerprint.h"
#include "bytes/gzip_source.h"
#include "bytes/identity.h"
#include "bytes/position.h"

namespace parshall::bytes {

enum class FileRead : uint8_t {
  kBytes,     // some
  kNothing,   // the file ends at the offset
  kReplaced,  // what was handed on does not stand before the offset any more: truncated, and
              // perhaps written anew
  kFailed,    // errno says why
  kEnded,     // a gzip file: nothing will come any more; `trouble` says why, if not for its end
};

// Handed over (by a move). Holds one descriptor, or none while it is closed for a time.
struct FileInHand {
  Fd fd;  // not valid: closed; `identity` and `path` find the file again
  FileIdentity identity;
  // Reads it instead of `fd` when it was compressed after its rotation. Offsets and trace are those
  // of the bytes in it.
  std::unique_ptr<GzipSource> gzip;
  std::string trouble;
  std::string path;  // where it stood when it was last opened
  Trace trace;       // of what was handed on
  bool held = false;
  bool known = false;  // it had been read before it was opened, by an earlier run perhaps
  // Began again after a truncation, before which so much was read or saved: a hole at the beginning
  // that ends behind this proves a loss.
  uint64_t lost_from = kNothingBefore;
  int64_t lost_since_ns = 0;  // when reading it had begun
  static constexpr uint64_t kNothingBefore = ~uint64_t{0};
  bool copy = false;        // of what was truncated under the source's path; nobody writes to it
  uint64_t size = 0;        // as last seen
  // So many bytes stood in it while what was read of it did. The size that was last seen may be of
  // the time behind a truncation.
  uint64_t stood = 0;
  int64_t modified_ns = 0;  // as last seen

  uint64_t offset() const { return trace.end(); }
  bool open() const { return fd.valid() || gzip != nullptr; }
  // Nothing was handed on yet, or nothing but NULs: they are the hole of a writer that did not
  // notice a truncation, not bytes that anybody wrote.
  bool in_hole() const { return !trace.begun() && (gzip == nullptr || !gzip->pending()); }

  // Reads what stands at the offset, in one system call with the bytes before it. A truncation
  // that the file has outgrown shows there: the bytes are others now.
  FileRead Read(char* data, size_t size_max, size_t* size);
  // (gzip) On the way to its offset it says kNothing.
  FileRead Unpack(char* data, size_t size_max, size_t* size);
  // Updates size and modified_ns. False when the file cannot be asked.
  bool Look();
  // Begins at 0, as another file.
  void BeginAgain();
  FilePosition Position(const std::string& source, uint64_t file, bool current) const;
};

// Takes the regular file that was opened under `path`, when nobody reads it yet, and claims it for
// `owner`; with the offset at which to read on. Otherwise not held, and *trouble says why (empty:
// nothing to report, the file is not there or is read already).
FileInHand TakeOpened(Fd fd, const std::string& path, const void* owner, FileLedger& ledger,
                      std::string* trouble);
// Opens it, too.
FileInHand OpenFollowed(const std::string& path, const void* owner, FileLedger& ledger,
                        std::string* trouble);

// Opens a closed file again, at its path or at `other_path`. 0, or the errno: ENOENT when it stands
// at neither.
int Reopen(FileInHand* file, const std::string& other_path);

}  // namespace parshall::bytes
