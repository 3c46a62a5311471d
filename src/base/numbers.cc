#include "base/numbers.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace parshall {
namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Where the parts of a decimal number stand, and its digits as far as a uint64 holds them.
struct Shape {
  bool ok = false;
  bool negative = false;
  bool leading_zero = false;  // "007", "00", not "0" or "0.5"
  bool has_exponent = false;
  int digits = 0;  // in the mantissa, not counting zeros before the first other digit
  int fraction_digits = 0;
  int point =
      0;  // decimal places of the value left of the point, seen from its first non-zero digit
  int64_t exponent = 0;   // as written, held to ±1e9
  uint64_t mantissa = 0;  // exact while digits <= 19
};

Shape ShapeOf(std::string_view text) {
  Shape shape;
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p < end && *p == '-') {
    shape.negative = true;
    ++p;
  }
  const auto take = [&shape](char c) {
    if (c == '0' && shape.digits == 0) return;
    if (shape.digits < 19) shape.mantissa = shape.mantissa * 10 + static_cast<uint64_t>(c - '0');
    ++shape.digits;
  };
  const char* const whole = p;
  for (; p < end && IsDigit(*p); ++p) take(*p);
  if (p == whole) return shape;
  shape.leading_zero = *whole == '0' && p - whole > 1;
  shape.point = shape.digits;
  if (p < end && *p == '.') {
    const char* const fraction = ++p;
    for (; p < end && IsDigit(*p); ++p) {
      take(*p);
      if (shape.digits == 0) --shape.point;
    }
    if (p == fraction) return shape;
    shape.fraction_digits = static_cast<int>(p - fraction);
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    shape.has_exponent = true;
    ++p;
    const bool minus = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    const char* const exponent = p;
    for (; p < end && IsDigit(*p); ++p) {
      if (shape.exponent < 1'000'000'000) shape.exponent = shape.exponent * 10 + (*p - '0');
    }
    if (p == exponent) return shape;
    if (minus) shape.exponent = -shape.exponent;
  }
  shape.ok = p == end;
  return shape;
}

// "0.012" and "200", as most numbers of logs are: 15 bytes at most, no sign, no exponent.
struct Decimal {
  uint64_t mantissa = 0;
  size_t fraction_digits = 0;
};

inline bool ReadDecimal(std::string_view text, Decimal* decimal) {
  if (text.empty() || text.size() > 15) return false;
  size_t point = text.size();  // where it stands, and `fraction_digits` counts from behind it
  for (size_t n = 0; n < text.size(); ++n) {
    const unsigned digit = static_cast<unsigned char>(text[n]) - unsigned{'0'};
    if (digit < 10) {
      decimal->mantissa = decimal->mantissa * 10 + digit;
    } else if (text[n] == '.' && point == text.size() && n > 0 && n + 1 < text.size()) {
      point = n;
      decimal->fraction_digits = text.size() - n - 1;
    } else {
      return false;
    }
  }
  return true;
}

constexpr std::array<double, 23> kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace

bool ParseInt64(std::string_view text, int64_t* out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = p < end && *p == '-';
  if (negative) ++p;
  if (p == end) return false;
  if (end - p > 18) {  // may not fit, or has leading zeros: the careful way
    int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return false;
    *out = value;
    return true;
  }
  int64_t value = 0;
  for (; p < end; ++p) {
    if (!IsDigit(*p)) return false;
    value = value * 10 + (*p - '0');
  }
  *out = negative ? -value : value;
  return true;
}

bool ParseDouble(std::string_view text, double* out) {
  if (Decimal decimal; ReadDecimal(text, &decimal)) {  // exact: see below
    *out = static_cast<double>(decimal.mantissa) / kExactPowers[decimal.fraction_digits];
    return true;
  }
  const Shape shape = ShapeOf(text);
  if (!shape.ok) return false;
  // An integer of at most 15 digits and a power of ten up to 22 are exact doubles, so their
  // quotient is rounded once (W. Clinger 1990): the same as the correct answer.
  if (!shape.has_exponent && shape.digits <= 15 && shape.fraction_digits <= 22) {
    const double value = static_cast<double>(shape.mantissa) /
                         kExactPowers[static_cast<size_t>(shape.fraction_digits)];
    *out = shape.negative ? -value : value;
    return true;
  }
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars says so for both ends of the range; the place of the first digit tells which.
    if (shape.point + shape.exponent > 0) return false;
    *out = shape.negative ? -0.0 : 0.0;
    return true;
  }
  if (error != std::errc() || stop != text.data() + text.size()) return false;
  *out = value;
  return true;
}

bool IsJsonNumber(std::string_view text) {
  if (Decimal decimal; ReadDecimal(text, &decimal)) {
    return text[0] != '0' || text.size() == 1 || text[1] == '.';
  }
  const Shape shape = ShapeOf(text);
  return shape.ok && !shape.leading_zero;
}

}  // namespace parshall
