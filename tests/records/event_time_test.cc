#include "records/event_time.h"

#include <catch2/catch.hpp>

#include "tests/records/kit.h"

namespace parshall::records {
namespace {

std::string Show(Moment moment) {
  char text[kRfc3339MillisSize];
  FormatRfc3339Millis(moment, text);
  return {text, kRfc3339MillisSize};
}

}  // namespace

TEST_CASE("ParseMoment reads by the format, or by whichever fits") {
  struct Row {
    const char* format;
    const char* text;
    const char* moment;  // empty: no time
  };
  const Row rows[] = {
      {"clf", "21/Nov/2026:09:25:39 +0100", "2026-11-21T08:25:39.000Z"},
      {"clf", "[21/Nov/2026:09:25:39 +0000]", "2026-11-21T09:25:39.000Z"},
      {"clf", "2026-11-21T09:25:39Z", ""},
      {"rfc3339", "2026-11-21 09:32:30 +0000", "2026-11-21T09:32:30.000Z"},
      {"rfc3339", "21/Nov/2026:09:25:39 +0100", ""},
      {"epoch", "1700000000.5", "2023-11-14T22:13:20.500Z"},
      {"epoch", "-1", "1969-12-31T23:59:59.000Z"},
      {"epoch", "now", ""},
      {"epoch_ms", "1700000000500", "2023-11-14T22:13:20.500Z"},
      {"%d.%m.%Y %H:%M", "21.11.2026 09:25", "2026-11-21T09:25:00.000Z"},
      {"%d.%m.%Y %H:%M", "31.02.2026 09:25", ""},
      {"", "2026-11-21T09:25:39.25Z", "2026-11-21T09:25:39.250Z"},
      {"", "21/Nov/2026:09:25:39 +0100", "2026-11-21T08:25:39.000Z"},
      {"", "1700000000", "2023-11-14T22:13:20.000Z"},
      {"", "1.7e9", ""},
      {"", "yesterday", ""},
      {"", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.format << " " << row.text);
    Moment moment{.seconds = 42};
    const bool parsed = ParseMoment(row.text, row.format, &moment);
    CHECK((parsed ? Show(moment) : "") == row.moment);
    if (!parsed) CHECK(moment == Moment{.seconds = 42});
  }
}

TEST_CASE("FindEventTime takes the first field that is a time") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?:(?P<a>[^,]*),)?(?P<b>[^,]*)(?:,(?P<c>.*))?$'
    timestamp: [a, b, c]
    fields:
      a: {type: time, format: clf, null: '-'}
      b: {type: time, format: epoch, null: '-'}
      c: {null: '-'}
)yaml");
  struct Row {
    const char* line;
    EventTime found;
    const char* moment;
  };
  const Row rows[] = {
      {"21/Nov/2026:09:25:39 +0000,1700000000,x", EventTime::kFound, "2026-11-21T09:25:39.000Z"},
      {"-,1700000000,x", EventTime::kFound, "2023-11-14T22:13:20.000Z"},
      {"junk,1700000000,x", EventTime::kFound, "2023-11-14T22:13:20.000Z"},  // the next one can
      {"-,-,2026-11-21T09:25:39Z", EventTime::kFound, "2026-11-21T09:25:39.000Z"},
      {"1700000000", EventTime::kFound, "2023-11-14T22:13:20.000Z"},
      {"junk,junk,junk", EventTime::kInvalid, ""},
      {"-,-,-", EventTime::kNone, ""},
      {"-", EventTime::kNone, ""},
  };
  Matcher matcher(program);
  for (const Row& row : rows) {
    INFO(row.line);
    const testing::Padded line(row.line);
    Record record;
    REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
    Moment moment;
    CHECK(FindEventTime(program->rules[0], record, &moment) == row.found);
    if (row.found == EventTime::kFound) CHECK(Show(moment) == row.moment);
  }
}

TEST_CASE("Without timestamp: the fields of type time are tried in their order") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?P<x>[^,]*),(?P<first>[^,]*),(?P<second>.*)$'
    fields:
      first: {type: time, as: began}
      second: {type: time, format: epoch_ms}
)yaml");
  Matcher matcher(program);
  Moment moment;
  Record record;
  const testing::Padded line("2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,5");
  REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
  REQUIRE(FindEventTime(program->rules[0], record, &moment) == EventTime::kFound);
  CHECK(Show(moment) == "2021-01-01T00:00:00.000Z");
  const testing::Padded second("2020-01-01T00:00:00Z,never,1700000000500");
  REQUIRE(matcher.Match(second.view(), "stdin", &record) == Outcome::kMatched);
  REQUIRE(FindEventTime(program->rules[0], record, &moment) == EventTime::kFound);
  // epoch_ms belongs to the field, also under the field's own name.
  CHECK(Show(moment) == "2023-11-14T22:13:20.500Z");
}

}  // namespace parshall::records
