#include "sinks/record_json.h"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "base/json_text.h"
#include "base/utf8.h"
#include "tests/records/kit.h"

namespace parshall::sinks {
namespace {

using namespace std::string_literals;
using nlohmann::ordered_json;
using records::Matcher;
using records::Outcome;
using records::Record;
using records::testing::Compiled;
using records::testing::Padded;
using records::testing::ProgramOf;

constexpr const char* kReadAt = "2026-11-21T09:25:39.123Z";
const Moment kNow{.seconds = 1795253139, .nanos = 123'999'999};

// A line through a matcher and the writer. The buffer is as large as the writer asked for, so the
// sanitizer sees a store beyond it.
class Writer {
 public:
  explicit Writer(std::shared_ptr<const records::RuleProgram> program)
      : matcher_(program), json_(program) {}

  std::string Write(std::string_view text, RecordContext context = {}) {
    const Padded line(text);
    Record record;
    context.read_at = kNow;
    Buffer out;
    outcome_ = matcher_.Match(line.view(), "stdin", &record);
    if (outcome_ == Outcome::kMatched || outcome_ == Outcome::kRejected) {
      json_.Append(record, context, &out);
    } else {
      json_.AppendLine(line.view(), records::OutcomeName(outcome_), context, &out);
    }
    return std::string(out.view());
  }
  Outcome outcome() const { return outcome_; }
  const RecordJson& json() const { return json_; }

 private:
  Matcher matcher_;
  RecordJson json_;
  Outcome outcome_ = Outcome::kUnmatched;
};

RecordContext From(const Padded& source, std::span<const lines::EnvelopeField> envelope = {}) {
  RecordContext context;
  context.source = source.view();
  context.envelope = envelope;
  return context;
}

// One line, valid UTF-8, one object to two parsers that share nothing.
ordered_json Checked(const std::string& text) {
  INFO(text);
  REQUIRE(text.size() >= 3);
  REQUIRE(text.back() == '\n');
  REQUIRE(text.find('\n') == text.size() - 1);
  REQUIRE(IsValidUtf8(text));
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const auto error = parser.parse(simdjson::padded_string(text)).get(element);
  // A number beyond 64 bits is valid JSON that simdjson's DOM has no room for.
  if (error != simdjson::NUMBER_ERROR) {
    REQUIRE(error == simdjson::SUCCESS);
    REQUIRE(element.is_object());
  }
  return ordered_json::parse(text);
}

std::string KeysOf(const ordered_json& record) {
  std::string keys;
  for (const auto& [key, value] : record.items()) keys += (keys.empty() ? "" : " ") + key;
  return keys;
}

std::shared_ptr<const records::RuleProgram> Shipped() {
  return Compiled(records::testing::ShippedRules());
}

}  // namespace

TEST_CASE(
    "A record of a text line: @timestamp, the fields in the pattern's order, then the source") {
  Writer writer(Shipped());
  const std::string line =
      "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET /x HTTP/1.0\" 200 - \"-\" \"a\\\"b\"";
  CHECK(writer.Write(line) ==
        "{\"@timestamp\":\"2000-10-10T20:55:36.000Z\",\"host\":\"203.0.113.9\",\"ident\":null,"
        "\"user\":null,\"time\":\"10/Oct/2000:13:55:36 -0700\",\"request\":\"GET /x HTTP/1.0\","
        "\"method\":\"GET\",\"path\":\"/x\",\"protocol\":\"HTTP/1.0\",\"status\":200,\"size\":0,"
        "\"referer\":null,\"agent\":\"a\\\\\\\"b\"}\n");
  const Padded source("/var/log/nginx/access.log");
  const std::string with_source = writer.Write(line, From(source));
  CHECK(with_source.ends_with(",\"source\":\"/var/log/nginx/access.log\"}\n"));
}

TEST_CASE(
    "A record of an event: its own keys as they came, then what was parsed, then @timestamp") {
  Writer writer(Shipped());
  CHECK(
      writer.Write(
          R"({"event": "10.96.78.6 - - [15/Aug/2019:14:19:23 +0000] \"GET /metrics HTTP/1.1\" 200 14134 \"-\" \"Prometheus/2.11.0\"", "level": "info", "logger": "gunicorn.access", "timestamp": "2019-08-15 14:19:23"})") ==
      R"({"event":"10.96.78.6 - - [15/Aug/2019:14:19:23 +0000] \"GET /metrics HTTP/1.1\" 200 14134 \"-\" \"Prometheus/2.11.0\"","level":"info","logger":"gunicorn.access","timestamp":"2019-08-15 14:19:23","host":"10.96.78.6","user":null,"time":"15/Aug/2019:14:19:23 +0000","request":"GET /metrics HTTP/1.1","status":200,"size":14134,"referer":null,"agent":"Prometheus/2.11.0","@timestamp":"2019-08-15T14:19:23.000Z"})"
      "\n");
  // Numbers, escapes and blanks inside of values stay as they came.
  CHECK(
      writer.Write(
          R"( { "a" : 1.50e+2 , "b":[1 ,2], "c":"\u00e9\/" , "n":123456789012345678901234567890 } )") ==
      R"({"a":1.50e+2,"b":[1 ,2],"c":"\u00e9\/","n":123456789012345678901234567890,"@timestamp":"2026-11-21T09:25:39.123Z"})"
      "\n");
  CHECK(writer.Write("{}") == "{\"@timestamp\":\"2026-11-21T09:25:39.123Z\"}\n");
}

TEST_CASE("An event's own @timestamp and source are not written twice") {
  Writer writer(Shipped());
  const Padded source("f.log");
  const RecordContext from_file = From(source);
  CHECK(writer.Write(R"({"@timestamp":"2020-01-01T00:00:00+01:00","a":1})", from_file) ==
        R"({"@timestamp":"2020-01-01T00:00:00+01:00","a":1,"source":"f.log"})"
        "\n");
  CHECK(writer.Write(R"({"@timestamp":"soon","source":"mine"})", from_file) ==
        R"({"@timestamp_original":"soon","source":"mine","@timestamp":"2026-11-21T09:25:39.123Z"})"
        "\n");
}

TEST_CASE("A line that no rule matched is a record with its text") {
  Writer writer(Shipped());
  CHECK(writer.Write("what \"is\"\tthis\xff") ==
        "{\"@timestamp\":\"2026-11-21T09:25:39.123Z\",\"message\":\"what \\\"is\\\"\\tthis\xef\xbf"
        "\xbd\",\"outcome\":\"unmatched\"}\n");
  CHECK(writer.Write("") ==
        "{\"@timestamp\":\"2026-11-21T09:25:39.123Z\",\"message\":\"\",\"outcome\":\"unmatched\"}"
        "\n");
  CHECK(writer.json().tally().records == 2);
}

TEST_CASE("What the wrapping said stands behind the fields, its time in for a missing one") {
  Writer writer(Shipped());
  const Padded stream("stdout");
  const Padded time("2026-11-21T09:41:20.7Z");
  const Padded source("pod.log");
  const std::vector<lines::EnvelopeField> envelope = {{lines::kStream, stream.view()},
                                                      {lines::kContainerTime, time.view()}};
  Moment moment;
  REQUIRE(ParseRfc3339(time.view(), &moment));
  RecordContext context = From(source, envelope);
  context.has_envelope_moment = true;
  context.envelope_moment = moment;
  CHECK(writer.Write("hello", context) ==
        "{\"@timestamp\":\"2026-11-21T09:41:20.700Z\",\"message\":\"hello\",\"outcome\":"
        "\"unmatched\",\"stream\":\"stdout\",\"container_time\":\"2026-11-21T09:41:20.7Z\","
        "\"source\":\"pod.log\"}\n");
  CHECK(
      writer.Write(R"({"a":1})", context) ==
      R"({"a":1,"@timestamp":"2026-11-21T09:41:20.700Z","stream":"stdout","container_time":"2026-11-21T09:41:20.7Z","source":"pod.log"})"
      "\n");
  CHECK(writer.Write(R"({"a":1,"ts":1700000000})", context)
            .find("\"@timestamp\":\"2023-11-14T22:13:20.000Z\"") != std::string::npos);
}

// Elasticsearch refuses a document with a key twice.
TEST_CASE("A key that the record has already is not written again by wrapping or source") {
  const Padded stream("stdout");
  const Padded source("pod.log");
  const std::vector<lines::EnvelopeField> envelope = {{lines::kStream, stream.view()},
                                                      {lines::kSyslogApp, stream.view()}};
  const RecordContext context = From(source, envelope);
  Writer events(Shipped());
  CHECK(
      events.Write(R"({"stream":"mine"})", context) ==
      R"({"stream":"mine","@timestamp":"2026-11-21T09:25:39.123Z","syslog_app":"stdout","source":"pod.log"})"
      "\n");
  Writer fields(ProgramOf(R"yaml(
rules:
  - {name: r, pattern: '^(?P<source>\w+) (?P<stream>\w+)(?P<syslog_app>!)?$'}
)yaml"));
  CHECK(KeysOf(Checked(fields.Write("a b", context))) == "@timestamp source stream syslog_app");
  CHECK(fields.Write("a b", context).find("\"source\":\"a\",\"stream\":\"b\"") !=
        std::string::npos);
  CHECK(fields.Write("a b!", context).find("\"syslog_app\":\"!\"") != std::string::npos);
}

TEST_CASE("Values are written by their kind, numbers as logged where JSON allows") {
  Writer writer(ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^i=(?P<i>[^;]*);f=(?P<f>[^;]*);d=(?P<d>[^;]*);b=(?P<b>[^;]*);k=(?P<k>[^;]*);s=(?P<s>[^;]*)(?:;x=(?P<x>.*))?$'
    fields:
      i: {type: int, null: '-'}
      f: {type: float, null: '-'}
      d: {type: duration, unit: ms, null: '-'}
      b: {type: bool, null: '-'}
      k: {type: bytes, unit: KiB, null: '-'}
      s: {null: '-'}
)yaml"));
  const auto values = [&writer](const std::string& line) {
    const std::string text = writer.Write(line);
    Checked(text);
    return text.substr(text.find(",\"i\":"));
  };
  CHECK(values("i=5;f=1.50;d=989;b=yes;k=2;s=x") ==
        ",\"i\":5,\"f\":1.50,\"d\":0.989,\"b\":true,\"k\":2048,\"s\":\"x\"}\n");
  CHECK(values("i=007;f=00.5;d=0;b=off;k=0.5;s=") ==
        ",\"i\":7,\"f\":0.5,\"d\":0,\"b\":false,\"k\":512,\"s\":\"\"}\n");
  CHECK(values("i=-;f=-;d=-;b=-;k=-;s=-;x=-") ==
        ",\"i\":null,\"f\":null,\"d\":null,\"b\":null,\"k\":null,\"s\":null,\"x\":\"-\"}\n");
  CHECK(values("i=200.0;f=1e400;d=1e308;b=maybe;k=1e999;s=x") ==
        ",\"i\":200.0,\"f\":\"1e400\",\"d\":1e+305,\"b\":\"maybe\",\"k\":\"1e999\",\"s\":\"x\"}\n");
  CHECK(writer.outcome() == Outcome::kRejected);
  CHECK(values("i=123456789012345678901234567890;f=-0;d=1e-320;b=TRUE;k=1e300;s=x") ==
        ",\"i\":123456789012345678901234567890,\"f\":-0,\"d\":1e-323,\"b\":true,\"k\":1.024e+303,"
        "\"s\":\"x\"}\n");
  CHECK(values("i=0000000000000000000000000000000000000000000000000000000000000005;f=1;d=1;b=1;k="
               "1;s=1")
            .starts_with(",\"i\":5"));
  CHECK(values("i=-12;f=1234567890123456789012;d=1;b=1;k=1;s=1")
            .starts_with(",\"i\":-12,\"f\":1234567890123456789012,"));
}

TEST_CASE("Field names are escaped, `as:` may say anything") {
  Writer writer(ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?P<a>\w+) (?P<b>\w+) (?P<c>\w+)$'
    fields:
      a: {as: 'quote " and \ and é'}
      b: {as: 'a name that is much longer than the thirty-two bytes of a fixed copy'}
)yaml"));
  const ordered_json record = Checked(writer.Write("x y z"));
  CHECK(KeysOf(record) ==
        "@timestamp quote \" and \\ and é a name that is much longer than the thirty-two bytes of "
        "a fixed copy c");
}

TEST_CASE("Times that are none are counted, and the time of reading stands in") {
  Writer writer(Shipped());
  const std::string line = "h - - [31/Feb/2000:13:55:36 -0700] \"GET /x HTTP/1.0\" 200 5";
  CHECK(writer.Write(line).starts_with(std::string("{\"@timestamp\":\"") + kReadAt));
  CHECK(writer.json().tally().timestamp_errors == 1);
  CHECK(writer.Write("{\"timestamp\":\"soon\"}").find(kReadAt) != std::string::npos);
  CHECK(writer.json().tally().timestamp_errors == 2);
  CHECK(writer.Write("{\"timestamp\":null}").find(kReadAt) != std::string::npos);
  CHECK(writer.Write("nothing").find(kReadAt) != std::string::npos);
  CHECK(writer.json().tally().timestamp_errors == 2);
}

// Groups may stand in each other, and each is written with the whole of its text.
TEST_CASE("There is room for every record, however its groups are nested") {
  std::string pattern;
  for (int n = 0; n < 20; ++n) pattern += "(?P<g" + std::to_string(n) + ">";
  pattern += "[^ ]*" + std::string(20, ')');
  Writer writer(
      ProgramOf("rules: [{name: r, pattern: '^" + pattern + "$', fields: {g19: http_request}}]"));
  Writer unanchored(ProgramOf("rules: [{name: r, pattern: '" + pattern + "(?i)$'}]"));
  for (const char byte : {'\x01', '\xff', 'x', '"'}) {
    for (const size_t size : std::initializer_list<size_t>{0, 1, 63, 5000}) {
      const std::string text(size, byte);
      const ordered_json record = Checked(writer.Write(text));
      CHECK(record.size() == 1 + 20 + 3);
      CHECK(record["g0"] == record["g18"]);
      CHECK(Checked(unanchored.Write(text))["g0"] == record["g0"]);
    }
  }
}

TEST_CASE("Whatever a line says, its record is one line of valid JSON that says the same") {
  Writer writer(Shipped());
  Writer metric_rules(ProgramOf(R"yaml(
rules:
  - name: pairs
    pattern: '^(?P<a>[^=]*)=(?P<b>[\s\S]*)$'
    fields: {a: {null: ''}, b: {type: int, null: ['-', '0']}}
)yaml"));
  std::mt19937_64 random(6);
  static const std::string kPieces[] = {"203.0.113.9",
                                        " - - ",
                                        "[10/Oct/2000:13:55:36 -0700]",
                                        " \"GET /x HTTP/1.1\" ",
                                        " 200 5",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x00"s,
                                        "\x1b",
                                        "\x7f",
                                        "\xff",
                                        "\xc3",
                                        "\xc3\xa9",
                                        "\xf0\x9f\x98\x80",
                                        "\xed\xa0\x80",
                                        "{\"a\":",
                                        "}",
                                        "\"\\ud800\"",
                                        "=",
                                        "-",
                                        "\r",
                                        "a plain text of some length"};
  size_t matched = 0;
  for (int n = 0; n < 20'000; ++n) {
    std::string text = n % 3 == 0 ? "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET /" : "";
    for (size_t parts = random() % 8; parts > 0; --parts) {
      text += kPieces[random() % std::size(kPieces)];
    }
    if (n % 3 == 0) text += "\" 200 5 \"-\" \"" + kPieces[random() % std::size(kPieces)] + "\"";
    const std::string source = text.substr(0, 20);
    const Padded padded_source(source);
    const RecordContext context = From(padded_source);
    const ordered_json record = Checked(writer.Write(text, context));
    std::string repaired;
    if (writer.outcome() == Outcome::kUnmatched) {
      AppendValidUtf8(text, &repaired);
      REQUIRE(record["message"] == repaired);
    } else {
      ++matched;
    }
    if (!source.empty() && record["source"].is_string()) {
      std::string repaired_source;
      AppendValidUtf8(source, &repaired_source);
      REQUIRE(record["source"] == repaired_source);
    }
    const ordered_json pair = Checked(metric_rules.Write(text));
    if (metric_rules.outcome() == Outcome::kRejected) {
      std::string value;
      AppendValidUtf8(std::string_view(text).substr(text.find('=') + 1), &value);
      REQUIRE(pair["b"] == value);
    }
  }
  CHECK(matched > 3000);
}

// Python: bytes.decode("utf-8", "replace").
TEST_CASE("Invalid bytes become U+FFFD as Python's replace makes them") {
  Writer writer(Shipped());
  struct Row {
    std::string bytes;
    int replacements;
    const char* rest;
  };
  const Row rows[] = {
      {"a\xff\xfe"
       "b",
       2, "ab"},
      {"\xc0\xaf", 2, ""},
      {"\xe0\x80\xaf", 3, ""},
      {"\xed\xa0\x80", 3, ""},
      {"\xf0\x9f\x98", 1, ""},
      {"\xf0\x9fx", 1, "x"},
      {"\xf4\x90\x80\x80", 4, ""},
      {"\xe2\x82", 1, ""},
      {"\xe2\x28\xa1", 2, "("},
      {"\xc3", 1, ""},
      {"\x80", 1, ""},
      {"\xf8\x88\x80\x80\x80", 5, ""},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    std::string message = Checked(writer.Write(row.bytes))["message"].get<std::string>();
    int replacements = 0;
    for (size_t at; (at = message.find("\xef\xbf\xbd")) != std::string::npos; ++replacements) {
      message.erase(at, 3);
    }
    CHECK(replacements == row.replacements);
    CHECK(message == row.rest);
  }
}

}  // namespace parshall::sinks
