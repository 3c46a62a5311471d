#pragma once
// Docker's json-file wrapping: {"log":"GET /
// …\n","stream":"stdout","time":"2026-11-21T09:40:47.63551236Z"}. The only file of this folder that
// knows simdjson.

#include <memory>
#include <string_view>

#include "lines/unwrap.h"

namespace parshall::lines {

bool MayBeDockerJson(std::string_view line);

// One thread. Owns the parser, into whose memory the payload of the last line points.
class DockerJson {
 public:
  DockerJson();
  ~DockerJson();
  DockerJson(const DockerJson&) = delete;
  DockerJson& operator=(const DockerJson&) = delete;

  // An object is Docker's when it has a string `log` and a string `stream` or `time`, and besides
  // them only keys that the log drivers of Docker write (attrs, container_id, container_name,
  // source), each once, in any order. Anything else is an ordinary JSON event and gives false, so
  // that none of its keys is lost. A `log` that does not end in \n is a piece of a longer line
  // (Docker splits at 16 KiB).
  bool Unwrap(std::string_view line, Unwrapped* out);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace parshall::lines
