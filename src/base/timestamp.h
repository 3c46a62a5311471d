#pragma once
// Moments out of the texts that servers write (CLF, RFC 3339, epoch, a strptime format), and back
// into RFC 3339. No allocation, no locale, no libc time calls, no throwing: these run once a line.
// A text that is no real moment gives false; the caller keeps the text and falls back to the time
// of reading.

#include <cstdint>
#include <string_view>

namespace parshall {

// A moment in UTC with nanoseconds, between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z
// (int64 nanoseconds alone would end in the year 2262). Every parser here keeps to that range.
struct Moment {
  int64_t seconds = 0;  // since 1970-01-01T00:00:00Z, may be negative
  uint32_t nanos = 0;   // 0 … 999,999,999, always counted forward

  static Moment FromNanos(int64_t nanos_since_epoch);
  auto operator<=>(const Moment&) const = default;
};

// What all parsers hold to:
// - The date must be in the calendar (no 31 February), the year 0001–9999, the hour 0–23 (24:00:00
// is refused).
// - A leap second (:60, in any minute) is the first second of the next minute, as timegm(3) has it.
// - Offsets reach from -24:00 to +24:00; a missing zone is UTC. The moment in UTC must be in the
// range above, too.
// - Fractions may have any number of digits; those behind the ninth are dropped.
// - The whole text must be the time; on false *out is unchanged.

// "21/Nov/2026:09:25:39 +0000"; with a fraction (HAProxy), without zone (Daphne), in [brackets]
// (gunicorn's %(t)s).
bool ParseClf(std::string_view text, Moment* out);

// "2026-11-21T09:25:39.123456Z": T, t or a blank between date and time; fraction behind . or ,;
// zone Z, UTC, GMT, ±hh:mm, ±hhmm, ±hh or none, one blank allowed before it (gunicorn's error log).
bool ParseRfc3339(std::string_view text, Moment* out);

enum class EpochUnit : uint8_t { kSeconds, kMillis, kMicros, kNanos };

// A decimal number of units since 1970, optionally negative, optionally with a fraction; no
// exponent. More than 24 digits before the point are refused.
bool ParseEpoch(std::string_view text, EpochUnit unit, Moment* out);

// By a strptime format in the C locale (English names, any case):
// %Y %y %m %d %e %j %b %B %h %a %A %H %k %I %l %p %M %S %f %z %Z %s %T %R %D %F %n %t %%; a blank
// in the format stands for any run of blanks, also none. %f is a fraction of the second (1 and more
// digits), %Z only UTC, GMT, UT or Z: other abbreviations are ambiguous and would give a silently
// wrong moment. The name of the day is not checked.
bool ParseStrptime(std::string_view text, std::string_view format, Moment* out);

// What is wrong with a strptime format, as a sentence for the operator; empty when it can give a
// date.
std::string_view StrptimeFault(std::string_view format);

inline constexpr int kRfc3339MillisSize = 24;

// Writes "2026-11-21T09:25:39.000Z" (milliseconds cut, not rounded); no NUL behind it.
// A moment outside of the range above is written as the nearer end of it.
void FormatRfc3339Millis(Moment moment, char out[kRfc3339MillisSize]);

}  // namespace parshall
