#pragma once
// Calendar and words of times: what timestamp.cc and strptime.cc share, and nobody else needs. Each
// Take…() takes something at *p, before `end`, and moves *p behind it.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/timestamp.h"

namespace parshall::civil {

inline constexpr int64_t kSecondsMin = -62135596800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kSecondsMax = 253402300799;  // 9999-12-31T23:59:59Z
inline constexpr int64_t kDaySeconds = 86400;
inline constexpr uint32_t kNanosPerSecond = 1'000'000'000;
inline constexpr int kOffsetMinutesMax = 24 * 60;

inline constexpr std::array<uint32_t, 10> kPowersOfTen = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

inline constexpr std::array<uint16_t, 13> kDaysBeforeMonth = {0,   0,   31,  59,  90,  120, 151,
                                                              181, 212, 243, 273, 304, 334};
inline constexpr std::array<uint8_t, 13> kDaysInMonth = {0,  31, 28, 31, 30, 31, 30,
                                                         31, 31, 30, 31, 30, 31};

constexpr bool IsLeap(uint32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// What the text said, before it is checked and put together.
struct Civil {
  uint32_t year = 0;
  uint32_t month = 1;
  uint32_t day = 1;
  uint32_t hour = 0;
  uint32_t minute = 0;
  uint32_t second = 0;
  uint32_t nanos = 0;
  int offset_minutes = 0;  // east of UTC
};

inline bool InRange(int64_t seconds) { return seconds >= kSecondsMin && seconds <= kSecondsMax; }

inline bool ToMoment(const Civil& civil, Moment* out) {
  if (civil.year - 1 > 9998 || civil.month - 1 > 11) return false;
  const bool leap = IsLeap(civil.year);
  const uint32_t month_days = kDaysInMonth[civil.month] + (leap && civil.month == 2 ? 1u : 0u);
  if (civil.day - 1 >= month_days) return false;
  if (civil.hour > 23 || civil.minute > 59 || civil.second > 60) return false;
  const uint32_t before = civil.year - 1;
  const uint32_t days = before * 365 + before / 4 - before / 100 + before / 400 +
                        kDaysBeforeMonth[civil.month] + (leap && civil.month > 2 ? 1u : 0u) +
                        civil.day - 1;
  const uint32_t in_day = civil.hour * 3600 + civil.minute * 60 + civil.second;
  const int64_t seconds =
      kSecondsMin + int64_t{days} * kDaySeconds + in_day - int64_t{civil.offset_minutes} * 60;
  if (!InRange(seconds)) return false;
  *out = Moment{seconds, civil.nanos};
  return true;
}

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline uint32_t DigitAt(const char* p) {
  return static_cast<uint32_t>(static_cast<uint8_t>(*p)) - '0';
}
// Two digits at p; anything else sets *bad.
inline uint32_t Two(const char* p, bool* bad) {
  const uint32_t tens = DigitAt(p);
  const uint32_t ones = DigitAt(p + 1);
  *bad |= (tens > 9) | (ones > 9);
  return tens * 10 + ones;
}

// Takes all digits at *p (at least one) as a fraction of a second.
inline bool TakeFraction(const char** p, const char* end, uint32_t* nanos) {
  const char* at = *p;
  uint32_t value = 0;
  uint32_t digits = 0;
  while (at < end && IsDigit(*at)) {
    if (digits < 9) {
      value = value * 10 + DigitAt(at);
      ++digits;
    }
    ++at;
  }
  if (digits == 0) return false;
  *nanos = value * kPowersOfTen[9 - digits];
  *p = at;
  return true;
}

inline bool TakeWord(const char** p, const char* end, std::string_view lower_word) {
  if (static_cast<size_t>(end - *p) < lower_word.size()) return false;
  for (size_t i = 0; i < lower_word.size(); ++i) {
    if (Lower((*p)[i]) != lower_word[i]) return false;
  }
  *p += lower_word.size();
  return true;
}

// Takes a numeric offset ±hh, ±hhmm or ±hh:mm.
inline bool TakeOffset(const char** p, const char* end, int* offset_minutes) {
  const char* at = *p;
  if (end - at < 3 || (*at != '+' && *at != '-')) return false;
  const bool west = *at == '-';
  bool bad = false;
  const uint32_t hours = Two(at + 1, &bad);
  uint32_t minutes = 0;
  at += 3;
  if (at < end && (*at == ':' || IsDigit(*at))) {
    if (*at == ':') ++at;
    if (end - at < 2) return false;
    minutes = Two(at, &bad);
    at += 2;
  }
  if (bad || minutes > 59) return false;
  const int total = static_cast<int>(hours * 60 + minutes);
  if (total > kOffsetMinutesMax) return false;
  *offset_minutes = west ? -total : total;
  *p = at;
  return true;
}

inline bool TakeUtcName(const char** p, const char* end) {
  return TakeWord(p, end, "utc") || TakeWord(p, end, "gmt") || TakeWord(p, end, "ut") ||
         TakeWord(p, end, "z");
}

}  // namespace parshall::civil
