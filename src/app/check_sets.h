#pragma once
// Which of the rule files that `parshall check` is given run together. A folder of an operator's
// own is one set, as `--rules FOLDER` would run it. The shipped folder, or a copy of it, is more
// than one: packs read the same lines on purpose and are asked for one at a time, by --format.

#include <string>
#include <vector>

#include "base/result.h"

namespace parshall::app {

// Whether `paths` can be more than one set: several files, or a folder. Not if one of them
// is a pipe, which is not read twice.
bool NeedsSets(const std::vector<std::string>& paths);

// The files behind `paths` (files and folders), in sets that run together. A file that is called as
// a pack and holds a rule of it is a set of its own; all others are the first set. Empty with
// *faults if something cannot be read.
std::vector<std::vector<std::string>> CheckSets(const std::vector<std::string>& paths,
                                                std::vector<Error>* faults);

}  // namespace parshall::app
