#include "metrics/exposition_writer.h"

#include <array>
#include <cmath>
#include <cstdlib>

namespace parshall::metrics {
namespace {

// Beyond it, not every integer is a double.
constexpr double kIntegerMax = 9007199254740992.0;  // 2^53

bool AppendSpecial(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
  } else {
    return false;
  }
  return true;
}

}  // namespace

void AppendNumber(double value, std::string* out) {
  if (AppendSpecial(value, out)) return;
  std::array<char, 32> text;
  std::to_chars_result end{};
  if (std::abs(value) <= kIntegerMax && value == std::trunc(value)) {
    end = std::to_chars(text.begin(), text.end(), static_cast<int64_t>(value));
  } else {
    end = std::to_chars(text.begin(), text.end(), value);
  }
  out->append(text.data(), end.ptr);
}

void AppendBound(double bound, bool openmetrics, std::string* out) {
  if (AppendSpecial(bound, out)) return;
  // Go's strconv 'g' with the shortest digits: an exponent below -4 or from 6 on (1e+06).
  const double size = std::abs(bound);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e6);
  std::array<char, 64> text;
  const auto end = std::to_chars(text.begin(), text.end(), bound,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view digits(text.data(), static_cast<size_t>(end.ptr - text.data()));
  out->append(digits);
  if (openmetrics && digits.find_first_of(".e") == std::string_view::npos) out->append(".0");
}

void AppendTimestamp(int64_t unix_ms, std::string* out) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.begin(), text.end(), unix_ms / 1000);
  out->append(text.data(), end.ptr);
  const int64_t milliseconds = std::abs(unix_ms % 1000);
  if (milliseconds == 0) return;
  out->push_back('.');
  out->push_back(static_cast<char>('0' + milliseconds / 100));
  out->push_back(static_cast<char>('0' + milliseconds / 10 % 10));
  out->push_back(static_cast<char>('0' + milliseconds % 10));
}

void ExpositionWriter::Number(double value) {
  scratch_.clear();
  AppendNumber(value, &scratch_);
  Text(scratch_);
}

void ExpositionWriter::Timestamp(int64_t unix_ms) {
  scratch_.clear();
  AppendTimestamp(unix_ms, &scratch_);
  Text(scratch_);
}

}  // namespace parshall::metrics
