// Times by a strptime format (timestamp.h).

#include <array>
#include <cstddef>

#include "base/civil_time.h"

namespace parshall {
namespace {

using namespace civil;  // NOLINT: a part of timestamp.cc

constexpr std::array<std::string_view, 12> kMonthNames = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kDayNames = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

// Takes a full name or its first three letters; the index, or -1.
template <size_t N>
int TakeName(const char** p, const char* end, const std::array<std::string_view, N>& names) {
  for (size_t i = 0; i < N; ++i) {
    if (TakeWord(p, end, names[i]) || TakeWord(p, end, names[i].substr(0, 3))) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

// Takes 1 to width digits, blanks before them allowed (strptime(3) skips them for every number).
bool TakeNumber(const char** p, const char* end, int width, uint32_t* value) {
  const char* at = *p;
  while (at < end && IsBlank(*at)) ++at;
  uint32_t number = 0;
  int digits = 0;
  for (; at < end && digits < width && IsDigit(*at); ++at, ++digits)
    number = number * 10 + DigitAt(at);
  if (digits == 0) return false;
  *value = number;
  *p = at;
  return true;
}

// The state of one strptime run.
struct Reading {
  Civil civil;
  const char* p = nullptr;
  const char* end = nullptr;
  uint32_t day_of_year = 0;  // 0: none
  uint32_t hour_12 = 0;      // 0: none
  bool afternoon = false;
  bool has_epoch = false;
  int64_t epoch_seconds = 0;

  bool Run(std::string_view format);
  bool Take(char directive);
  bool TakeEpoch();
  bool TakeYear();
  bool TakeYearInCentury();
  bool Finish(Moment* out);
};

bool Reading::TakeEpoch() {
  const char* start = p;
  if (p < end && *p == '-') ++p;
  while (p < end && IsDigit(*p)) ++p;
  Moment moment;
  const std::string_view text(start, static_cast<size_t>(p - start));
  if (!ParseEpoch(text, EpochUnit::kSeconds, &moment)) return false;
  has_epoch = true;
  epoch_seconds = moment.seconds;
  return true;
}

// All four digits, as Python has it: "26" would silently be the year 26.
bool Reading::TakeYear() {
  if (end - p < 4) return false;
  bool bad = false;
  civil.year = Two(p, &bad) * 100 + Two(p + 2, &bad);
  p += 4;
  return !bad;
}

bool Reading::TakeYearInCentury() {
  uint32_t year = 0;
  if (!TakeNumber(&p, end, 2, &year)) return false;
  civil.year = year + (year < 69 ? 2000 : 1900);  // POSIX strptime: 69–99 are 1969–1999
  return true;
}

bool Reading::Take(char directive) {
  switch (directive) {
    case 'Y':
      return TakeYear();
    case 'y':
      return TakeYearInCentury();
    case 'm':
      return TakeNumber(&p, end, 2, &civil.month);
    case 'd':
    case 'e':
      return TakeNumber(&p, end, 2, &civil.day);
    case 'j':
      return TakeNumber(&p, end, 3, &day_of_year) && day_of_year > 0;
    case 'b':
    case 'B':
    case 'h':
      civil.month = static_cast<uint32_t>(TakeName(&p, end, kMonthNames) + 1);
      return civil.month != 0;
    case 'a':
    case 'A':
      return TakeName(&p, end, kDayNames) >= 0;
    case 'H':
    case 'k':
      return TakeNumber(&p, end, 2, &civil.hour);
    case 'I':
    case 'l':
      return TakeNumber(&p, end, 2, &hour_12) && hour_12 >= 1 && hour_12 <= 12;
    case 'p':
      afternoon = TakeWord(&p, end, "pm");
      return afternoon || TakeWord(&p, end, "am");
    case 'M':
      return TakeNumber(&p, end, 2, &civil.minute);
    case 'S':
      return TakeNumber(&p, end, 2, &civil.second);
    case 'f':
      return TakeFraction(&p, end, &civil.nanos);
    case 'z':
      if (TakeWord(&p, end, "z")) return true;
      return TakeOffset(&p, end, &civil.offset_minutes);
    case 'Z':
      return TakeUtcName(&p, end);
    case 's':
      return TakeEpoch();
    case 'T':
      return Run("%H:%M:%S");
    case 'R':
      return Run("%H:%M");
    case 'D':
      return Run("%m/%d/%y");
    case 'F':
      return Run("%Y-%m-%d");
    case 'n':
    case 't':
      while (p < end && IsBlank(*p)) ++p;
      return true;
    case '%':
      return p < end && *p++ == '%';
    default:
      return false;
  }
}

bool Reading::Run(std::string_view format) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%') {
      if (++i == format.size() || !Take(format[i])) return false;
    } else if (IsBlank(format[i])) {
      while (p < end && IsBlank(*p)) ++p;
    } else {
      if (p == end || *p++ != format[i]) return false;
    }
  }
  return true;
}

bool Reading::Finish(Moment* out) {
  if (p != end) return false;
  if (has_epoch) {
    *out = Moment{epoch_seconds, civil.nanos};
    return true;
  }
  if (hour_12 != 0) civil.hour = hour_12 % 12 + (afternoon ? 12 : 0);
  if (day_of_year == 0) return ToMoment(civil, out);
  const bool leap = IsLeap(civil.year);
  if (day_of_year > (leap ? 366u : 365u)) return false;
  civil.month = 1;
  civil.day = day_of_year;
  for (;;) {
    const uint32_t days = kDaysInMonth[civil.month] + (leap && civil.month == 2 ? 1u : 0u);
    if (civil.day <= days) break;
    civil.day -= days;
    ++civil.month;
  }
  return ToMoment(civil, out);
}

}  // namespace

bool ParseStrptime(std::string_view text, std::string_view format, Moment* out) {
  Reading reading;
  reading.p = text.data();
  reading.end = text.data() + text.size();
  return reading.Run(format) && reading.Finish(out);
}

std::string_view StrptimeFault(std::string_view format) {
  constexpr std::string_view kKnown = "YymdejbBhaAHkIlpMSfzZsTRDFnt%";
  bool year = false;
  bool month = false;
  bool day = false;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size()) return "the time format ends in a lone %";
    const char c = format[i];
    if (kKnown.find(c) == std::string_view::npos) {
      return "the time format has a % directive that is not known; known are "
             "%Y %y %m %d %e %j %b %B %a %A %H %I %p %M %S %f %z %Z %s %T %R %D %F %%";
    }
    const bool whole = c == 's' || c == 'D' || c == 'F';
    year |= whole || c == 'Y' || c == 'y';
    month |= whole || c == 'm' || c == 'b' || c == 'B' || c == 'h' || c == 'j';
    day |= whole || c == 'd' || c == 'e' || c == 'j';
  }
  if (!year) return "the time format has no year (%Y, %y, %F or %s), so it names no moment";
  if (!month || !day) return "the time format has no month and day, so it names no moment";
  return {};
}
}  // namespace parshall
