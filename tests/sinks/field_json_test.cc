// The writers of all vector widths write the same, and the short way to a CLF time gives what the
// parser gives.

#include "sinks/field_json.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "base/json_text.h"
#include "records/plan.h"
#include "sinks/clf_timestamp.h"
#include "tests/records/kit.h"

namespace parshall::sinks {
namespace {

using records::Value;
using records::ValueKind;
using records::testing::Padded;

}  // namespace

TEST_CASE("Fields are written alike by every vector unit") {
  std::mt19937_64 random(12);
  static const std::string kPieces[] = {
      "a",  "plain text", "\"",   "\\",
      "\n", "\xc3\xa9",   "\xff", "a text that is longer than thirty-two bytes, say sixty-four"};
  static const char* const kNumbers[] = {"0", "200", "1234567890123456", "12345678901234567",
                                         "-1.5e3"};
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::unique_ptr<Padded>> texts;
    std::vector<std::string> names;
    std::vector<Value> values;
    std::vector<FieldKey> keys;
    std::string want;
    size_t room = 256;
    const size_t count = random() % 12;
    names.reserve(count);
    bool first_in_want = random() % 2;
    const bool first_at_start = first_in_want;
    for (size_t n = 0; n < count; ++n) {
      std::string name = ",\"" + std::string(1 + random() % 50, 'k') + "\":";
      const auto size = static_cast<uint32_t>(name.size());
      name.append(kKeyBytesReadable, '\0');
      names.push_back(std::move(name));
      keys.push_back({names.back().data(), size, static_cast<uint32_t>(n)});
      Value value;
      std::string text;
      std::string written;
      switch (random() % 6) {
        case 0:
          break;
        case 1:
          value.kind = ValueKind::kNull;
          written = "null";
          break;
        case 2:
          text = written = kNumbers[random() % std::size(kNumbers)];
          value.kind = ValueKind::kInt;
          value.json_number = true;
          break;
        case 3:
          text = "yes";
          value.kind = ValueKind::kBool;
          value.integer = static_cast<int64_t>(random() % 2);
          written = value.integer != 0 ? "true" : "false";
          break;
        default: {
          for (size_t parts = random() % 5; parts > 0; --parts) {
            text += kPieces[random() % std::size(kPieces)];
          }
          value.kind = ValueKind::kString;
          const Padded copy(text);
          std::string escaped(JsonTextBytesMax(text.size()), '\0');
          escaped.resize(
              static_cast<size_t>(AppendJsonText(escaped.data(), copy.view()) - escaped.data()));
          written = '"' + escaped + '"';
        }
      }
      texts.push_back(std::make_unique<Padded>(text));
      value.data = texts.back()->begin();
      value.size = static_cast<uint32_t>(text.size());
      values.push_back(value);
      room += size + 40 + JsonTextBytesMax(text.size());
      if (value.kind == ValueKind::kAbsent) continue;
      want += names.back().substr(first_in_want ? 1 : 0, size - (first_in_want ? 1 : 0)) + written;
      first_in_want = false;
    }
    const auto run = [&](AppendFields append) {
      const std::unique_ptr<char[]> out(new char[room]);
      bool first = first_at_start;
      const char* end = append(out.get(), keys.data(), keys.size(), values.data(), &first);
      CHECK(first == first_in_want);
      return std::string(out.get(), static_cast<size_t>(end - out.get()));
    };
    REQUIRE(run(AppendFieldsBaseline) == want);
    if (records::HasAvx2()) REQUIRE(run(AppendFieldsAvx2) == want);
    if (records::HasAvx512()) REQUIRE(run(AppendFieldsAvx512) == want);
    REQUIRE(run(BestAppendFields()) == want);
  }
}

TEST_CASE("ClfTimestamp takes no bytes that it has never seen for a day") {
  ClfTimestamp clf;
  char out[kRfc3339MillisSize];
  CHECK_FALSE(clf.Write(std::string(12, '\0') + "00:00:00 +0000", out));
  REQUIRE(clf.Write("21/Nov/2026:09:25:39 +0000", out));
  CHECK(std::string(out, sizeof out) == "2026-11-21T09:25:39.000Z");
  CHECK_FALSE(clf.Write("21/Nov/2026:24:00:00 +0000", out));
  CHECK_FALSE(clf.Write("21/Nov/2026:09:25:60 +0000", out));
  CHECK_FALSE(clf.Write("21/Nov/2026:09:25:39 +0100", out));
  CHECK_FALSE(clf.Write("31/Feb/2026:09:25:39 +0000", out));
}

TEST_CASE("ClfTimestamp writes what ParseClf reads, or leaves it to ParseClf") {
  std::mt19937_64 random(13);
  static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                        "Aug", "Sep", "Oct", "Nov", "Dec", "feb", "Xxx"};
  ClfTimestamp clf;
  size_t written = 0;
  for (int n = 0; n < 100'000; ++n) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%02d/%s/%04d:%02d:%02d:%02d %s",
                  static_cast<int>(random() % 33), kMonths[random() % std::size(kMonths)],
                  static_cast<int>(random() % 8 ? 1995 + random() % 40 : random() % 10000),
                  static_cast<int>(random() % 25), static_cast<int>(random() % 61),
                  static_cast<int>(random() % 62), random() % 4 ? "+0000" : "+0100");
    std::string text = buffer;
    if (random() % 5 == 0) text[random() % text.size()] = static_cast<char>(random());
    if (random() % 20 == 0) text.resize(random() % text.size());
    if (random() % 20 == 0) text = "[" + text + "]";
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view view(exact.data(), exact.size());
    char short_way[kRfc3339MillisSize];
    if (!clf.Write(view, short_way)) continue;
    ++written;
    Moment moment;
    INFO(text);
    REQUIRE(ParseClf(view, &moment));
    char long_way[kRfc3339MillisSize];
    FormatRfc3339Millis(moment, long_way);
    REQUIRE(std::string(short_way, sizeof short_way) == std::string(long_way, sizeof long_way));
  }
  CHECK(written > 30'000);
}

}  // namespace parshall::sinks
