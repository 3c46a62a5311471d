#pragma once
// How far an output file was written, as data: a run that goes on after a crash cuts the file back
// to it.

#include <cstdint>
#include <string>

#include "bytes/identity.h"

namespace parshall::sinks {

// Plain data.
struct OutputPosition {
  std::string path;
  bytes::FileIdentity identity;
  uint64_t length = 0;  // bytes of whole records
};

}  // namespace parshall::sinks
