#include "records/matcher.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "records/convert.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;
using testing::ProgramOf;
using testing::ShowFields;
using testing::ShowMembers;

// "matched rule: fields", or the outcome alone.
std::string Matched(Matcher& matcher, std::string_view text, std::string_view source = "stdin") {
  const Padded line(text);
  Record record;
  const Outcome outcome = matcher.Match(line.view(), source, &record);
  std::string shown(OutcomeName(outcome));
  if (outcome != Outcome::kMatched && outcome != Outcome::kRejected) return shown;
  const RuleProgram& program = matcher.program();
  shown += " " + program.rules[record.rule].name + ":";
  if (record.members_count > 0) shown += " " + ShowMembers(record);
  const std::string fields = ShowFields(program, record);
  return fields.empty() ? shown : shown + " " + fields;
}

}  // namespace

TEST_CASE("A line has the outcome of the first rule that matches it") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - {name: health, drop: true, pattern: '^GET /health '}
  - name: request
    pattern: '^(?P<method>[A-Z]+) (?P<path>\S+) (?P<status>\S+)$'
    event: request
    fields: {status: {type: int, null: '-'}}
  - {name: later, pattern: '^(?P<word>\w+)'}
)yaml"));
  CHECK(Matched(matcher, "GET /x 200") == "matched request: method=\"GET\" path=\"/x\" status=200");
  CHECK(Matched(matcher, "GET /x -") == "matched request: method=\"GET\" path=\"/x\" status=null");
  CHECK(Matched(matcher, "GET /health 200") == "dropped");
  CHECK(Matched(matcher, "GET /x ok") ==
        "rejected request: method=\"GET\" path=\"/x\" status=\"ok\"");
  CHECK(Matched(matcher, "hello") == "matched later: word=\"hello\"");
  CHECK(Matched(matcher, "!") == "unmatched");
  CHECK(Matched(matcher, "") == "unmatched");

  const MatcherTally& tally = matcher.tally();
  CHECK(tally.lines == 7);
  CHECK(tally.sampled_lines == 0);
  CHECK(tally.rules[0].matches == 1);
  CHECK(tally.rules[1].matches == 3);
  CHECK(tally.rules[2].matches == 1);
}

TEST_CASE("A clock makes a line a sample of what the rules cost") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - {name: one, pattern: '^a(?P<x>.*)'}
  - {name: two, pattern: '^b(?P<x>.*)'}
  - {name: any, pattern: '(?P<x>.*)c'}
)yaml"));
  const auto clock = []() -> uint64_t {
    static uint64_t now = 0;
    return now += 10;
  };
  Record record;
  const Padded line("bcc");
  CHECK(matcher.Match(line.view(), "stdin", &record, clock) == Outcome::kMatched);
  const Padded other("xyc");
  CHECK(matcher.Match(other.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(matcher.tally().sampled_lines == 1);
  CHECK(matcher.tally().rules[0].sampled_nanos == 0);  // told by its first byte
  CHECK(matcher.tally().rules[1].sampled_nanos == 10);
  CHECK(matcher.tally().rules[2].sampled_nanos == 0);
  CHECK(matcher.tally().rules[1].plan_matches == 1);
  CHECK(matcher.tally().rules[2].plan_matches == 0);
  CHECK(matcher.tally().regex_lines == 1);
}

TEST_CASE("when: holds by fields, keys and the source") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - {name: by_source, pattern: '^(?P<x>\w+)$', when: {source: [/var/log/a.log, b]}}
  - {name: by_field, pattern: '^(?P<a>\w+)-(?P<b>\w*)$', when: {a: [x, y], b: '*'}}
  - {name: by_key, json: true, when: {logger: app, 'http.status': ['200', '404']}}
  - {name: any_key, json: true, when: {level: '*'}}
)yaml"));
  CHECK(Matched(matcher, "word", "/var/log/a.log") == "matched by_source: x=\"word\"");
  CHECK(Matched(matcher, "word", "b") == "matched by_source: x=\"word\"");
  CHECK(Matched(matcher, "word", "stdin") == "unmatched");
  CHECK(Matched(matcher, "x-z") == "matched by_field: a=\"x\" b=\"z\"");
  CHECK(Matched(matcher, "y-") == "matched by_field: a=\"y\" b=\"\"");
  CHECK(Matched(matcher, "z-z") == "unmatched");
  CHECK(Matched(matcher, R"({"logger":"app","http":{"status":200}})") ==
        R"(matched by_key: {"logger":"app","http":{"status":200}})");
  CHECK(Matched(matcher, R"({"logger":"app","http":{"status":"404"}})")
            .starts_with("matched by_key"));
  CHECK(
      Matched(matcher, R"({"logger":"a\u0070p","http.status":404})").starts_with("matched by_key"));
  CHECK(Matched(matcher, R"({"logger":"app","http":{"status":500}})") == "unmatched");
  CHECK(Matched(matcher, R"({"logger":["app"],"http":{"status":200}})") == "unmatched");
  CHECK(Matched(matcher, R"({"logger":"app","http":200})") == "unmatched");
  CHECK(Matched(matcher, R"({"level":false})").starts_with("matched any_key"));
  CHECK(Matched(matcher, R"({"level":{}})").starts_with("matched any_key"));
  CHECK(Matched(matcher, R"({"level":null})") == "unmatched");
  CHECK(Matched(matcher, R"(["level"])") == "unmatched");
}

TEST_CASE("from: a pattern runs over a key's text, the event keeps its own keys") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - name: access
    from: event
    pattern: '^"(?P<request>[^"]*)" (?P<status>\d+)$'
    fields:
      request: http_request
      status: int
      took: {type: duration, unit: ms}
)yaml",
                            {"took", "logger"}));
  CHECK(Matched(matcher, R"({"event":"\"GET /\u00e9 HTTP/1.1\" 200","took":1500,"logger":"x"})") ==
        R"(matched access: {"event":"\"GET /\u00e9 HTTP/1.1\" 200","took":1500,"logger":"x"} )"
        "request=\"GET /\xc3\xa9 HTTP/1.1\" method=\"GET\" path=\"/\xc3\xa9\" "
        "protocol=\"HTTP/1.1\" status=200 took=1.5 logger=\"x\"");
  // The key must be a string.
  CHECK(Matched(matcher, R"({"event":17})") == "unmatched");
  CHECK(Matched(matcher, R"({"event":null})") == "unmatched");
  CHECK(Matched(matcher, R"({"event":{"a":1}})") == "unmatched");
  CHECK(Matched(matcher, R"({"other":"x"})") == "unmatched");
  // A key of another type than declared is written as it came and is null for metrics.
  CHECK(Matched(matcher, R"({"event":"\"x\" 200","took":"soon"})") ==
        R"(matched access: {"event":"\"x\" 200","took":"soon"} )"
        R"(request="x" method=null path=null protocol=null status=200 took=null)");
}

TEST_CASE("A null that stands for a key of another type is told from a null of the event") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - name: r
    json: true
    fields: {took: {type: duration, null: '-'}, size: {type: bytes, default: 0}}
)yaml",
                            {"took", "size"}));
  const auto mistyped = [&matcher](std::string_view text) {
    const Padded line(text);
    Record record;
    REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
    return std::any_of(record.values, record.values + record.values_count,
                       [](const Value& value) { return value.mistyped(); });
  };
  for (const char* text : {R"({"took":"soon"})", R"({"took":true})", R"({"took":[1]})",
                           R"({"took":{"s":1}})", R"({"took":""})"}) {
    INFO(text);
    CHECK(mistyped(text));
    CHECK_FALSE(mistyped(R"({"took":1})"));
  }
  for (const char* text : {R"({"took":"-"})", R"({"took":null})", R"({"other":1})",
                           R"({"took":"1.5"})", R"({"size":"big"})"}) {
    INFO(text);
    CHECK_FALSE(mistyped(text));
  }
}

TEST_CASE("Keys of an event become values by their JSON type") {
  Matcher matcher(
      ProgramOf("rules: [{name: r, json: true}]", {"a", "b.c", "d", "e", "f", "g", "h"}));
  CHECK(
      Matched(matcher, R"({"a":"\ud83d\ude00","b":{"c":-5},"d":1.5,"e":true,"f":null,"g":[1]})") ==
      R"(matched r: {"a":"\ud83d\ude00","b":{"c":-5},"d":1.5,"e":true,"f":null,"g":[1]} )"
      "a=\"\xf0\x9f\x98\x80\" b.c=-5 d=1.5 e=true f=null g=null");
  // A key that stands twice counts as it does in Python and JavaScript: the last one.
  CHECK(Matched(matcher, R"({"a":1,"a":2})") == R"(matched r: {"a":1,"a":2} a=2)");
  CHECK(Matched(matcher, R"({"\u0061":"x"})") == R"(matched r: {"\u0061":"x"} a="x")");
  CHECK(Matched(matcher, R"({"\u0062":{"\u0063":7}})") ==
        R"(matched r: {"\u0062":{"\u0063":7}} b.c=7)");
  CHECK(Matched(matcher, R"({"b.c":1,"b":{"c":2}})") ==
        R"(matched r: {"b.c":1,"b":{"c":2}} b.c=1)");
  CHECK(Matched(matcher, R"({"d":12345678901234567890})") ==
        R"(matched r: {"d":12345678901234567890} d=1.2345678901234567e+19)");
}

TEST_CASE("Parsed fields replace keys of their name, as dict.update would") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - name: r
    from: event
    pattern: '^(?P<user>\S+) (?P<status>\d+)(?: (?P<more>.*))?$'
    fields: {status: int}
)yaml"));
  CHECK(Matched(matcher, R"({"user":"old","event":"new 200","status":"x","more":"kept"})") ==
        R"(matched r: {"event":"new 200","more":"kept"} user="new" status=200)");
  CHECK(Matched(matcher, R"({"\u0075ser":"old","event":"new 200 y","more":1})") ==
        R"(matched r: {"event":"new 200 y"} user="new" status=200 more="y")");
}

TEST_CASE("An event's own @timestamp is kept when it is one, and renamed when it is not") {
  Matcher matcher(ProgramOf("rules: [{name: r, json: true}]"));
  struct Row {
    const char* line;
    bool own_timestamp;
    bool own_source;
    const char* members;
  };
  const Row rows[] = {
      {R"({"@timestamp":"2026-11-21T09:25:39Z"})", true, false,
       R"({"@timestamp":"2026-11-21T09:25:39Z"})"},
      {R"({"a":1,"@timestamp":"yesterday"})", false, false,
       R"({"a":1,"@timestamp_original":"yesterday"})"},
      {R"({"@timestamp":1700000000})", false, false, R"({"@timestamp_original":1700000000})"},
      {R"({"@timestamp":null})", false, false, R"({"@timestamp_original":null})"},
      {R"({"\u0040timestamp":{}})", false, false, R"({"@timestamp_original":{}})"},
      {R"({"\u0040timestamp":"2026-11-21T09:25:39Z"})", true, false,
       R"({"\u0040timestamp":"2026-11-21T09:25:39Z"})"},
      {R"({"source":"mine"})", false, true, R"({"source":"mine"})"},
      {R"({"source":null})", false, true, R"({"source":null})"},
      {R"({"a":{"@timestamp":"x","source":"y"}})", false, false,
       R"({"a":{"@timestamp":"x","source":"y"}})"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    const Padded line(row.line);
    Record record;
    REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
    CHECK(record.own_timestamp == row.own_timestamp);
    CHECK(record.own_source == row.own_source);
    CHECK(ShowMembers(record) == row.members);
  }
}

TEST_CASE("Defaults stand in for null, in text and in events") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - name: event
    json: true
    fields: {size: {type: bytes, null: '-', default: 0}, level: {null: [none, ''], default: info}}
  - name: text
    pattern: '^(?P<size>\S+) (?P<level>\S*)$'
    fields: {size: {type: bytes, null: '-', default: 0}, level: {null: [none, ''], default: info}}
)yaml"));
  CHECK(Matched(matcher, "- none") == "matched text: size=0 level=\"info\"");
  CHECK(Matched(matcher, "5 ") == "matched text: size=5 level=\"info\"");
  CHECK(Matched(matcher, R"({"size":null,"level":"none"})") ==
        R"(matched event: {"size":null,"level":"none"} size=0 level="info")");
  CHECK(Matched(matcher, R"({"size":"-","level":"warn"})") ==
        R"(matched event: {"size":"-","level":"warn"} size=0 level="warn")");
}

TEST_CASE("Groups that take no part are absent, the first alternative that does fills the field") {
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?P<a>a)?(?:(?P<us>\d+)us|(?P<ms>\d+)ms)?(?: "(?P<request>[^"]*)")?$'
    fields:
      us: {type: duration, unit: us, as: took}
      ms: {type: duration, unit: ms, as: took}
      request: http_request
)yaml"));
  CHECK(Matched(matcher, "a5us").starts_with("matched r: a=\"a\" took="));
  CHECK(Matched(matcher, "5ms").starts_with("matched r: took=0.005"));
  CHECK(Matched(matcher, "a").starts_with("matched r: a=\"a\""));
  CHECK(Matched(matcher, "a").find("took") == std::string::npos);
  CHECK(Matched(matcher, "a \"GET /\"") ==
        "matched r: a=\"a\" request=\"GET /\" method=\"GET\" path=\"/\" protocol=null");
}

TEST_CASE("A value says nothing of the line before it") {
  // Rules share their memory: what one of them left must not shine through.
  Matcher matcher(ProgramOf(R"yaml(
rules:
  - {name: number, pattern: '^n(?P<x>\d+)$', fields: {x: int}}
  - {name: truth, pattern: '^t(?P<y>\w+)$', fields: {y: bool}}
  - {name: time, pattern: '^d(?P<z>\d+)$', fields: {z: {type: duration, unit: ms}}}
  - {name: bare, pattern: '^b(?P<z>\d+)?$'}
)yaml"));
  CHECK(Matched(matcher, "n5") == "matched number: x=5");
  const Padded truth("tyes");
  Record record;
  REQUIRE(matcher.Match(truth.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(record.values[0].kind == ValueKind::kBool);
  CHECK_FALSE(record.values[0].json_number);  // "yes" is no number
  CHECK(Matched(matcher, "n5") == "matched number: x=5");
  const Padded duration("d7");
  REQUIRE(matcher.Match(duration.view(), "stdin", &record) == Outcome::kMatched);
  CHECK_FALSE(record.values[0].json_number);
  CHECK(Matched(matcher, "n5") == "matched number: x=5");
  CHECK(Matched(matcher, "b") == "matched bare:");
}

TEST_CASE("The matcher's quick ways convert as Convert() does") {
  struct Spec {
    const char* yaml;
    rules::FieldType type;
    std::vector<std::string> nulls;
    std::optional<std::string> fallback;
  };
  const Spec specs[] = {
      {"string", rules::FieldType::kString, {}, {}},
      {"{null: '-'}", rules::FieldType::kString, {"-"}, {}},
      {"{null: ['-', '']}", rules::FieldType::kString, {"-", ""}, {}},
      {"{null: '-', default: x}", rules::FieldType::kString, {"-"}, "x"},
      {"int", rules::FieldType::kInt, {}, {}},
      {"{type: int, null: '-'}", rules::FieldType::kInt, {"-"}, {}},
      {"{type: int, null: ['0', '-1']}", rules::FieldType::kInt, {"0", "-1"}, {}},
      {"{type: bytes, null: '-', default: 0}", rules::FieldType::kBytes, {"-"}, "0"},
      {"{type: bytes, null: '1', default: 7}", rules::FieldType::kBytes, {"1"}, "7"},
      {"float", rules::FieldType::kFloat, {}, {}},
      {"bool", rules::FieldType::kBool, {}, {}},
      {"ip", rules::FieldType::kIp, {}, {}},
      {"{type: time, null: '-'}", rules::FieldType::kTime, {"-"}, {}},
  };
  std::mt19937_64 random(2);
  const std::string alphabet = "0001-9. xe+";
  for (const Spec& spec : specs) {
    INFO(spec.yaml);
    const std::string yaml =
        std::string("rules: [{name: r, pattern: '^(?P<x>.*)$', fields: {x: ") + spec.yaml + "}}]";
    const auto program = ProgramOf(yaml);
    Matcher matcher(program);
    const Conversion& conversion = program->rules[0].recipes[0].conversion;
    CHECK(conversion.nulls == spec.nulls);
    CHECK(conversion.fallback == spec.fallback);
    for (int n = 0; n < 4000; ++n) {
      std::string text;
      const size_t size = n < 50 ? static_cast<size_t>(n) : random() % 24;
      for (size_t i = 0; i < size; ++i) text += alphabet[random() % (n % 3 ? alphabet.size() : 5)];
      const Padded line(text);
      Record record;
      const Outcome outcome = matcher.Match(line.view(), "stdin", &record);
      Value want;
      const bool typed = Convert(conversion, line.view(), &want);
      INFO(text);
      REQUIRE(outcome == (typed ? Outcome::kMatched : Outcome::kRejected));
      const Value& got = record.values[0];
      REQUIRE(testing::Show(got) == testing::Show(want));
      REQUIRE(got.kind == want.kind);
      if (got.kind == ValueKind::kInt || got.kind == ValueKind::kFloat) {
        REQUIRE(got.json_number == want.json_number);
        REQUIRE(got.text() == want.text());
      }
    }
  }
}

TEST_CASE("Texts with escapes all fit, however many keys ask for them") {
  std::vector<std::string> wanted;
  for (int n = 0; n < 200; ++n) wanted.push_back("key" + std::to_string(n));
  std::string yaml = "rules: [{name: r, json: true, fields: {";
  for (int n = 0; n < 50; ++n) {
    yaml += (n > 0 ? ", key" : "key") + std::to_string(n) + ": int";
  }
  Matcher matcher(ProgramOf(yaml + "}}]", wanted));
  std::mt19937_64 random(4);
  static const std::string kTexts[] = {R"("\n")", R"("a\"b")",      R"("\u00e9")",
                                       R"("")",   "200.0",          R"("\ud83d\ude00\\")",
                                       "1e3",     R"("20\u0030.0")"};
  for (int round = 0; round < 200; ++round) {
    nlohmann::json want;
    std::string line = "{";
    for (int n = 0; n < 200; ++n) {
      if (random() % 4 == 0) continue;
      if (line.size() > 1) line += ",";
      const std::string& text = kTexts[random() % std::size(kTexts)];
      line.append("\"key").append(std::to_string(n)).append("\":").append(text);
    }
    line += "}";
    const Padded padded(line);
    Record record;
    REQUIRE(matcher.Match(padded.view(), "stdin", &record) == Outcome::kMatched);
    const nlohmann::json event = nlohmann::json::parse(line);
    for (uint32_t slot = 50; slot < record.values_count; ++slot) {
      const Value& value = record.values[slot];
      const std::string& name = matcher.program().rules[0].fields[slot].name;
      if (!event.contains(name)) {
        REQUIRE(value.kind == ValueKind::kAbsent);
      } else if (event[name].is_string()) {
        REQUIRE(value.text() == event[name].get<std::string>());
      } else {
        REQUIRE(value.AsDouble() == event[name].get<double>());
      }
      // The encoder reads over the end of every text.
      if (value.there()) {
        const volatile char last = value.data[value.size + kPaddingBytes - 1];
        static_cast<void>(last);
      }
    }
    for (uint32_t slot = 0; slot < 50; ++slot) {
      const Value& value = record.values[slot];
      const std::string& name = matcher.program().rules[0].fields[slot].name;
      if (!event.contains(name)) continue;
      if (event[name].is_number()) {
        // As a label it is written in digits: 200.0 is "200".
        REQUIRE(value.kind == ValueKind::kInt);
        REQUIRE(static_cast<double>(value.integer) == event[name].get<double>());
      }
    }
  }
}

TEST_CASE("MatchRule asks one rule alone and counts nothing") {
  const auto program = ProgramOf(R"yaml(
rules:
  - {name: one, pattern: '^(?P<a>\w+)$'}
  - {name: two, pattern: '^(?P<b>[\s\S]*)$'}
)yaml");
  Matcher matcher(program);
  const Padded line("a\nb");
  Record record;
  CHECK(matcher.MatchRule(0, line.view(), "stdin", &record) == Outcome::kUnmatched);
  REQUIRE(matcher.MatchRule(1, line.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(ShowFields(*program, record) == "b=\"a\nb\"");
  CHECK(matcher.tally().lines == 0);
  CHECK(matcher.tally().rules[1].matches == 0);
}

TEST_CASE("More than 64 rules are all asked") {
  std::string yaml = "rules:\n";
  for (int n = 0; n < 100; ++n) {
    yaml += "  - {name: r" + std::to_string(n) + ", pattern: '^" + std::to_string(n) +
            "x(?P<rest>.*)$'}\n";
  }
  Matcher matcher(ProgramOf(yaml));
  for (int n = 0; n < 100; ++n) {
    CHECK(Matched(matcher, std::to_string(n) + "xyz") ==
          "matched r" + std::to_string(n) + ": rest=\"yz\"");
  }
  CHECK(Matched(matcher, "100x") == "unmatched");
}

TEST_CASE("Without records to write, what metrics ask for is still there") {
  const std::vector<std::string> wanted = {"status", "size", "method"};
  const auto program = ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?P<host>\S+) "(?P<request>[^"]*)" (?P<status>\d+) (?P<size>\S+)$'
    when: {host: [a, b]}
    fields:
      request: http_request
      status: int
      size: {type: bytes, null: '-', default: 0}
)yaml",
                                 wanted);
  Matcher all(program);
  Matcher metrics_only(program, false);
  for (const char* text : {"a \"GET / HTTP/1.1\" 200 5", "b \"x\" 404 -", "c \"GET /\" 200 5",
                           "a \"GET /\" 200 x", "a"}) {
    INFO(text);
    const Padded line(text);
    Record record, lean;
    const Outcome outcome = all.Match(line.view(), "stdin", &record);
    CHECK(metrics_only.Match(line.view(), "stdin", &lean) == outcome);
    if (outcome != Outcome::kMatched) continue;
    for (uint32_t slot = 0; slot < record.values_count; ++slot) {
      const std::string& name = program->rules[0].fields[slot].name;
      if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
      INFO(name);
      CHECK(testing::Show(lean.values[slot]) == testing::Show(record.values[slot]));
    }
  }
}

namespace {

uint64_t Ticks() {
  static uint64_t now = 0;
  return now += 1000;
}

}  // namespace

TEST_CASE("Rules that are left out without a try change neither who wins nor what is counted") {
  std::string yaml = "rules:\n";
  for (int n = 10; n < 30; ++n) {
    const std::string number = std::to_string(n);
    yaml += "  - {name: r" + number + ", pattern: '^(?P<a>[^ ]+) service-" + number +
            " (?P<rest>.*)$'}\n";
    if (n % 3 == 0) yaml += "  - {name: x" + number + ", pattern: 'code=" + number + "'}\n";
  }
  yaml += "  - {name: all, pattern: '^(?P<word>[a-z]+)'}\n";
  Matcher matcher(ProgramOf(yaml));
  Matcher alone(ProgramOf(yaml));
  const size_t rules = matcher.program().rules.size();
  std::vector<uint64_t> wins(rules, 0);
  uint64_t unmatched = 0;
  std::mt19937_64 random(11);
  for (int n = 0; n < 4000; ++n) {
    std::string text(random() % 40, random() % 2 == 0 ? 'a' : ' ');
    text += " service-" + std::to_string(5 + random() % 30) + " ";
    if (random() % 3 == 0) text += "code=" + std::to_string(5 + random() % 30);
    const Padded line(text);
    Record record, expected;
    size_t winner = rules;
    for (size_t rule = 0; rule < rules && winner == rules; ++rule) {
      if (alone.MatchRule(rule, line.view(), "stdin", &expected) == Outcome::kMatched)
        winner = rule;
    }
    const Outcome outcome =
        matcher.Match(line.view(), "stdin", &record, n % 2 == 0 ? Ticks : nullptr);
    INFO(text);
    REQUIRE((outcome == Outcome::kMatched ? record.rule : rules) == winner);
    winner == rules ? ++unmatched : ++wins[winner];
  }
  CHECK(unmatched > 100);
  uint64_t nanos = 0;
  for (size_t rule = 0; rule < rules; ++rule) {
    INFO(rule);
    CHECK(matcher.tally().rules[rule].matches == wins[rule]);
    nanos += matcher.tally().rules[rule].sampled_nanos;
  }
  CHECK(matcher.tally().lines == 4000);
  CHECK(matcher.tally().sampled_lines == 2000);
  CHECK(nanos > 2000 * 1000);
  if (HasAvx2()) CHECK(matcher.tally().rules[rules / 2].sampled_nanos > 0);
}

}  // namespace parshall::records
