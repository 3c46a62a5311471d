#pragma once
// Where records go: standard output, a file, or nowhere. Whole batches of lines, one write each.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sinks/output_position.h"
#include <optional>
#include "base/fd.h"
#include "base/result.h"

namespace parshall::sinks {

// One thread at a time (whoever has the turn to write).
class JsonLinesSink {
 public:
  // "-" is standard output; anything else is a file that is appended to (made with mode 0644). A
  // folder, or a path that cannot be opened, is an error.
  static Result<std::unique_ptr<JsonLinesSink>> Open(const std::string& to);
  ~JsonLinesSink() = default;

  // Writes all of it, however slowly the reader takes it. An error is final: the reader went away
  // ("broken pipe"), no space is left. What was written before it has been delivered.
  Status Write(std::string_view lines);

  Status Sync() { return Ok(); }
  std::optional<OutputPosition> position() const { return {}; }
  bool ReopenDue() { return false; }
  Status Reopen() { return Ok(); }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  JsonLinesSink(Fd owned, int fd, std::string name)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)) {}

  Fd owned_;  // empty for standard output, which is not ours to close
  int fd_;
  std::string name_;
  uint64_t bytes_written_ = 0;
};

}  // namespace parshall::sinks
