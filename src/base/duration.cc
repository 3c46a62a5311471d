#include "base/duration.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "base/numbers.h"

namespace parshall {

std::optional<int64_t> ParseDurationMs(std::string_view text) {
  constexpr double kMaxMs = 366.0 * 86'400'000;
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86'400e3}};
  const size_t digits = text.find_first_not_of("0123456789.");
  if (digits == std::string_view::npos) return std::nullopt;
  double number = 0;
  if (!ParseDouble(text.substr(0, digits), &number)) return std::nullopt;
  for (const auto& [unit, factor] : kUnits) {
    if (text.substr(digits) != unit) continue;
    const double ms = number * factor;
    if (!(ms >= 0 && ms <= kMaxMs)) return std::nullopt;
    return static_cast<int64_t>(std::llround(ms));
  }
  return std::nullopt;
}

}  // namespace parshall
