#include "sinks/clf_timestamp.h"

#include <bit>
#include <cstring>

namespace parshall::sinks {
namespace {

constexpr size_t kClfBytes = 26;
constexpr size_t kDayBytes = 12;  // up to the clock
constexpr size_t kClockBytes = 8;

// "09:25:39": six digits in their places, and none of the three too large. All bytes at once.
bool IsClock(const char* clock) {
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

}  // namespace

bool ClfTimestamp::Write(std::string_view clf, char* out) {
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

[[gnu::noinline]] bool ClfTimestamp::Learn(std::string_view clf, Day* day) {
  Moment moment;
  if (!ParseClf(clf, &moment)) return false;
  char formatted[kRfc3339MillisSize];
  FormatRfc3339Millis(moment, formatted);
  day->known = true;
  std::memcpy(day->text.data(), clf.data(), kDayBytes);
  std::memcpy(day->date.data(), formatted, day->date.size());
  return true;
}

}  // namespace parshall::sinks
