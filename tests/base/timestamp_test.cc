#include "base/timestamp.h"

#include <time.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace parshall {
namespace {

using Parser = bool (*)(std::string_view, Moment*);

std::string Formatted(Moment moment) {
  char text[kRfc3339MillisSize];
  FormatRfc3339Millis(moment, text);
  return std::string(text, sizeof text);
}

// The moment with all nine digits behind the point, or "refused".
std::string Exact(bool ok, Moment moment) {
  if (!ok) return "refused";
  std::string text = Formatted(moment);
  const std::string nanos = std::to_string(1'000'000'000 + moment.nanos).substr(1);
  return text.substr(0, 20) + nanos + "Z";
}

struct Row {
  const char* text;
  const char* want;  // with nanoseconds, or "refused"
};

void CheckRows(Parser parser, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    Moment moment;
    const bool ok = parser(row.text, &moment);
    INFO("text: " << row.text);
    CHECK(Exact(ok, moment) == row.want);
    if (!ok) CHECK(moment == Moment{});
  }
}

TEST_CASE("ParseClf takes what servers write and refuses what is no moment") {
  CheckRows(
      ParseClf,
      {
          {"21/Nov/2026:09:25:39 +0000", "2026-11-21T09:25:39.000000000Z"},
          {"[21/Nov/2026:09:25:39 +0000]", "2026-11-21T09:25:39.000000000Z"},
          {"21/Nov/2026:09:25:39 +0530", "2026-11-21T03:55:39.000000000Z"},
          {"21/Nov/2026:09:25:39 -0800", "2026-11-21T17:25:39.000000000Z"},
          {"21/Nov/2026:09:25:39 +05:30", "2026-11-21T03:55:39.000000000Z"},
          {"21/Nov/2026:09:25:39", "2026-11-21T09:25:39.000000000Z"},
          {"21/Nov/2026:09:25:39.976", "2026-11-21T09:25:39.976000000Z"},
          {"21/Nov/2026:09:25:39.976 -0100", "2026-11-21T10:25:39.976000000Z"},
          {"21/NOV/2026:09:25:39 +0000", "2026-11-21T09:25:39.000000000Z"},
          {"21/nov/2026:09:25:39 +0000", "2026-11-21T09:25:39.000000000Z"},
          {"29/Feb/2024:00:00:00 +0000", "2024-02-29T00:00:00.000000000Z"},
          {"29/Feb/2000:00:00:00 +0000", "2000-02-29T00:00:00.000000000Z"},
          {"29/Feb/1900:00:00:00 +0000", "refused"},
          {"29/Feb/2023:00:00:00 +0000", "refused"},
          {"31/Feb/2026:00:00:00 +0000", "refused"},
          {"31/Apr/2026:00:00:00 +0000", "refused"},
          {"00/Jan/2026:00:00:00 +0000", "refused"},
          {"32/Jan/2026:00:00:00 +0000", "refused"},
          {"01/Jan/0001:00:00:00 +0000", "0001-01-01T00:00:00.000000000Z"},
          {"01/Jan/0001:00:00:00 +0001", "refused"},  // in UTC still the year 0
          {"01/Jan/0000:00:00:00 +0000", "refused"},
          {"31/Dec/9999:23:59:59 +0000", "9999-12-31T23:59:59.000000000Z"},
          {"31/Dec/9999:23:59:59 -0001", "refused"},  // in UTC already the year 10000
          {"31/Dec/10000:23:59:59 +0000", "refused"},
          {"31/Dec/9999:23:59:60 +0000", "refused"},
          {"31/Dec/2016:23:59:60 +0000", "2017-01-01T00:00:00.000000000Z"},
          {"31/Dec/2016:23:59:61 +0000", "refused"},
          {"21/Nov/2026:24:00:00 +0000", "refused"},
          {"21/Nov/2026:23:60:00 +0000", "refused"},
          {"21/Nov/2026:09:25:39 +2400", "2026-11-20T09:25:39.000000000Z"},
          {"21/Nov/2026:09:25:39 -2400", "2026-11-22T09:25:39.000000000Z"},
          {"21/Nov/2026:09:25:39 +2401", "refused"},
          {"21/Nov/2026:09:25:39 +0060", "refused"},
          {"21/Nov/2026:09:25:39 +9999", "refused"},
          {"31/Dec/1969:23:59:59 +0000", "1969-12-31T23:59:59.000000000Z"},
          {"21/Nov/2027:09:25:39 +0000", "2027-11-21T09:25:39.000000000Z"},  // a year ahead
          {"29/Mar/2026:02:30:00 +0100", "2026-03-29T01:30:00.000000000Z"},  // skipped in Berlin
          {"25/Oct/2026:02:30:00 +0200", "2026-10-25T00:30:00.000000000Z"},  // the fold, first
          {"25/Oct/2026:02:30:00 +0100", "2026-10-25T01:30:00.000000000Z"},  // and second time
          {"21/Mai/2026:09:25:39 +0200", "refused"},
          {"21/Okt/2026:09:25:39 +0200", "refused"},
          {"21/Dez/2026:09:25:39 +0100", "refused"},
          {"21/f\xC3\xA9v/2026:09:25:39 +0100", "refused"},
          {"21/11/2026:09:25:39 +0100", "refused"},
          {" 1/Nov/2026:09:25:39 +0000", "refused"},
          {"1/Nov/2026:09:25:39 +0000", "refused"},
          {"21/Nov/2026:09:25:39 +0000 ", "refused"},
          {"21/Nov/2026:09:25:39 ", "refused"},
          {"21/Nov/2026:09:25:39.", "refused"},
          {"21/Nov/2026:09:25:39  +0000", "refused"},
          {"21/Nov/2026:09:25:39 +000", "refused"},
          {"21/Nov/2026:09:25:39 +00000", "refused"},
          {"21/Nov/2026 09:25:39 +0000", "refused"},
          {"[21/Nov/2026:09:25:39 +0000", "refused"},
          {"21/Nov/20x6:09:25:39 +0000", "refused"},
          {"21/Nov/2026:-9:25:39 +0000", "refused"},
          {"-", "refused"},
          {"", "refused"},
          {"[]", "refused"},
      });
}

TEST_CASE("ParseRfc3339 takes the usual forms of ISO 8601 and refuses what is no moment") {
  CheckRows(ParseRfc3339,
            {
                {"2026-11-21T09:25:39Z", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21t09:25:39z", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21 09:25:39", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21T09:25:39", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21T09:25:39.1Z", "2026-11-21T09:25:39.100000000Z"},
                {"2026-11-21T09:25:39,123Z", "2026-11-21T09:25:39.123000000Z"},
                {"2026-11-21 09:25:39,123", "2026-11-21T09:25:39.123000000Z"},
                {"2026-11-21T09:25:39.732637Z", "2026-11-21T09:25:39.732637000Z"},
                {"2026-11-21T09:25:39.732756637+00:00", "2026-11-21T09:25:39.732756637Z"},
                {"2026-11-21T09:25:39.1234567899999999Z", "2026-11-21T09:25:39.123456789Z"},
                {"2026-11-21 09:25:39 +0000", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21 09:25:39 UTC", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21T09:25:39+01:00", "2026-11-21T08:25:39.000000000Z"},
                {"2026-11-21T09:25:39-0130", "2026-11-21T10:55:39.000000000Z"},
                {"2026-11-21T09:25:39+02", "2026-11-21T07:25:39.000000000Z"},
                {"2026-11-21T09:25:39-00:00", "2026-11-21T09:25:39.000000000Z"},
                {"2026-11-21T09:25:39+24:00", "2026-11-20T09:25:39.000000000Z"},
                {"2026-11-21T09:25:39+24:01", "refused"},
                {"2026-11-21T09:25:39+25", "refused"},
                {"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000000Z"},
                {"2026-12-31T23:59:60.5Z", "2027-01-01T00:00:00.500000000Z"},
                {"1969-07-20T20:17:40.5Z", "1969-07-20T20:17:40.500000000Z"},
                {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z"},
                {"0000-12-31T23:59:59Z", "refused"},
                {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
                {"10000-01-01T00:00:00Z", "refused"},
                {"2026-02-30T00:00:00Z", "refused"},
                {"2026-13-01T00:00:00Z", "refused"},
                {"2026-00-01T00:00:00Z", "refused"},
                {"2026-11-21T24:00:00Z", "refused"},
                {"2026-11-21T09:25Z", "refused"},
                {"2026-11-21", "refused"},
                {"2026-11-21T09:25:39.Z", "refused"},
                {"2026-11-21T09:25:39ZZ", "refused"},
                {"2026-11-21T09:25:39+0", "refused"},
                {"2026-11-21T09:25:39+1:00", "refused"},
                {"2026-11-21T09:25:39+01:0", "refused"},
                {"2026-11-21T09:25:39+01:", "refused"},
                {"2026-11-21T09:25:39 CET", "refused"},
                {"2026/11/21T09:25:39Z", "refused"},
                {"2026-11-21_09:25:39Z", "refused"},
                {"", "refused"},
            });
}

TEST_CASE("ParseEpoch reads decimal numbers of its unit") {
  struct EpochRow {
    const char* text;
    EpochUnit unit;
    const char* want;
  };
  const EpochRow rows[] = {
      {"1693840791.7564995", EpochUnit::kSeconds, "2023-09-04T15:19:51.756499500Z"},
      {"0", EpochUnit::kSeconds, "1970-01-01T00:00:00.000000000Z"},
      {"-1", EpochUnit::kSeconds, "1969-12-31T23:59:59.000000000Z"},
      {"-0.25", EpochUnit::kSeconds, "1969-12-31T23:59:59.750000000Z"},
      {"1.0000000019", EpochUnit::kSeconds, "1970-01-01T00:00:01.000000001Z"},
      {"1693840791756", EpochUnit::kMillis, "2023-09-04T15:19:51.756000000Z"},
      {"1693840791756.5", EpochUnit::kMillis, "2023-09-04T15:19:51.756500000Z"},
      {"5", EpochUnit::kMillis, "1970-01-01T00:00:00.005000000Z"},
      {"-5", EpochUnit::kMillis, "1969-12-31T23:59:59.995000000Z"},
      {"1693840791756499", EpochUnit::kMicros, "2023-09-04T15:19:51.756499000Z"},
      {"1693840791756499123", EpochUnit::kNanos, "2023-09-04T15:19:51.756499123Z"},
      {"7", EpochUnit::kNanos, "1970-01-01T00:00:00.000000007Z"},
      {"253402300799", EpochUnit::kSeconds, "9999-12-31T23:59:59.000000000Z"},
      {"253402300800", EpochUnit::kSeconds, "refused"},
      {"-62135596800", EpochUnit::kSeconds, "0001-01-01T00:00:00.000000000Z"},
      {"-62135596801", EpochUnit::kSeconds, "refused"},
      {"-62135596800.5", EpochUnit::kSeconds, "refused"},
      {"1693840791756", EpochUnit::kSeconds, "refused"},  // milliseconds taken for seconds
      {"99999999999999999999999999", EpochUnit::kNanos, "refused"},
      {"18446744073709551616", EpochUnit::kSeconds, "refused"},
      {"1e9", EpochUnit::kSeconds, "refused"},
      {"1.", EpochUnit::kSeconds, "refused"},
      {".5", EpochUnit::kSeconds, "refused"},
      {"1.2.3", EpochUnit::kSeconds, "refused"},
      {"+1", EpochUnit::kSeconds, "refused"},
      {" 1", EpochUnit::kSeconds, "refused"},
      {"nan", EpochUnit::kSeconds, "refused"},
      {"-", EpochUnit::kSeconds, "refused"},
      {"", EpochUnit::kSeconds, "refused"},
  };
  for (const EpochRow& row : rows) {
    Moment moment;
    const bool ok = ParseEpoch(row.text, row.unit, &moment);
    INFO("text: " << row.text);
    CHECK(Exact(ok, moment) == row.want);
  }
}

TEST_CASE("ParseStrptime follows its format") {
  struct FormatRow {
    const char* text;
    const char* format;
    const char* want;
  };
  const FormatRow rows[] = {
      {"Sat Nov 21 09:39:42 2026", "%a %b %d %H:%M:%S %Y", "2026-11-21T09:39:42.000000000Z"},
      {"Saturday November  1 09:39:42 2026", "%A %B %e %T %Y", "2026-11-01T09:39:42.000000000Z"},
      {"2026/11/21 09:39:42", "%Y/%m/%d %H:%M:%S", "2026-11-21T09:39:42.000000000Z"},
      {"2026-11-21T09:39:42.5+01:00", "%FT%T.%f%z", "2026-11-21T08:39:42.500000000Z"},
      {"2026-11-21 09:39:42,123 UTC", "%F %T,%f %Z", "2026-11-21T09:39:42.123000000Z"},
      {"11/21/26 9:39 pm", "%D %I:%M %p", "2026-11-21T21:39:00.000000000Z"},
      {"11/21/69 12:01 AM", "%D %I:%M %p", "1969-11-21T00:01:00.000000000Z"},
      {"11/21/68 12:01 pm", "%D %I:%M %p", "2068-11-21T12:01:00.000000000Z"},
      {"2024 366", "%Y %j", "2024-12-31T00:00:00.000000000Z"},
      {"2024 060", "%Y %j", "2024-02-29T00:00:00.000000000Z"},
      {"2023 366", "%Y %j", "refused"},
      {"2023 000", "%Y %j", "refused"},
      {"1795254077", "%s", "2026-11-21T09:41:17.000000000Z"},
      {"-1.5", "%s.%f", "1969-12-31T23:59:59.500000000Z"},
      {"100% 2026-11-21", "100%% %F", "2026-11-21T00:00:00.000000000Z"},
      {"2026-11-21   09:39", "%F %R", "2026-11-21T09:39:00.000000000Z"},
      {"2026-11-2109:39", "%F %R", "2026-11-21T09:39:00.000000000Z"},
      {"21May2026", "%d%b%Y", "2026-05-21T00:00:00.000000000Z"},
      {"21 Mai 2026", "%d %b %Y", "refused"},
      {"31 Feb 2026", "%d %b %Y", "refused"},
      {"13:00 pm 2026-01-01", "%I:%M %p %F", "refused"},
      {"2026-11-21 24:00:00", "%F %T", "refused"},
      {"2026-11-21 09:39:42 CET", "%F %T %Z", "refused"},
      {"26-11-21", "%F", "refused"},
      {"2026-11-21 ", "%F", "refused"},
      {"2026-11-21", "%F %T", "refused"},
      {"2026-11-21", "%Q", "refused"},
      {"2026-11-21", "%F%", "refused"},
      {"11-21", "%m-%d", "refused"},  // no year
      {"", "%F", "refused"},
  };
  for (const FormatRow& row : rows) {
    Moment moment;
    const bool ok = ParseStrptime(row.text, row.format, &moment);
    INFO("text: " << row.text << " format: " << row.format);
    CHECK(Exact(ok, moment) == row.want);
  }
}

TEST_CASE("StrptimeFault names what keeps a format from giving a moment") {
  CHECK(StrptimeFault("%a %b %d %H:%M:%S %Y").empty());
  CHECK(StrptimeFault("%s").empty());
  CHECK(StrptimeFault("%F").empty());
  CHECK(StrptimeFault("%Y %j").empty());
  CHECK(StrptimeFault("%b %d %T").find("no year") != std::string_view::npos);
  CHECK(StrptimeFault("%Y %T").find("no month and day") != std::string_view::npos);
  CHECK(StrptimeFault("%Y-%m-%d %Q").find("not known") != std::string_view::npos);
  CHECK(StrptimeFault("%F %").find("lone %") != std::string_view::npos);
}

TEST_CASE("FormatRfc3339Millis cuts and keeps to four-digit years") {
  CHECK(Formatted({0, 999'999'999}) == "1970-01-01T00:00:00.999Z");
  CHECK(Formatted({-1, 1'000'000}) == "1969-12-31T23:59:59.001Z");
  CHECK(Formatted({INT64_MIN, 0}) == "0001-01-01T00:00:00.000Z");
  CHECK(Formatted({INT64_MAX, 0}) == "9999-12-31T23:59:59.999Z");
  CHECK(Formatted(Moment::FromNanos(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(Formatted(Moment::FromNanos(1'693'840'791'756'499'123)) == "2023-09-04T15:19:51.756Z");
}

TEST_CASE("Moments agree with timegm and strftime on random dates") {
  std::mt19937_64 random(20261121);
  std::uniform_int_distribution<int64_t> seconds(-62135596800, 253402300799);
  for (int i = 0; i < 20000; ++i) {
    const time_t at = seconds(random);
    tm civil{};
    REQUIRE(gmtime_r(&at, &civil) != nullptr);
    char clf[64];
    char iso[64];
    // glibc's %Y does not pad; the C locale is the program's at its start.
    strftime(clf, sizeof clf, "%d/%b/", &civil);
    snprintf(clf + 7, sizeof clf - 7, "%04d:%02d:%02d:%02d +0000", civil.tm_year + 1900,
             civil.tm_hour, civil.tm_min, civil.tm_sec);
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", civil.tm_year + 1900,
             civil.tm_mon + 1, civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec);
    INFO(clf << " " << iso);
    Moment moment;
    REQUIRE(ParseClf(clf, &moment));
    REQUIRE(moment.seconds == timegm(&civil));
    REQUIRE(Formatted(moment) == iso);
    REQUIRE(ParseRfc3339(iso, &moment));
    REQUIRE(moment.seconds == at);
    REQUIRE(ParseStrptime(clf, "%d/%b/%Y:%T %z", &moment));
    REQUIRE(moment.seconds == at);
    REQUIRE(ParseEpoch(std::to_string(at), EpochUnit::kSeconds, &moment));
    REQUIRE(moment.seconds == at);
  }
}

TEST_CASE("Time parsers stay inside of mutated texts and inside of the range") {
  std::mt19937 random(7);
  const std::string seeds[] = {
      "21/Nov/2026:09:25:39 +0000",           "[21/Nov/2026:09:25:39.123 +0000]",
      "2026-11-21T09:25:39.732756637+00:00",  "1693840791.7564995",
      "Saturday November 1 09:39:42 pm 2026", "-1"};
  const std::string formats[] = {"%A %B %e %T %p %Y", "%d/%b/%Y:%T %z", "%s.%f", "%FT%T.%f%z",
                                 "%j%y%D%Z"};
  constexpr char kBytes[] = "0123456789:/-+.,TZ []NovFeb%\t\0\xC3\xFF";
  for (int i = 0; i < 100000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      text[random() % text.size()] = kBytes[random() % (sizeof kBytes - 1)];
    }
    text.resize(random() % (text.size() + 1));
    // A heap block of exactly the text's size: a read behind it is caught by the sanitizer.
    const std::vector<char> block(text.begin(), text.end());
    const std::string_view view(block.data(), block.size());
    const Moment before{12345, 6};
    for (int parser = 0; parser < 8; ++parser) {
      Moment moment = before;
      bool ok = false;
      if (parser == 0) ok = ParseClf(view, &moment);
      if (parser == 1) ok = ParseRfc3339(view, &moment);
      if (parser == 2) ok = ParseEpoch(view, static_cast<EpochUnit>(random() % 4), &moment);
      if (parser >= 3) ok = ParseStrptime(view, formats[parser - 3], &moment);
      if (!ok) {
        REQUIRE(moment == before);
      } else {
        REQUIRE(moment.seconds >= -62135596800);
        REQUIRE(moment.seconds <= 253402300799);
        REQUIRE(moment.nanos < 1'000'000'000);
      }
    }
  }
}

}  // namespace
}  // namespace parshall
