#pragma once
// Where bytes come from: stdin, files that are read once or followed, FIFOs, gzip files.
// A source hands on bytes and where they stood; it knows nothing of lines.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace parshall::bytes {

// One thing the operator named: "-", a path or a glob, and how to read it.
struct SourceSpec {
  std::string path;       // "-" is stdin
  bool once = false;      // read what is there and end, instead of following
  bool from_end = false;  // followed files that exist at the start: skip what is there
};

enum class ReadStatus : uint8_t {
  kBytes,      // `size` bytes were read (at least one)
  kNothing,    // nothing there now
  kFileEnded,  // the file behind the source ended for good (rotated away, truncated, deleted): half
               // a line is a line. The source may go on with another file, whose bytes start at
               // offset 0 with a new `file`
  kEnded,      // the source ended: nothing will ever come
  kFailed,     // the source cannot be read any more; `error` says why. It counts as ended
};

struct ReadResult {
  ReadStatus status = ReadStatus::kNothing;
  size_t size = 0;      // bytes put into the buffer
  uint64_t offset = 0;  // where the first of them stands in `file` (uncompressed bytes for gzip)
  uint64_t file = 0;  // which file of this source: 0, 1, … counts up at each rotation or truncation
  std::string error;  // kFailed only: one sentence
  // kEnded only: its name led nowhere any more, and nobody need remember the source. Should the
  // name come back, it is another source.
  bool gone = false;
};

// One source. One thread at a time: the caller that holds the SourceSet's turn.
class Source {
 public:
  virtual ~Source() = default;
  // "stdin" or the path; the `source` label on /metrics. Stays the same for the source's life.
  virtual const std::string& name() const = 0;
  // 0, 1, … in order of appearance: never given twice by one set.
  virtual uint32_t index() const = 0;
  // Reads at most `size` (> 0) bytes of what is there; never blocks longer than one read(2) of
  // ready data.
  virtual ReadResult Read(char* data, size_t size) = 0;
};

}  // namespace parshall::bytes
