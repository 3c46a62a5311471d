#pragma once
// "500ms", "1s", "5m", "2h", "7d": spans of time as operators write them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace parshall {

// Milliseconds, 0 to 366 days; nothing for anything else. A number may have a fraction ("0.5s"), a
// unit must be there.
std::optional<int64_t> ParseDurationMs(std::string_view text);

}  // namespace parshall
