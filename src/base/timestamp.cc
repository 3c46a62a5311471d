#include "base/timestamp.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/civil_time.h"

namespace parshall {
namespace {
using namespace civil;  // NOLINT: made for this file and strptime.cc

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
