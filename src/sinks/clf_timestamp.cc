#include "sinks/clf_timestamp.h"

#include <cstring>

namespace parshall::sinks {
namespace {

constexpr size_t kClfBytes = 26;
constexpr size_t kDayBytes = 12;  // up to the clock
constexpr size_t kClockBytes = 8;

// "09:25:39": six digits in their places, and none of the three too large.
bool IsClock(const char* clock) {
  uint64_t word;
  std::memcpy(&word, clock, sizeof word);
  constexpr uint64_t kColons = 0x00003a00003a0000;  // little-endian: bytes 2 and 5
  constexpr uint64_t kColonMask = 0x0000ff0000ff0000;
  if ((word & kColonMask) != kColons) return false;
  const auto digit = [clock](size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(clock[at])) - '0';
  };
  const unsigned high_hour = digit(0);
  const unsigned low_hour = digit(1);
  const bool digits =
      low_hour < 10 && digit(4) < 10 && digit(7) < 10 && digit(3) < 6 && digit(6) < 6;
  return digits && high_hour < 3 && high_hour * 10 + low_hour < 24;
}

}  // namespace

bool ClfTimestamp::Write(std::string_view clf, char* out) {
  if (clf.size() != kClfBytes ||
      std::memcmp(clf.data() + kDayBytes + kClockBytes, " +0000", 6) != 0 ||
      !IsClock(clf.data() + kDayBytes)) {
    return false;
  }
  Day& day = days_[static_cast<size_t>(clf[0] * 10 + clf[1]) % days_.size()];
  if (!day.known || std::memcmp(day.text.data(), clf.data(), kDayBytes) != 0) {
    Moment moment;
    if (!ParseClf(clf, &moment)) return false;
    char formatted[kRfc3339MillisSize];
    FormatRfc3339Millis(moment, formatted);
    day.known = true;
    std::memcpy(day.text.data(), clf.data(), kDayBytes);
    std::memcpy(day.date.data(), formatted, day.date.size());
  }
  std::memcpy(out, day.date.data(), day.date.size());
  std::memcpy(out + day.date.size(), clf.data() + kDayBytes, kClockBytes);
  std::memcpy(out + day.date.size() + kClockBytes, ".000Z", 5);
  return true;
}

}  // namespace parshall::sinks
