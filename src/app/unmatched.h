#pragma once
// Lines that no rule matched, as JSON for /api/v1/unmatched and as `explain --unmatched` shows
// them.

#include <string>

#include "app/options.h"
#include "records/unmatched.h"

namespace parshall::app {

inline constexpr const char* kUnmatchedPath = "/api/v1/unmatched";

std::string UnmatchedJson(const records::UnmatchedLines& lines);

// Asks the running instance and prints; the exit code.
int ExplainUnmatched(const Options& options);

}  // namespace parshall::app
