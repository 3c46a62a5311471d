#include "base/numbers.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace parshall {
namespace {

TEST_CASE("ParseInt64 takes digits only and all of int64") {
  struct Row {
    const char* text;
    bool ok;
    int64_t want;
  };
  const Row rows[] = {
      {"0", true, 0},
      {"200", true, 200},
      {"-1", true, -1},
      {"-0", true, 0},
      {"007", true, 7},
      {"000000000000000000000000000012", true, 12},
      {"999999999999999999", true, 999999999999999999},
      {"9223372036854775807", true, INT64_MAX},
      {"-9223372036854775808", true, INT64_MIN},
      {"9223372036854775808", false, 0},
      {"-9223372036854775809", false, 0},
      {"99999999999999999999999999", false, 0},
      {"", false, 0},
      {"-", false, 0},
      {"+1", false, 0},
      {"--1", false, 0},
      {" 1", false, 0},
      {"1 ", false, 0},
      {"1.0", false, 0},
      {"0x10", false, 0},
      {"1e3", false, 0},
      {"12a", false, 0},
      {"1234567890123456789a", false, 0},
  };
  for (const Row& row : rows) {
    INFO("text: " << row.text);
    int64_t value = 77;
    CHECK(ParseInt64(row.text, &value) == row.ok);
    CHECK(value == (row.ok ? row.want : 77));
  }
}

TEST_CASE("ParseDouble and IsJsonNumber keep to the decimal grammar") {
  struct Row {
    const char* text;
    bool ok;
    double want;
    bool json;
  };
  const Row rows[] = {
      {"0", true, 0, true},
      {"-0", true, -0.0, true},
      {"0.000207", true, 0.000207, true},
      {"1.5", true, 1.5, true},
      {"-12.25e-3", true, -12.25e-3, true},
      {"1E+2", true, 100, true},
      {"1e5", true, 100000, true},
      {"123456789012345678901234567890", true, 123456789012345678901234567890.0, true},
      {"0.1234567890123456789", true, 0.1234567890123456789, true},
      {"0.00000000000000000000000000001", true, 1e-29, true},
      {"1.7976931348623157e308", true, 1.7976931348623157e308, true},
      {"5e-324", true, 5e-324, true},
      {"1e-400", true, 0, true},
      {"-1e-400", true, -0.0, true},
      {"0e999999999999999999999", true, 0, true},
      {"1e-999999999999999999999", true, 0, true},
      {"1e400", false, 0, true},  // a JSON number, but no double
      {"-1e400", false, 0, true},
      {"1e999999999999999999999", false, 0, true},
      {"007", true, 7, false},
      {"00.5", true, 0.5, false},
      {"-01", true, -1, false},
      {"", false, 0, false},
      {"-", false, 0, false},
      {"+1", false, 0, false},
      {".5", false, 0, false},
      {"5.", false, 0, false},
      {"1.e5", false, 0, false},
      {"1e", false, 0, false},
      {"1e+", false, 0, false},
      {"0x10", false, 0, false},
      {"1p3", false, 0, false},
      {"inf", false, 0, false},
      {"-Infinity", false, 0, false},
      {"nan", false, 0, false},
      {"1,5", false, 0, false},
      {" 1", false, 0, false},
      {"1 ", false, 0, false},
      {"1.2.3", false, 0, false},
  };
  for (const Row& row : rows) {
    INFO("text: " << row.text);
    double value = 77;
    CHECK(ParseDouble(row.text, &value) == row.ok);
    if (row.ok) {
      CHECK(std::memcmp(&value, &row.want, sizeof value) == 0);
    } else {
      CHECK(value == 77);
    }
    CHECK(IsJsonNumber(row.text) == row.json);
  }
}

TEST_CASE("IsJsonNumber is false for a NUL inside") {
  CHECK_FALSE(IsJsonNumber(std::string_view("1\0", 2)));
  CHECK_FALSE(IsJsonNumber(std::string_view("1\0002", 3)));
}

TEST_CASE("ParseDouble agrees with strtod in the C locale on random numbers") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100000; ++i) {
    std::string text = random() % 3 == 0 ? "-" : "";
    for (size_t n = 1 + random() % 20; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    if (random() % 2 == 0) {
      text += '.';
      for (size_t n = 1 + random() % 25; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    }
    if (random() % 4 == 0) text += "e" + std::to_string(static_cast<int>(random() % 700) - 350);
    const double want = std::strtod(text.c_str(), nullptr);
    double value = 0;
    INFO("text: " << text);
    REQUIRE(ParseDouble(text, &value) == std::isfinite(want));
    if (std::isfinite(want)) REQUIRE(std::memcmp(&value, &want, sizeof value) == 0);
  }
}

TEST_CASE("Number parsers stay inside of random texts") {
  std::mt19937 random(5);
  constexpr char kBytes[] = "0123456789--..eE+ xX\0\xFF";
  for (int i = 0; i < 200000; ++i) {
    std::vector<char> block(random() % 26);
    for (char& c : block) c = kBytes[random() % (sizeof kBytes - 1)];
    const std::string_view text(block.data(), block.size());
    int64_t integer = 0;
    double number = 0;
    INFO("text: " << std::string(text));
    if (ParseInt64(text, &integer)) REQUIRE(ParseDouble(text, &number));
    if (IsJsonNumber(text) && !ParseDouble(text, &number)) {
      REQUIRE(text.find_first_of("eE") != std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace parshall
