#pragma once
// "21/Nov/2026:09:25:39 +0000" → "2026-11-21T09:25:39.000Z" without going through a moment: in UTC
// the clock's digits stay as they are, and a day is worked out once.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/timestamp.h"

namespace parshall::sinks {

// One thread. Remembers the days it has seen, one for each day of the month.
class ClfTimestamp {
 public:
  // Writes kRfc3339MillisSize bytes. False for anything that is not a plain CLF time in UTC; then
  // ParseClf() must decide.
  bool Write(std::string_view clf, char* out);

 private:
  struct Day {
    bool known = false;
    std::array<char, 12> text{};  // "21/Nov/2026:"
    std::array<char, 11> date{};  // "2026-11-21T"
  };
  static bool Learn(std::string_view clf, Day* day);

  std::array<Day, 32> days_{};
};

}  // namespace parshall::sinks
