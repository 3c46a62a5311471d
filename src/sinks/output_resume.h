#pragma once
// Going on after a crash: the output file of the earlier run is cut back to what its last snapshot
// knows, so that what is read again is not written twice.

#include <string>
#include <vector>

#include "sinks/output_position.h"

namespace parshall::sinks {

// The recorded file is looked for at `path` and then, since rotation may have moved it, under any
// name in the same folder; it is known by its identity, and no other file is ever cut. What could
// not be done comes as sentences: then records may stand twice, or be missing. One that was
// compressed meanwhile is left as it is, and what will stand twice is told.
// To be called before anything is written to `path`.
std::vector<std::string> CutBack(const std::string& path, const OutputPosition& recorded);

}  // namespace parshall::sinks
