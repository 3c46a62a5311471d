#include "base/timestamp.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace parshall {
namespace {

constexpr int64_t kSecondsMin = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kSecondsMax = 253402300799;  // 9999-12-31T23:59:59Z
constexpr int64_t kDaySeconds = 86400;
constexpr uint32_t kNanosPerSecond = 1'000'000'000;
constexpr int kOffsetMinutesMax = 24 * 60;

constexpr std::array<uint32_t, 10> kPowersOfTen = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

constexpr std::array<uint16_t, 13> kDaysBeforeMonth = {0,   0,   31,  59,  90,  120, 151,
                                                       181, 212, 243, 273, 304, 334};
constexpr std::array<uint8_t, 13> kDaysInMonth = {0,  31, 28, 31, 30, 31, 30,
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

bool InRange(int64_t seconds) { return seconds >= kSecondsMin && seconds <= kSecondsMax; }

bool ToMoment(const Civil& civil, Moment* out) {
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

uint32_t DigitAt(const char* p) { return static_cast<uint32_t>(static_cast<uint8_t>(*p)) - '0'; }

// Two digits at p; anything else sets *bad.
uint32_t Two(const char* p, bool* bad) {
  const uint32_t tens = DigitAt(p);
  const uint32_t ones = DigitAt(p + 1);
  *bad |= (tens > 9) | (ones > 9);
  return tens * 10 + ones;
}

constexpr uint32_t Letters(char a, char b, char c) {
  return (static_cast<uint32_t>(static_cast<uint8_t>(a)) << 16) |
         (static_cast<uint32_t>(static_cast<uint8_t>(b)) << 8) | static_cast<uint8_t>(c);
}

// A month's place in a table of 16: the multiplier was searched for so that the twelve names do not
// collide.
constexpr uint32_t MonthSlot(uint32_t lower_letters) { return (lower_letters * 0x2C4A3699u) >> 28; }

struct MonthName {
  uint32_t letters = 0;
  uint32_t number = 0;
};
constexpr auto kMonthsBySlot = [] {
  constexpr std::string_view kNames = "janfebmaraprmayjunjulaugsepoctnovdec";
  std::array<MonthName, 16> table{};
  for (uint32_t i = 0; i < 12; ++i) {
    const uint32_t letters = Letters(kNames[3 * i], kNames[3 * i + 1], kNames[3 * i + 2]);
    table[MonthSlot(letters)] = {letters, i + 1};
  }
  return table;
}();

// 1–12 for the three letters at p (any case: setting bit 5 makes no letter out of another byte),
// else 0.
uint32_t MonthAt(const char* p) {
  const uint32_t letters = Letters(p[0], p[1], p[2]) | 0x202020;
  const MonthName& month = kMonthsBySlot[MonthSlot(letters)];
  return month.letters == letters ? month.number : 0;
}

// Takes all digits at *p (at least one) as a fraction of a second.
bool TakeFraction(const char** p, const char* end, uint32_t* nanos) {
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

bool TakeWord(const char** p, const char* end, std::string_view lower_word) {
  if (static_cast<size_t>(end - *p) < lower_word.size()) return false;
  for (size_t i = 0; i < lower_word.size(); ++i) {
    if (Lower((*p)[i]) != lower_word[i]) return false;
  }
  *p += lower_word.size();
  return true;
}

// Takes a numeric offset ±hh, ±hhmm or ±hh:mm.
bool TakeOffset(const char** p, const char* end, int* offset_minutes) {
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

bool TakeUtcName(const char** p, const char* end) {
  return TakeWord(p, end, "utc") || TakeWord(p, end, "gmt") || TakeWord(p, end, "ut") ||
         TakeWord(p, end, "z");
}

// What may stand behind the seconds: fraction, blank, zone; then the text must be at its end.
bool TakeFractionAndZone(const char* p, const char* end, Civil* civil) {
  if (p < end && (*p == '.' || *p == ',')) {
    ++p;
    if (!TakeFraction(&p, end, &civil->nanos)) return false;
  }
  if (p == end) return true;
  if (end - p == 6 && std::memcmp(p, " +0000", 6) == 0) return true;  // most servers, most lines
  if (*p == ' ') ++p;
  if (p == end) return false;
  if (!TakeOffset(&p, end, &civil->offset_minutes) && !TakeUtcName(&p, end)) return false;
  return p == end;
}

// A day's date from days since 0001-01-01, by C. Neri and L. Schneider, "Euclidean affine functions
// and their application to calendar algorithms" (2022), figure 12; the constants are theirs. The
// year begins in March there.
struct Date {
  uint32_t year, month, day;
};
Date DateOf(uint32_t days_since_0001) {
  const uint32_t days = days_since_0001 + 306;  // since 0000-03-01
  const uint32_t in_centuries = 4 * days + 3;
  const uint32_t century = in_centuries / 146097;
  const uint32_t in_years = in_centuries % 146097 / 4 * 4 + 3;
  const uint64_t product = uint64_t{2939745} * in_years;
  const uint32_t year_of_century = static_cast<uint32_t>(product >> 32);
  const uint32_t day_of_year = static_cast<uint32_t>(product) / 2939745 / 4;
  const uint32_t in_months = 2141 * day_of_year + 197913;
  const uint32_t month = in_months >> 16;
  const uint32_t day = (in_months & 0xFFFF) / 2141 + 1;
  const bool next_year = day_of_year >= 306;  // January and February
  return {100 * century + year_of_century + (next_year ? 1u : 0u), next_year ? month - 12 : month,
          day};
}

constexpr auto kTwoDigits = [] {
  std::array<char, 200> table{};
  for (size_t i = 0; i < 100; ++i) {
    table[2 * i] = static_cast<char>('0' + i / 10);
    table[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return table;
}();

void PutTwo(char* out, uint32_t value) { std::memcpy(out, &kTwoDigits[value * 2], 2); }

}  // namespace

Moment Moment::FromNanos(int64_t nanos_since_epoch) {
  int64_t seconds = nanos_since_epoch / kNanosPerSecond;
  int64_t rest = nanos_since_epoch % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  return {seconds, static_cast<uint32_t>(rest)};
}

bool ParseClf(std::string_view text, Moment* out) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.size() < 20) return false;
  const char* p = text.data();
  Civil civil;
  bool bad = (p[2] != '/') | (p[6] != '/') | (p[11] != ':') | (p[14] != ':') | (p[17] != ':');
  civil.day = Two(p, &bad);
  civil.month = MonthAt(p + 3);  // 0 for no month: refused by ToMoment
  civil.year = Two(p + 7, &bad) * 100 + Two(p + 9, &bad);
  civil.hour = Two(p + 12, &bad);
  civil.minute = Two(p + 15, &bad);
  civil.second = Two(p + 18, &bad);
  if (bad) return false;
  if (!TakeFractionAndZone(p + 20, p + text.size(), &civil)) return false;
  return ToMoment(civil, out);
}

bool ParseRfc3339(std::string_view text, Moment* out) {
  if (text.size() < 19) return false;
  const char* p = text.data();
  Civil civil;
  bool bad = (p[4] != '-') | (p[7] != '-') | (p[13] != ':') | (p[16] != ':') |
             (p[10] != 'T' && p[10] != ' ' && p[10] != 't');
  civil.year = Two(p, &bad) * 100 + Two(p + 2, &bad);
  civil.month = Two(p + 5, &bad);
  civil.day = Two(p + 8, &bad);
  civil.hour = Two(p + 11, &bad);
  civil.minute = Two(p + 14, &bad);
  civil.second = Two(p + 17, &bad);
  if (bad) return false;
  if (!TakeFractionAndZone(p + 19, p + text.size(), &civil)) return false;
  return ToMoment(civil, out);
}

bool ParseEpoch(std::string_view text, EpochUnit unit, Moment* out) {
  constexpr size_t kWholeDigitsMax = 24;
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction;
  if (point < text.size()) {
    fraction = text.substr(point + 1);
    if (fraction.empty()) return false;
  }
  if (whole.empty() || whole.size() > kWholeDigitsMax) return false;

  // The digits are one row; the decimal point of seconds stands `shift` places left of the written
  // one.
  const size_t shift = static_cast<size_t>(unit) * 3;
  const size_t second_digits = whole.size() > shift ? whole.size() - shift : 0;
  int64_t seconds = 0;
  uint32_t nanos = 0;
  uint32_t nano_digits = static_cast<uint32_t>(shift > whole.size() ? shift - whole.size() : 0);
  size_t index = 0;
  for (const std::string_view part : {whole, fraction}) {
    for (const char c : part) {
      if (!IsDigit(c)) return false;
      const uint32_t digit = DigitAt(&c);
      if (index++ < second_digits) {
        seconds = seconds * 10 + digit;
        if (seconds > kSecondsMax) return false;  // out of range on either side of 1970
      } else if (nano_digits < 9) {
        nanos = nanos * 10 + digit;
        ++nano_digits;
      }
    }
  }
  if (nano_digits < 9) nanos *= kPowersOfTen[9 - nano_digits];
  if (negative) {
    seconds = -seconds;
    if (nanos != 0) {
      --seconds;
      nanos = kNanosPerSecond - nanos;
    }
  }
  if (!InRange(seconds)) return false;
  *out = Moment{seconds, nanos};
  return true;
}

namespace {

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

void FormatRfc3339Millis(Moment moment, char out[kRfc3339MillisSize]) {
  if (moment.seconds < kSecondsMin) moment = Moment{kSecondsMin, 0};
  if (moment.seconds > kSecondsMax) moment = Moment{kSecondsMax, kNanosPerSecond - 1};
  const uint64_t since_0001 = static_cast<uint64_t>(moment.seconds - kSecondsMin);
  const uint32_t days = static_cast<uint32_t>(since_0001 / kDaySeconds);
  const uint32_t in_day = static_cast<uint32_t>(since_0001 % kDaySeconds);
  const Date date = DateOf(days);
  std::memcpy(out, "0000-00-00T00:00:00.000Z", kRfc3339MillisSize);
  PutTwo(out, date.year / 100);
  PutTwo(out + 2, date.year % 100);
  PutTwo(out + 5, date.month);
  PutTwo(out + 8, date.day);
  PutTwo(out + 11, in_day / 3600);
  PutTwo(out + 14, in_day / 60 % 60);
  PutTwo(out + 17, in_day % 60);
  const uint32_t millis = moment.nanos < kNanosPerSecond ? moment.nanos / 1'000'000 : 999;
  out[20] = static_cast<char>('0' + millis / 100);
  PutTwo(out + 21, millis % 100);
}

}  // namespace parshall
