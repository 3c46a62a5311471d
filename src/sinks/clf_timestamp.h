#pragma once
// "21/Nov/2026:09:25:39 +0000" → "2026-11-21T09:25:39.000Z" without going through a moment: in UTC
// the clock's digits stay as they are, and a day is worked out once.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
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
  static constexpr size_t kClfBytes = 26;
  static constexpr size_t kDayBytes = 12;  // up to the clock
  static constexpr size_t kClockBytes = 8;
  struct Day {
    bool known = false;
    std::array<char, 12> text{};  // "21/Nov/2026:"
    std::array<char, 11> date{};  // "2026-11-21T"
  };
  static bool IsClock(const char* clock);
  static bool Learn(std::string_view clf, Day* day);

  std::array<Day, 32> days_{};
};

// "09:25:39": six digits in their places, and none of the three too large. All bytes at once.
inline bool ClfTimestamp::IsClock(const char* clock) {
  uint64_t word;
  std::memcpy(&word, clock, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  // Zero for the colons, 0 to 9 for digits; each byte then has to be no more than its place allows.
  word ^= 0x30303a30303a3030;
  constexpr uint64_t kOver = 0x76'7a'7f'76'7a'7f'76'7d;  // 0x7f less 9, 5, 0, 9, 5, 0, 9, 2
  const bool in_place = ((word | (word + kOver)) & 0x8080808080808080) == 0;
  const uint64_t hour = (word & 0xff) * 10 + ((word >> 8) & 0xff);
  return in_place && hour < 24;
}

inline bool ClfTimestamp::Write(std::string_view clf, char* out) {
  if (clf.size() != kClfBytes ||
      std::memcmp(clf.data() + kDayBytes + kClockBytes, " +0000", 6) != 0 ||
      !IsClock(clf.data() + kDayBytes)) {
    return false;
  }
  Day& day = days_[static_cast<size_t>(clf[0] * 10 + clf[1]) % days_.size()];
  if (std::memcmp(day.text.data(), clf.data(), kDayBytes) != 0 || !day.known) [[unlikely]] {
    if (!Learn(clf, &day)) return false;
  }
  std::memcpy(out, day.date.data(), day.date.size());
  std::memcpy(out + day.date.size(), clf.data() + kDayBytes, kClockBytes);
  std::memcpy(out + day.date.size() + kClockBytes, ".000Z", 5);
  return true;
}

}  // namespace parshall::sinks
