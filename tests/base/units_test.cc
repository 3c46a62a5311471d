#include "base/units.h"

#include <catch2/catch.hpp>
#include <string>

namespace parshall {

TEST_CASE("ParseDuration reads a number and its unit") {
  const struct {
    const char* text;
    double seconds;  // -1: refused
  } rows[] = {
      {"500ms", 0.5}, {"1s", 1},     {"1.5s", 1.5}, {"90m", 5400}, {"24h", 86400},
      {"7d", 604800}, {"2 h", 7200}, {"0s", 0},     {"", -1},      {"1", -1},
      {"s", -1},      {" 1s", -1},   {"1s ", -1},   {"1  s", -1},  {"-1s", -1},
      {"+1s", -1},    {"1S", -1},    {"1e3s", -1},  {"1.s", -1},   {".5s", -1},
      {"1.2.3s", -1}, {"1h30m", -1}, {"1w", -1},    {"infs", -1},  {"0x1s", -1},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    double seconds = -1;
    CHECK(ParseDuration(row.text, &seconds) == (row.seconds >= 0));
    CHECK(seconds == Approx(row.seconds));
  }
  double seconds = -1;
  CHECK_FALSE(ParseDuration(std::string(400, '9') + "s", &seconds));
}

}  // namespace parshall
