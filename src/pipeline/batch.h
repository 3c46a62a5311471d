#pragma once
// What goes from the intake to a worker: a batch of whole lines, and the source that they are of.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bytes/source.h"
#include "lines/newline_framer.h"
#include "pipeline/event_joiner.h"
#include "pipeline/ledger.h"

namespace parshall::pipeline {

// What a source is to the pipeline. The framer belongs to the intake's lock, the state to the turn.
struct SourceEntry {
  SourceEntry(bytes::Source* from, uint32_t number, size_t line_bytes_max)
      : source(from),
        index(number),
        name(from->name()),
        framer(line_bytes_max),
        state(line_bytes_max) {
    // Records name their source; stdin is the usual one and goes without. Padded for the JSON
    // encoder.
    label = name == "stdin" ? std::string() : name;
    label.reserve(label.size() + lines::kPadBytes);
  }

  bytes::Source* source;  // null: of a set that was replaced, and not read again yet
  uint32_t index;         // among all entries
  std::string name;
  std::string label;
  lines::NewlineFramer framer;
  uint64_t bytes_skipped = 0;  // of the framer's tally, already given to a batch
  bool begun = false;          // something was read in this run
  bool ended = false;          // nothing more will come
  SourceTally earlier;         // counts of earlier runs; changes only at a barrier
  uint64_t resume_at = 0;      // where the earlier run stood in its file, and
  bool skipping = false;       // whether inside of an over-long line
  // The last whole line that was handed out, as it stood there; empty: none, or an over-long one.
  std::string last_line;
  bool handed_out = false;  // any line was, in this run
  SourceState state;
};

// One piece of work. One thread; its buffer is reused from batch to batch.
struct Batch {
  uint64_t ticket = 0;
  SourceEntry* entry =
      nullptr;  // null: nothing came for a while; open events of all sources may be closed
  std::vector<lines::Cut> cuts;  // whole lines, in the buffer
  uint64_t bytes = 0;            // read for this batch
  uint64_t bytes_skipped = 0;
  // The line before these lines, with lines::kPadBytes behind it in the string; for twins.h. Empty:
  // none that could have one, or (`first`) only the source's state knows.
  std::string line_before;
  bool first = false;       // no line of the source was handed out before in this run
  bool file_began = false;  // what an earlier file left open ends before these lines
  bool file_ended = false;  // nothing will come behind these lines in their file
  // A barrier: no line, but the place between all earlier batches and all later ones. Until its
  // holder lets `hold` go, nothing more is read.
  bool barrier = false;
  std::unique_lock<std::mutex> hold;

  std::unique_ptr<char[]> buffer;
  size_t buffer_size = 0;
};

}  // namespace parshall::pipeline
