#include "base/units.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/numbers.h"

namespace parshall {

bool ParseDuration(std::string_view text, double* seconds) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  static constexpr std::array kUnits = {Unit{"ms", 1e-3}, Unit{"s", 1}, Unit{"m", 60},
                                        Unit{"h", 3600}, Unit{"d", 86400}};
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string_view name = text.substr(digits);
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [name](const Unit& known) { return known.name == name; });
  double number = 0;
  if (unit == kUnits.end() || !ParseDouble(text.substr(0, digits), &number)) return false;
  *seconds = number * unit->seconds;
  return true;
}

}  // namespace parshall
