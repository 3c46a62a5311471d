#include "sinks/ecs_json.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "sinks/record_json.h"
#include "tests/records/kit.h"

namespace parshall::sinks {
namespace {

using nlohmann::json;
using records::testing::Padded;
using records::testing::ProgramOf;
using records::testing::ReadWhole;

struct Definition {
  std::string type;
  std::set<std::string> allowed;  // empty: all
};

std::vector<std::string> Cut(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

const std::map<std::string, Definition>& Published() {
  static const auto definitions = [] {
    std::map<std::string, Definition> all;
    for (const std::string& line : Cut(ReadWhole(PARSHALL_TEST_DATA "/ecs/fields.tsv"), '\n')) {
      const std::vector<std::string> parts = Cut(line, '\t');
      if (parts.size() < 2) continue;
      Definition& definition = all[parts[0]];
      definition.type = parts[1];
      if (parts.size() > 2) {
        for (const std::string& value : Cut(parts[2], ',')) definition.allowed.insert(value);
      }
    }
    return all;
  }();
  return definitions;
}

bool IsIp(const std::string& text) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

// What Elasticsearch would say against a document under the published definitions; empty: nothing.
std::string Against(const json& value, const std::string& path) {
  const auto known = Published().find(path);
  if (known == Published().end()) {
    if (!value.is_object() || value.empty()) return path + " is not in ECS; ";
    std::string faults;
    for (const auto& [key, inner] : value.items()) {
      if (key.find('.') != std::string::npos) return path + " has a key with a dot; ";
      faults += Against(inner, path.empty() ? key : path + "." + key);
    }
    return faults;
  }
  const Definition& definition = known->second;
  const auto wrong = [&] {
    return path + " is " + value.dump() + ", no " + definition.type + "; ";
  };
  if (definition.type == "object") {  // labels: texts, one level
    if (!value.is_object()) return wrong();
    for (const auto& [key, inner] : value.items()) {
      if (!inner.is_string() || key.find('.') != std::string::npos) return path + "." + key + "; ";
    }
    return {};
  }
  if (definition.type == "long") return value.is_number_integer() ? "" : wrong();
  if (definition.type == "keyword[]") {
    if (!value.is_array()) return wrong();
    for (const json& item : value) {
      if (definition.allowed.count(item) == 0) return wrong();
    }
    return {};
  }
  if (!value.is_string()) return wrong();
  if (definition.type == "ip" && !IsIp(value)) return wrong();
  if (definition.type == "date" && std::string(value).size() != 24) return wrong();
  if (!definition.allowed.empty() && definition.allowed.count(value) == 0) return wrong();
  return {};
}

// Accepts only objects whose keys stand once, as Elasticsearch does.
json Strict(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  bool twice = false;
  const json::parser_callback_t callback = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed).second) twice = true;
    return true;
  };
  json parsed = json::parse(text, callback, false);
  if (twice) return json("a key stands twice");
  return parsed;
}

// The record of a line in ECS.
std::string Written(RecordJson* writer, records::Matcher* matcher, std::string_view text,
                    std::string_view source = {}) {
  const Padded line(text);
  const Padded padded_source(source);
  records::Record record;
  const records::Outcome outcome = matcher->Match(line.view(), source, &record);
  const RecordContext context{.read_at = {.seconds = 0, .nanos = 0},
                              .source = padded_source.view(),
                              .envelope = {},
                              .envelope_moment = {}};
  Buffer out;
  if (outcome == records::Outcome::kUnmatched) {
    writer->AppendLine(line.view(), "unmatched", context, &out);
  } else if (outcome != records::Outcome::kDropped) {
    writer->Append(record, context, &out);
  }
  return std::string(out.view());
}

std::string Ecs(const std::string& yaml, std::string_view text, std::string_view source = {}) {
  const auto program = ProgramOf(yaml);
  records::Matcher matcher(program);
  RecordJson writer(program, Schema::kEcs);
  return Written(&writer, &matcher, text, source);
}

const char* const kRules = R"yaml(
rules:
  - name: web
    event: request
    pattern: '^(?P<host>\S*) (?P<user>\S+) "(?P<request>[^"]*)" (?P<status>\S+) (?P<size>\d+) (?P<duration>\S+) (?P<extra>.*)$'
    fields: {request: http_request, status: {type: int, null: '-'}, size: bytes, user: {null: '-'}, duration: {type: duration, null: '-'}}
  - {name: job, json: true, timestamp: [ts], fields: {took: {type: duration, unit: ms, as: duration}}}
)yaml";

const std::string kHead = R"({"@timestamp":"1970-01-01T00:00:00.000Z","ecs":{"version":"8.11.0"},)";

}  // namespace

TEST_CASE("EcsJson writes names, nesting and types of ECS") {
  struct Row {
    const char* line;
    const char* rest;  // behind kHead
  };
  const Row rows[] = {
      {R"(10.0.0.1 ann "GET /a?b=c#d HTTP/1.1" 404 5 0.25 x y)",
       R"("event":{"kind":"event","category":["web"],"type":["access"],"outcome":"failure","dataset":"web","duration":250000000},"http":{"request":{"method":"GET"},"response":{"body":{"bytes":5},"status_code":404},"version":"1.1"},"source":{"address":"10.0.0.1","ip":"10.0.0.1"},"url":{"original":"/a?b=c#d","path":"/a","query":"b=c"},"user":{"name":"ann"},"labels":{"extra":"x y"}})"},
      // No request, no user, no status: not there rather than null. An address that is none.
      {R"(unix: - "\x16" - 0 - )",
       R"("event":{"kind":"event","category":["web"],"type":["access"],"dataset":"web"},"http":{"response":{"body":{"bytes":0}}},"source":{"address":"unix:"},"labels":{"request":"\\x16"}})"},
      // A status that is no number has no place but a label.
      {R"(::1 - "GET / HTTP/2" abc 1 1e300 z)",
       R"("event":{"kind":"event","category":["web"],"type":["access"],"dataset":"web"},"http":{"request":{"method":"GET"},"response":{"body":{"bytes":1}},"version":"2"},"source":{"address":"::1","ip":"::1"},"url":{"original":"/","path":"/"},"labels":{"status":"abc","duration":"1e300","extra":"z"}})"},
      {R"({"event":"up","level":30,"logger":"a.b","n":1.5,"o":{"x":[1]},"a.b":true,"a_b":"2","z":null,"took":2.5,"host":"web-1"})",
       R"("event":{"kind":"event","dataset":"job","duration":2500000},"host":{"hostname":"web-1"},"log":{"level":"30","logger":"a.b"},"message":"up","labels":{"n":"1.5","o":"{\"x\":[1]}","a_b":"true"}})"},
      {R"({"msg":"q\u0022","error":"bad","exception":"at x\n at y","trace_id":"7","message":"second"})",
       R"("error":{"message":"bad","stack_trace":"at x\n at y"},"message":"q\u0022","trace":{"id":"7"},"labels":{"message":"second"}})"},
      {"?", R"("event":{"kind":"event"},"message":"?","labels":{"outcome":"unmatched"}})"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    const std::string written = Ecs(kRules, row.line);
    std::string wanted = kHead;
    if (std::string_view(row.rest).find("\"event\":") != 0)
      wanted += R"("event":{"kind":"event","dataset":"job"},)";
    CHECK(written == wanted + row.rest + "\n");
    CHECK(Against(Strict(written), "") == "");
  }
  // The event's own time, and that of a field.
  CHECK(Ecs(kRules, R"({"ts":"2026-11-21T09:00:00Z","x":"y"})")
            .starts_with(R"({"@timestamp":"2026-11-21T09:00:00.000Z")"));
  CHECK(Ecs(kRules, R"({"ts":"2026-11-21T09:00:00Z"})").find("labels") == std::string::npos);
  CHECK(Ecs(kRules, R"({"@timestamp":"2026-11-21T09:00:00Z","ts":"x"})")
            .starts_with(R"({"@timestamp":"2026-11-21T09:00:00.000Z")"));
  CHECK(Ecs(kRules, "?", "/var/log/a").find(R"("log":{"file":{"path":"/var/log/a"}})") !=
        std::string::npos);
}

TEST_CASE("A traceback behind a message is error.stack_trace") {
  const std::string rule =
      "rules: [{name: e, multiline: true, pattern: '^(?P<level>[A-Z]+) (?P<message>[\\s\\S]*)$'}]";
  const std::string written =
      Ecs(rule, "ERROR it broke\nTraceback (most recent call last):\n  File x\nKeyError: 1");
  CHECK(written.find(R"("message":"it broke")") != std::string::npos);
  CHECK(
      written.find(
          R"("error":{"stack_trace":"Traceback (most recent call last):\n  File x\nKeyError: 1"})") !=
      std::string::npos);
}

TEST_CASE("EcsJson writes what the transforms leave") {
  const std::string rule = R"yaml(
rules:
  - name: j
    json: true
    event: request
    transforms:
      - redact: {field: uri, preset: query_secrets}
      - remove: [secret, user]
      - rename: {ua: agent, a.b: ab}
      - add: {service: shop}
)yaml";
  const std::string written =
      Ecs(rule, R"({"uri":"/a?token=S","secret":"S","user":"S","ua":"curl","a":{"b":"x"},"c":1})");
  CHECK(
      written ==
      kHead +
          R"("event":{"kind":"event","category":["web"],"type":["access"],"dataset":"j"},)"
          R"("service":{"name":"shop"},"url":{"original":"/a?token=[redacted]","path":"/a","query":"token=[redacted]"},)"
          R"("user_agent":{"original":"curl"},"labels":{"a":"{}","c":"1","ab":"x"}})" +
          "\n");
}

TEST_CASE("Every field that can be written is published, with that type") {
  for (size_t n = 0; n < kEcsFields; ++n) {
    const EcsDefinition& ours = EcsDefinitionOf(static_cast<EcsField>(n));
    INFO(ours.path);
    const auto published = Published().find(std::string(ours.path));
    REQUIRE(published != Published().end());
    const std::string& type = published->second.type;
    CHECK((type == "long") == (ours.type == EcsType::kLong));
    CHECK((type == "ip") == (ours.type == EcsType::kIp));
    if (n > 0) CHECK(EcsDefinitionOf(static_cast<EcsField>(n - 1)).path != ours.path);
  }
  // Names are found by halving.
  for (const EcsName& name : EcsNames()) CHECK(EcsFieldOf(name.name) == name.field);
  CHECK(EcsFieldOf("nothing") == EcsField::kCount);
}

TEST_CASE("docs/ECS.md shows the table of fields as it is") {
  const std::string page = ReadWhole(PARSHALL_SOURCE_DIR "/docs/ECS.md");
  std::map<std::string, std::string> by_field;
  for (const EcsName& name : EcsNames()) {
    std::string& names = by_field[std::string(EcsDefinitionOf(name.field).path)];
    names += (names.empty() ? "`" : ", `") + std::string(name.name) + "`";
  }
  for (const auto& [field, names] : by_field) {
    const std::string row =
        "| `" + field + "` | " + Published().at(field).type + " | " + names + " |";
    INFO(row);
    CHECK(page.find(row) != std::string::npos);
  }
}

TEST_CASE("Every record of the samples fits the published definitions") {
  const auto program = records::testing::Compiled(records::testing::ShippedRules());
  records::Matcher matcher(program);
  RecordJson writer(program, Schema::kEcs);
  size_t records = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(PARSHALL_TEST_DATA "/samples")) {
    if (!entry.is_regular_file()) continue;
    for (const std::string& line : Cut(ReadWhole(entry.path()), '\n')) {
      const std::string written = Written(&writer, &matcher, line, "/var/log/x");
      INFO(entry.path() << "\n" << line << "\n" << written);
      REQUIRE(Against(Strict(written), "") == "");
      ++records;
    }
  }
  CHECK(records > 2000);
}

TEST_CASE("Whatever comes in, EcsJson writes a document that fits") {
  const auto program = records::testing::Compiled(records::testing::ShippedRules());
  records::Matcher matcher(program);
  RecordJson writer(program, Schema::kEcs);
  std::mt19937_64 random(11);
  const std::string_view keys[] = {
      "level",   "logger", "host", "status", "size",     "duration",      "pid",         "event",
      "msg",     "labels", "a.b",  "a_b",    "",         "@timestamp",    "ecs.version", "source",
      "message", "error",  "path", "method", "protocol", "forwarded_for", "x\\u0022"};
  const std::string_view values[] = {"1",
                                     "-1.5",
                                     "1e400",
                                     "true",
                                     "null",
                                     "\"x\"",
                                     "\"\\u0000\\ud800\"",
                                     "{}",
                                     "[1,\"a\"]",
                                     "{\"a\":{\"b\":1}}",
                                     "\"10.0.0.1\"",
                                     "\"2026-11-21T09:00:00Z\"",
                                     "\"/a?b\"",
                                     "\"GET\"",
                                     "\"HTTP/1.1\"",
                                     "99999999999999999999",
                                     "\"\xc3\xa9\xff\""};
  for (int n = 0; n < 20000; ++n) {
    std::string line = "{";
    for (size_t k = random() % 8; k > 0; --k) {
      line += "\"" + std::string(keys[random() % std::size(keys)]) +
              "\":" + std::string(values[random() % std::size(values)]) + (k > 1 ? "," : "");
    }
    line += "}";
    const std::string written = Written(&writer, &matcher, line);
    INFO(line << "\n" << written);
    REQUIRE(Against(Strict(written), "") == "");
  }
}

}  // namespace parshall::sinks
