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
  // Began again after a truncation: NULs at its beginning are the hole of a writer that did not
  // notice, not bytes that anybody wrote.
  bool skip_nuls = false;
  uint64_t lost_from = 0;   // skip_nuls: so much had been read before; the hole's end proves a loss
  bool copy = false;        // of what was truncated under the source's path; nobody writes to it
  uint64_t size = 0;        // as last seen
  int64_t modified_ns = 0;  // as last seen

  uint64_t offset() const { return trace.end(); }
  bool open() const { return fd.valid() || gzip != nullptr; }

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

// Opens `path` when it is a regular file that nobody reads yet, and claims it for `owner`; with the
// offset at which to read on. Otherwise not held, and *trouble says why (empty: nothing to report,
// the file is not there or is read already).
FileInHand OpenFollowed(const std::string& path, const void* owner, FileLedger& ledger,
                        std::string* trouble);

// Opens a closed file again, at its path or at `other_path`. 0, or the errno: ENOENT when it stands
// at neither.
int Reopen(FileInHand* file, const std::string& other_path);

}  // namespace parshall::bytes
