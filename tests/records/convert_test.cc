#include "records/convert.h"

#include <bit>
#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "records/fill_value.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using rules::FieldType;
using testing::Show;

Conversion As(FieldType type, double unit = 1.0, std::vector<std::string> nulls = {},
              std::optional<std::string> fallback = std::nullopt) {
  Conversion conversion;
  conversion.type = type;
  conversion.typed = true;
  conversion.unit = unit;
  conversion.dash_is_null = nulls == std::vector<std::string>{"-"};
  conversion.nulls = std::move(nulls);
  conversion.fallback = std::move(fallback);
  return conversion;
}

struct Row {
  FieldType type;
  std::string text;
  std::string value;  // "no: …" when the text is not of the type
  bool json_number = false;
};

std::string Converted(const Conversion& conversion, std::string_view text, bool* json_number) {
  Value value;
  const bool typed = Convert(conversion, text, &value);
  *json_number = value.json_number;
  return (typed ? "" : "no: ") + Show(value);
}

}  // namespace

TEST_CASE("Convert reads a text as its type says") {
  using namespace std::string_literals;
  const Row rows[] = {
      {FieldType::kString, "", "\"\""},
      {FieldType::kString, "a\0b"s, "\"a\0b\""s},
      {FieldType::kTime, "whatever", "\"whatever\""},
      {FieldType::kHttpRequest, "\x16", "\"\x16\""},

      {FieldType::kInt, "0", "0", true},
      {FieldType::kInt, "200", "200", true},
      {FieldType::kInt, "-1", "-1", true},
      {FieldType::kInt, "-0", "0", true},
      {FieldType::kInt, "0200", "200", false},
      {FieldType::kInt, "00", "0", false},
      {FieldType::kInt, "-012", "-12", false},
      {FieldType::kInt, "9223372036854775807", "9223372036854775807", true},
      {FieldType::kInt, "-9223372036854775808", "-9223372036854775808", true},
      {FieldType::kInt, "9223372036854775808", "9.2233720368547758e+18", true},
      {FieldType::kInt, "99999999999999999999999", "9.9999999999999992e+22", true},
      {FieldType::kInt, "099999999999999999999999", "9.9999999999999992e+22", false},
      {FieldType::kInt, "200.0", "200", true},
      {FieldType::kInt, "2e2", "200", true},
      {FieldType::kInt, "200.5", "no: \"200.5\""},
      {FieldType::kInt, "1e30", "no: \"1e30\""},
      {FieldType::kInt, "", "no: \"\""},
      {FieldType::kInt, "-", "no: \"-\""},
      {FieldType::kInt, "+1", "no: \"+1\""},
      {FieldType::kInt, " 1", "no: \" 1\""},
      {FieldType::kInt, "1 ", "no: \"1 \""},
      {FieldType::kInt, "0x10", "no: \"0x10\""},
      {FieldType::kInt, "1\0"s, "no: \"1\0\""s},

      {FieldType::kBytes, "14134", "14134", true},
      {FieldType::kFloat, "0.5", "0.5", true},
      {FieldType::kFloat, "1", "1", true},
      {FieldType::kFloat, "00.5", "0.5", false},
      {FieldType::kFloat, "1e-3", "0.001", true},
      {FieldType::kFloat, "1e400", "no: \"1e400\""},
      {FieldType::kFloat, "nan", "no: \"nan\""},
      {FieldType::kFloat, "inf", "no: \"inf\""},
      {FieldType::kFloat, ".5", "no: \".5\""},
      {FieldType::kFloat, "1,5", "no: \"1,5\""},

      {FieldType::kBool, "true", "true"},
      {FieldType::kBool, "1", "true"},
      {FieldType::kBool, "yes", "true"},
      {FieldType::kBool, "on", "true"},
      {FieldType::kBool, "False", "false"},
      {FieldType::kBool, "0", "false"},
      {FieldType::kBool, "maybe", "no: \"maybe\""},
      {FieldType::kBool, "", "no: \"\""},

      {FieldType::kIp, "203.0.113.9", "\"203.0.113.9\""},
      {FieldType::kIp, "::1", "\"::1\""},
      {FieldType::kIp, "2001:db8::ff00:42:8329", "\"2001:db8::ff00:42:8329\""},
      {FieldType::kIp, "::ffff:203.0.113.9", "\"::ffff:203.0.113.9\""},
      {FieldType::kIp, "203.0.113", "no: \"203.0.113\""},
      {FieldType::kIp, "203.0.113.256", "no: \"203.0.113.256\""},
      {FieldType::kIp, "", "no: \"\""},
      {FieldType::kIp, "localhost", "no: \"localhost\""},
      {FieldType::kIp, "203.0.113.9\0 evil"s, "no: \"203.0.113.9\0 evil\""s},
      {FieldType::kIp, std::string(300, '1'), "no: \"" + std::string(300, '1') + "\""},
  };
  for (const Row& row : rows) {
    INFO(static_cast<int>(row.type) << " " << row.text);
    bool json_number = false;
    CHECK(Converted(As(row.type), row.text, &json_number) == row.value);
    CHECK(json_number == row.json_number);
  }
}

TEST_CASE("Convert turns units into seconds and bytes, rounded once") {
  struct UnitRow {
    FieldType type;
    double unit;
    const char* text;
    const char* value;
  };
  const UnitRow rows[] = {
      {FieldType::kDuration, 1e-6, "989", "0.00098900000000000008"},  // the double of 0.000989
      {FieldType::kDuration, 1e-6, "0", "0"},
      {FieldType::kDuration, 1e-9, "1234567", "0.001234567"},
      {FieldType::kDuration, 1e-3, "1.5", "0.0015"},
      {FieldType::kDuration, 1.0, "0.000207", "0.00020699999999999999"},
      {FieldType::kDuration, 60.0, "1.5", "90"},
      {FieldType::kDuration, 3600.0, "-2", "-7200"},
      {FieldType::kDuration, 3600.0, "1e308", "no: \"1e308\""},
      {FieldType::kBytes, 1024.0, "2", "2048"},
      {FieldType::kBytes, 1024.0, "1.5", "1536"},
      {FieldType::kBytes, 1000.0, "0.0005", "0.5"},
      {FieldType::kBytes, 1048576.0, "1e308", "no: \"1e308\""},
      {FieldType::kBytes, 1048576.0, "1e20", "1.048576e+26"},
  };
  for (const UnitRow& row : rows) {
    INFO(row.text << " * " << row.unit);
    bool json_number = true;
    CHECK(Converted(As(row.type, row.unit), row.text, &json_number) == row.value);
    if (row.unit != 1.0) CHECK_FALSE(json_number);
  }
  Value value;
  REQUIRE(Convert(As(FieldType::kDuration, 1e-6), "989", &value));
  CHECK(value.number == 0.000989);
  // Every whole number of microseconds is the double nearest to its decimal text.
  for (int n = 0; n < 1'000'000; n += 77) {
    const std::string digits = std::to_string(n);
    const std::string decimal = "0." + std::string(6 - digits.size(), '0') + digits;
    REQUIRE(Convert(As(FieldType::kDuration, 1e-6), digits, &value));
    REQUIRE(value.number == std::stod(decimal));
  }
}

TEST_CASE("Convert gives null for the texts that mean it, or the default") {
  Value value;
  const Conversion dash = As(FieldType::kInt, 1.0, {"-"});
  CHECK(Convert(dash, "-", &value));
  CHECK(value.kind == ValueKind::kNull);
  CHECK(value.text().empty());
  CHECK_FALSE(Convert(dash, "--", &value));
  CHECK_FALSE(Convert(dash, "", &value));

  const Conversion several = As(FieldType::kString, 1.0, {"", "null", "-"});
  for (const char* text : {"", "null", "-"}) {
    CHECK(Convert(several, text, &value));
    CHECK(value.kind == ValueKind::kNull);
  }
  CHECK(Convert(several, "nulls", &value));
  CHECK(Show(value) == "\"nulls\"");

  const Conversion size = As(FieldType::kBytes, 1.0, {"-"}, "0");
  CHECK(Convert(size, "-", &value));
  CHECK(Show(value) == "0");
  CHECK(value.text() == "0");
  CHECK(ConvertNull(size, &value));
  CHECK(Show(value) == "0");
  CHECK(value.json_number);

  const Conversion level = As(FieldType::kString, 1.0, {"-"}, "unknown");
  CHECK(Convert(level, "-", &value));
  CHECK(Show(value) == "\"unknown\"");
}

TEST_CASE("The short ways of integers and decimals come to what Convert() comes to") {
  std::mt19937_64 random(5);
  size_t decimals = 0;
  size_t integers = 0;
  for (int n = 0; n < 400'000; ++n) {
    std::string text;
    for (size_t size = random() % 10; size > 0; --size)
      text += "00123456789999....,-e/:"[random() % (n % 2 == 0 ? 15 : 23)];
    const testing::Padded padded(text, "0.9"[n % 3]);
    const Capture capture = {padded.begin(), padded.end()};
    INFO(text);
    Conversion conversion;
    Value slow;
    Value quick;
    conversion.type = rules::FieldType::kFloat;
    const bool is_float = Convert(conversion, padded.view(), &slow);
    if (FillDecimal(capture, &quick)) {
      ++decimals;
      REQUIRE(is_float);
      REQUIRE(quick.kind == slow.kind);
      REQUIRE(quick.json_number == slow.json_number);
      REQUIRE(std::bit_cast<uint64_t>(quick.number) == std::bit_cast<uint64_t>(slow.number));
      REQUIRE(quick.text() == text);
    }
    conversion.type = rules::FieldType::kInt;
    const bool is_int = Convert(conversion, padded.view(), &slow);
    if (FillDigits(capture, &quick)) {
      ++integers;
      REQUIRE(is_int);
      REQUIRE(quick.kind == slow.kind);
      REQUIRE(quick.json_number == slow.json_number);
      REQUIRE(quick.integer == slow.integer);
      REQUIRE(quick.text() == text);
    }
  }
  CHECK(decimals > 20'000);
  CHECK(integers > 20'000);
}

}  // namespace parshall::records
