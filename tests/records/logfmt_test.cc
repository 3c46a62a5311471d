// logfmt lines → JSON events, and the records that rules make of them.

#include "records/logfmt.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;

std::string JsonOf(std::string_view line) {
  const Padded padded(line);
  std::vector<char> room;
  return std::string(LogfmtToJson(padded.view(), &room));
}

}  // namespace

TEST_CASE("A logfmt line says the same as a JSON event, or is none") {
  struct Row {
    std::string line;
    std::string json;
  };
  const Row rows[] = {
      {"level=info", R"({"level":"info"})"},
      {"a=1 b=-2.5 c=true d=false e=", R"({"a":1,"b":-2.5,"c":true,"d":false,"e":""})"},
      // What is no plain decimal number is a text, and so is an id that only looks like one.
      {"a=007 b=1e5 c=1. d=.5 e=- f=1234567890123456 g=0 h=0.10 i=+1",
       R"({"a":"007","b":"1e5","c":"1.","d":".5","e":"-","f":"1234567890123456","g":0,"h":0.10,"i":"+1"})"},
      {R"(msg="a \"quoted\" word" path="C:\\x" nl="a\nb\qc" empty="")",
       R"({"msg":"a \"quoted\" word","path":"C:\\x","nl":"a\nb\\qc","empty":""})"},
      {"a=1 dry x.y-z/w@v=2", R"({"a":1,"dry":true,"x.y-z/w@v":2})"},
      {"  a=1", ""},
      {"a=1  \t b=2  ", R"({"a":1,"b":2})"},
      {"a=x=y", R"({"a":"x=y"})"},
      {"a=\xff\x01", "{\"a\":\"\xef\xbf\xbd\\u0001\"}"},
      {"", ""},
      {"a", ""},
      {"no pairs=here", ""},
      {"a=1 -b=2", ""},
      {"a=1 b\"=2", ""},
      {"a=\"never closed", ""},
      {"a=\"x\"y", ""},
      {"a=x\"y", ""},
      {"{\"a\":1}", ""},
      {"=1", ""},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(JsonOf(row.line) == row.json);
  }
}

TEST_CASE("Whatever the line, what comes out of logfmt is one JSON object or nothing") {
  std::mt19937_64 random(7);
  const std::string_view bytes = "ab=\" \\\t1.-\xff\xc3\x01n{}";
  size_t events = 0;
  for (int n = 0; n < 50000; ++n) {
    std::string line = "k=";
    for (size_t left = random() % 24; left > 0; --left) line += bytes[random() % bytes.size()];
    const std::string json = JsonOf(line);
    if (json.empty()) continue;
    ++events;
    INFO(line << "\n" << json);
    REQUIRE(nlohmann::json::accept(json));
  }
  CHECK(events > 1000);
}

TEST_CASE("A logfmt rule types its keys, asks its conditions and leaves other lines alone") {
  Matcher matcher(testing::ProgramOf(R"(
rules:
  - name: slow
    logfmt: true
    when: {level: warn}
    fields:
      took: {type: duration, unit: ms}
  - name: other
    logfmt: true
    timestamp: ts
)",
                                     {"took", "level"}));
  Record record;
  const Padded slow("level=warn took=250 msg=\"slow \\\"x\\\"\"");
  REQUIRE(matcher.Match(slow.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(matcher.program().rules[record.rule].name == "slow");
  CHECK(testing::ShowFields(matcher.program(), record) == "took=0.25 level=\"warn\"");
  CHECK(testing::ShowMembers(record) == R"({"level":"warn","took":250,"msg":"slow \"x\""})");
  const Padded other("level=info ts=2026-11-21T09:26:05Z");
  REQUIRE(matcher.Match(other.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(matcher.program().rules[record.rule].name == "other");
  for (const char* line : {"", "Hello", "{\"level\": \"warn\"}", "[x] a=1", "a = 1"}) {
    const Padded none(line);
    INFO(line);
    CHECK(matcher.Match(none.view(), "stdin", &record) == Outcome::kUnmatched);
  }
}

TEST_CASE("A JSON event that is not UTF-8 is taken with U+FFFD in the place of wrong bytes") {
  Matcher matcher(testing::ProgramOf("rules: [{name: event, json: true}]", {"a"}));
  Record record;
  const Padded bad("{\"a\":\"x\xe9y\",\"b\":1}");
  REQUIRE(matcher.Match(bad.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(testing::ShowMembers(record) == "{\"a\":\"x\xef\xbf\xbdy\",\"b\":1}");
  CHECK(testing::ShowFields(matcher.program(), record) == "a=\"x\xef\xbf\xbdy\"");
  const Padded broken("{\"a\":\"\xe9\"");
  CHECK(matcher.Match(broken.view(), "stdin", &record) == Outcome::kUnmatched);
}

}  // namespace parshall::records
