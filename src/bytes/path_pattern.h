#pragma once
// A path as the operator wrote it: a plain one, or a glob (glob(7): * ? [ ]) that may match other
// files later.

#include <string>
#include <vector>

#include "base/result.h"

namespace parshall::bytes {

// A file may be called "[x].log": a path that exists as it stands is not a glob.
bool IsGlob(const std::string& path);

// Everything the glob matches now, sorted; empty when nothing does.
// Fails only for lack of memory. Directories that cannot be read match nothing.
Result<std::vector<std::string>> ExpandGlob(const std::string& pattern);

// The text in front of the file name: "/var/log/" of "/var/log/x", "" of "x".
std::string DirectoryPrefix(const std::string& path);

// The prefixes of all directories in which matches of the pattern (or the plain path) can appear.
std::vector<std::string> DirectoryPrefixes(const std::string& pattern);

bool IsSymbolicLink(const std::string& path);

// Ends in ".gz" (in any case).
bool HasGzipName(const std::string& path);

}  // namespace parshall::bytes
