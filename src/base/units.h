#pragma once
// Numbers with a unit, as operators write them.

#include <string_view>

namespace parshall {

// "500ms", "1.5s", "90 m", "24h", "7d": seconds, never negative. False for anything else, a number
// without a unit among it, since nobody knows which it was meant to have.
bool ParseDuration(std::string_view text, double* seconds);

}  // namespace parshall
