#include "rules/reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace parshall::rules {
namespace {

std::string Faults(const std::vector<RuleFile>& files) {
  std::string all;
  for (const Error& error : ReadRules(files).faults) all += error.ToString() + "\n";
  return all;
}

// The faults of one file that is called r.yaml.
std::string Faults(const std::string& text) {
  return Faults(std::vector{RuleFile{"r.yaml", text}});
}

RuleSet Rules(const std::string& text) {
  const ReadOutcome outcome = ReadRules({RuleFile{"r.yaml", text}});
  for (const Error& error : outcome.faults) FAIL_CHECK(error.ToString());
  return outcome.rules;
}

constexpr const char* kAccess = R"yaml(
rules:
  - name: access
    pattern: '^(?P<host>[^ ]*) (?P<time>[^ ]*) "(?P<request>[^"]*)" (?P<status>\S+) (?P<size>\S+)$'
    event: request
    timestamp: time
    fields:
      host: {type: ip, null: '-'}
      time: {type: time, format: clf}
      request: {type: http_request}
      status: {type: int, null: ['-', '']}
      size: {type: bytes, unit: kB, null: '-', default: 0}
    examples:
      - line: '10.0.0.1 x "GET / HTTP/1.1" 200 -'
        record: {host: 10.0.0.1, status: 200, size: 0, agent: null, 'quoted': '200', deep: {a: [1, x]}}
      - line: bare
    not: ['', "tab\there"]
  - name: event
    extends: access
    from: event
    when: {logger: gunicorn.access, level: [info, warning], status: '*'}
    timestamp: [timestamp, time]
    fields:
      level: string
      status: {type: string, as: code, record: false}
      micros: {type: duration, unit: us, as: duration}
  - name: plain
    json: true
    multiline: true
    fallback: true
    drop: true
    examples:
      - line: |-
          {"a":
            1}
metrics:
  - name: http_requests_total
    kind: counter
    help: Requests by method and status.
    event: request
    rules: [access, event]
    when: {status: '*'}
    value: size
    labels:
      method: method
      status: {field: status, match: '[1-5][0-9][0-9]', other: _OTHER, values: ['200', 404], limit: 100}
      site: {text: shop}
  - name: busy
    kind: gauge
    help: Busy workers.
    value: workers
    op: max
  - name: size_bytes
    kind: histogram
    help: Sizes.
    value: size
    buckets: [.5, 1, 2.5, 1e3]
)yaml";

TEST_CASE("ReadRules reads every word of a rule") {
  const RuleSet set = Rules(kAccess);
  REQUIRE(set.rules.size() == 3);
  const RuleSpec& access = set.rules[0];
  CHECK(access.name == "access");
  CHECK(access.kind == RuleKind::kPattern);
  CHECK(access.pattern.starts_with("^(?P<host>[^ ]*) "));
  CHECK(access.pattern_where.ToString() == "r.yaml:4:15");
  CHECK(access.where.ToString() == "r.yaml:3:5");
  CHECK(access.event == EventKind::kRequest);
  CHECK(access.timestamp == std::vector<std::string>{"time"});
  REQUIRE(access.fields.size() == 5);
  CHECK(access.fields[0].type == FieldType::kIp);
  CHECK(access.fields[0].nulls == std::vector<std::string>{"-"});
  CHECK(access.fields[0].where.ToString() == "r.yaml:8:7");
  CHECK(access.fields[1].type == FieldType::kTime);
  CHECK(access.fields[1].format == "clf");
  CHECK(access.fields[2].type == FieldType::kHttpRequest);
  CHECK(access.fields[3].nulls == std::vector<std::string>{"-", ""});
  CHECK_FALSE(access.fields[3].fallback);
  CHECK(access.fields[4].fallback == "0");
  CHECK(access.fields[4].unit == 1000.0);
  REQUIRE(access.examples.size() == 2);
  CHECK(access.examples[0].line == R"(10.0.0.1 x "GET / HTTP/1.1" 200 -)");
  CHECK(access.examples[0].record_json ==
        R"({"host":"10.0.0.1","status":200,"size":0,"agent":null,"quoted":"200",)"
        R"("deep":{"a":[1,"x"]}})");
  CHECK(access.examples[0].where.ToString() == "r.yaml:14:9");
  CHECK(access.examples[1].record_json.empty());
  CHECK(access.not_examples == std::vector<std::string>{"", "tab\there"});
  REQUIRE(access.not_where.size() == 2);
  CHECK(access.not_where[1].ToString() == "r.yaml:17:15");

  const RuleSpec& plain = set.rules[2];
  CHECK(plain.kind == RuleKind::kJson);
  CHECK(plain.multiline);
  CHECK(plain.drop);
  CHECK(plain.fallback);
  CHECK_FALSE(access.fallback);
  CHECK(plain.event == EventKind::kLog);
  CHECK(plain.examples[0].line == "{\"a\":\n  1}");
}

TEST_CASE("ReadRules takes pattern and fields over from the extended rule, and nothing else") {
  const RuleSet set = Rules(kAccess);
  const RuleSpec& access = set.rules[0];
  const RuleSpec& event = set.rules[1];
  CHECK(event.kind == RuleKind::kPattern);
  CHECK(event.pattern == access.pattern);
  CHECK(event.pattern_where.ToString() == access.pattern_where.ToString());
  CHECK(event.extends == "access");
  CHECK(event.from == "event");
  CHECK(event.event == EventKind::kLog);
  CHECK(event.timestamp == std::vector<std::string>{"timestamp", "time"});
  CHECK(event.examples.empty());
  CHECK(event.not_examples.empty());
  std::string names;
  for (const FieldSpec& field : event.fields) names += field.name + " ";
  CHECK(names == "host time request status size level micros ");
  CHECK(event.fields[3].type == FieldType::kString);
  CHECK(event.fields[3].as == "code");
  CHECK(event.fields[3].nulls.empty());  // the own field replaces the other as a whole
  CHECK_FALSE(event.fields[3].in_record);
  CHECK(event.fields[6].unit == 1e-6);
  CHECK(event.fields[6].as == "duration");
  REQUIRE(event.when.size() == 3);
  CHECK(event.when[0].field == "logger");
  CHECK(event.when[0].values == std::vector<std::string>{"gunicorn.access"});
  CHECK(event.when[1].values == std::vector<std::string>{"info", "warning"});
  CHECK(event.when[2].values.empty());
}

TEST_CASE("ReadRules reads every word of a metric") {
  const RuleSet set = Rules(kAccess);
  REQUIRE(set.metrics.size() == 3);
  const MetricSpec& requests = set.metrics[0];
  CHECK(requests.name == "http_requests_total");
  CHECK(requests.kind == MetricKind::kCounter);
  CHECK(requests.help == "Requests by method and status.");
  CHECK(requests.event == EventKind::kRequest);
  CHECK(requests.rules == std::vector<std::string>{"access", "event"});
  REQUIRE(requests.when.size() == 1);
  CHECK(requests.when[0].values.empty());
  CHECK(requests.value == "size");
  REQUIRE(requests.labels.size() == 3);
  CHECK(requests.labels[0].field == "method");
  CHECK(requests.labels[0].other == "other");
  CHECK(requests.labels[0].limit == 1000);
  CHECK(requests.labels[1].match == "[1-5][0-9][0-9]");
  CHECK(requests.labels[1].other == "_OTHER");
  CHECK(requests.labels[1].values == std::vector<std::string>{"200", "404"});
  CHECK(requests.labels[1].limit == 100);
  CHECK(requests.labels[1].where.ToString() == "r.yaml:46:7");
  CHECK(requests.labels[2].field.empty());
  CHECK(requests.labels[2].text == "shop");
  CHECK(set.metrics[1].kind == MetricKind::kGauge);
  CHECK(set.metrics[1].op == GaugeOp::kMax);
  CHECK_FALSE(set.metrics[1].event);
  CHECK(set.metrics[2].kind == MetricKind::kHistogram);
  CHECK(set.metrics[2].buckets == std::vector<double>{0.5, 1, 2.5, 1000});
}

TEST_CASE("ReadRules reads JSON") {
  const RuleSet set = Rules(
      R"({"rules":[{"name":"a","pattern":"^(?P<x>\\d+)$","fields":{"x":{"type":"int","null":"-"}},
          "examples":[{"line":"1","record":{"x":1,"y":null,"z":"1"}}]}],"metrics":[]})");
  REQUIRE(set.rules.size() == 1);
  CHECK(set.rules[0].pattern == "^(?P<x>\\d+)$");
  CHECK(set.rules[0].fields[0].nulls == std::vector<std::string>{"-"});
  CHECK(set.rules[0].examples[0].record_json == R"({"x":1,"y":null,"z":"1"})");
}

TEST_CASE("ReadRules knows what to do about lines that stand there twice") {
  const std::pair<const char*, Dedupe> rows[] = {{"", Dedupe::kOff},
                                                 {", dedupe: off", Dedupe::kOff},
                                                 {", dedupe: report", Dedupe::kReport},
                                                 {", dedupe: adjacent", Dedupe::kAdjacent}};
  for (const auto& [text, dedupe] : rows) {
    INFO(text);
    const ReadOutcome read = ReadRules(
        {RuleFile{"r.yaml", std::string("rules: [{name: a, json: true") + text + "}]\n"}});
    REQUIRE(read.faults.empty());
    CHECK(read.rules.rules[0].dedupe == dedupe);
  }
}

TEST_CASE("ReadRules knows types, units and formats") {
  struct Row {
    const char* field;
    FieldType type;
    double unit;
    const char* format;
  };
  const Row rows[] = {
      {"string", FieldType::kString, 1, ""},
      {"{type: float}", FieldType::kFloat, 1, ""},
      {"{type: bool, default: true}", FieldType::kBool, 1, ""},
      {"{type: time}", FieldType::kTime, 1, ""},
      {"time", FieldType::kTime, 1, ""},
      {"{type: time, format: '%d.%m.%Y %H:%M'}", FieldType::kTime, 1, "%d.%m.%Y %H:%M"},
      {"{type: time, format: rfc3339}", FieldType::kTime, 1, "rfc3339"},
      {"{type: time, format: epoch_ms}", FieldType::kTime, 1, "epoch_ms"},
      {"{type: duration}", FieldType::kDuration, 1, ""},
      {"{type: duration, unit: ns}", FieldType::kDuration, 1e-9, ""},
      {"{type: duration, unit: ms}", FieldType::kDuration, 1e-3, ""},
      {"{type: duration, unit: m}", FieldType::kDuration, 60, ""},
      {"{type: duration, unit: h}", FieldType::kDuration, 3600, ""},
      {"{type: bytes}", FieldType::kBytes, 1, ""},
      {"{type: bytes, unit: MB}", FieldType::kBytes, 1e6, ""},
      {"{type: bytes, unit: KiB}", FieldType::kBytes, 1024, ""},
      {"{type: bytes, unit: MiB}", FieldType::kBytes, 1048576, ""},
      {"{}", FieldType::kString, 1, ""},
  };
  for (const Row& row : rows) {
    INFO(row.field);
    const RuleSet set =
        Rules("rules: [{name: a, json: true, fields: {f: " + std::string(row.field) + "}}]");
    REQUIRE(set.rules.size() == 1);
    const FieldSpec& field = set.rules[0].fields[0];
    CHECK(field.type == row.type);
    CHECK(field.unit == row.unit);
    CHECK(field.format == row.format);
  }
}

TEST_CASE("ReadRules says what is wrong with a rule, and where") {
  struct Row {
    const char* text;
    const char* faults;
  };
  const Row rows[] = {
      {"", "r.yaml:1:1: the file is empty\n"},
      {"{}", "r.yaml:1:1: the file is empty; it needs `rules:` or `metrics:`\n"},
      {"---\n", "r.yaml:1:1: the file is empty; it needs `rules:` or `metrics:`\n"},
      {"- name: a\n",
       "r.yaml:1:1: a rule file must be a mapping (key: value), and this is a list\n"},
      {"rules:\n", "r.yaml:2:1: rules: must be a list (- name: …), and this is nothing\n"},
      {"rules: {a: b}\n", "r.yaml:1:8: rules: must be a list (- name: …), and this is a mapping\n"},
      {"rulez: []\n",
       "r.yaml:1:1: a rule file has an unknown key \"rulez\" (did you mean "
       "\"rules\"?)\n"},
      {"rules: [x]\n", "r.yaml:1:9: a rule must be a mapping (key: value), and this is a text\n"},
      {"rules: [{json: true}]\n", "r.yaml:1:9: a rule needs `name:`, a word in small letters\n"},
      {"rules: [{name: a}]\n",
       "r.yaml:1:9: rule \"a\" needs `pattern:`, or `log_format:`, `json: true`, `logfmt: true`, "
       "or "
       "`extends:` with a rule that has one\n"},
      {"rules: [{name: a, json: true, dedupe: adjacnet}]\n",
       "r.yaml:1:39: rule \"a\": dedupe: cannot be \"adjacnet\" (did you mean \"adjacent\"?)\n"},
      {"rules: [{name: a, json: true, multiline: true, dedupe: report}]\n",
       "r.yaml:1:56: rule \"a\": dedupe: is for events of one line, and the rule is `multiline: "
       "true`\n"},
      {"rules: [{name: A-b, json: true}]\n",
       "r.yaml:1:16: rule \"A-b\": a name is made of small letters, digits and _, and begins with "
       "a letter\n"},
      {"rules: [{name: a, json: yes}]\n",
       "r.yaml:1:25: rule \"a\": json: must be true or false, and this is \"yes\"\n"},
      {"rules: [{name: a, json: false}]\n", "r.yaml:1:25: rule \"a\": json: is true or left out\n"},
      {"rules: [{name: a, json: true, pattern: x}]\n",
       "r.yaml:1:25: rule \"a\" has both `pattern:` and `json: true`; to match one key of a JSON "
       "event, keep the pattern and name the key with `from:`\n"},
      {"rules: [{name: a, pattern: x, log_format: 'nginx:$status'}]\n",
       "r.yaml:1:43: rule \"a\": a rule has one of `pattern`, `log_format`, `json` and `logfmt`\n"},
      {"rules: [{name: a, json: true, logfmt: true}]\n",
       "r.yaml:1:39: rule \"a\": a rule has one of `pattern`, `log_format`, `json` and `logfmt`\n"},
      {"rules: [{name: a, logfmt: false}]\n",
       "r.yaml:1:27: rule \"a\": logfmt: is true or left out\n"},
      {"rules: [{name: a, logfmt: true, from: x}]\n",
       "r.yaml:1:39: rule \"a\": from: names the key that a pattern is matched against, and this "
       "rule has `logfmt: true`\n"},
      {"rules: [{name: a, log_format: combined}]\n",
       "r.yaml:1:31: rule \"a\": log_format: needs the server and its format ({nginx: '…'} or "
       "'nginx:…')\n"},
      {"rules: [{name: a, log_format: {nginx: $status, apache: x}}]\n",
       "r.yaml:1:56: rule \"a\": log_format: names one server, and this is a second\n"},
      {"rules: [{name: a, log_format: {decode: true}}]\n",
       "r.yaml:1:31: rule \"a\": log_format: names no server ({nginx: '…'})\n"},
      {"rules: [{name: a, log_format: [x]}]\n",
       "r.yaml:1:31: rule \"a\": log_format: must be one text, and this is a list\n"},
      {"rules: [{name: a, pattern: x, fields: {b: {type: int, list: mean}}}]\n",
       "r.yaml:1:61: rule \"a\": field \"b\": list: cannot be \"mean\" (known here: sum)\n"},
      {"rules: [{name: a, pattern: x, fields: {b: {list: sum}}}]\n",
       "r.yaml:1:50: rule \"a\": field \"b\": list: is for fields that are numbers\n"},
      {"rules: [{name: a, pattern: x, fields: {b: {type: int, count: c}}}]\n",
       "r.yaml:1:62: rule \"a\": field \"b\": count: needs `list: sum` beside it\n"},
      {"rules: [{name: a, json: true, from: x}]\n",
       "r.yaml:1:37: rule \"a\": from: names the key that a pattern is matched against, and this "
       "rule has `json: true`\n"},
      {"rules:\n  - name: a\n    patern: x\n",
       "r.yaml:2:5: rule \"a\" needs `pattern:`, or `log_format:`, `json: true`, `logfmt: true`, "
       "or "
       "`extends:` with a rule that has one\n"
       "r.yaml:3:5: rule \"a\" has an unknown key \"patern\" (did you mean \"pattern\"?)\n"},
      {"rules: [{name: a, pattern: [x]}]\n",
       "r.yaml:1:28: rule \"a\": pattern: must be one text, and this is a list\n"},
      {"rules: [{name: a, pattern: ''}]\n", "r.yaml:1:28: rule \"a\": pattern: is empty\n"},
      {"rules:\n- name: a\n  pattern:\n  from: x\n",
       "r.yaml:4:3: rule \"a\": pattern: has no value; write null in quotes if the word is "
       "meant\n"},
      {"rules: [{name: a, json: true}, {name: a, json: true}]\n",
       "r.yaml:1:32: rule \"a\" is already in r.yaml:1:9; names are unique over all files\n"},
      {"rules: [{name: a, extends: b}]\n",
       "r.yaml:1:28: rule \"a\" extends \"b\", and there is no such rule\n"},
      {"rules: [{name: acess, json: true}, {name: b, extends: access}]\n",
       "r.yaml:1:55: rule \"b\" extends \"access\", and there is no such rule (did you mean "
       "\"acess\"?)\n"},
      {"rules: [{name: a, extends: a}]\n",
       "r.yaml:1:28: rule \"a\" extends \"a\", which is itself\n"},
      {"rules: [{name: a, extends: b}, {name: b, extends: c}, {name: c, extends: a}]\n",
       "r.yaml:1:74: rule \"c\" extends \"a\", which in the end extends \"c\"\n"},
      {"rules: [{name: a, json: true}, {name: b, extends: a, from: x}]\n",
       "r.yaml:1:32: rule \"b\" has `from:`, but the rule it extends has no pattern\n"},
      {"rules: [{name: a, json: true, event: requests}]\n",
       "r.yaml:1:38: rule \"a\": event: cannot be \"requests\" (did you mean \"request\"?)\n"},
      {"rules: [{name: a, json: true, when: x}]\n",
       "r.yaml:1:37: rule \"a\": when: must be a mapping (field: value)\n"},
      {"rules: [{name: a, json: true, when: {x: }}]\n",
       "r.yaml:1:41: rule \"a\": when: \"x\" has no value; write null in quotes if the word is "
       "meant\n"},
      {"rules: [{name: a, json: true, when: {x: []}}]\n",
       "r.yaml:1:41: rule \"a\": when: \"x\" is empty\n"},
      {"rules: [{name: a, json: true, when: {x: [b, '*']}}]\n",
       "r.yaml:1:45: rule \"a\": when: \"x\": '*' means that the field is there, and stands "
       "alone\n"},
      {"rules: [{name: a, json: true, when: {x: {y: z}}}]\n",
       "r.yaml:1:41: rule \"a\": when: \"x\" must be one text, and this is a mapping\n"},
      {"rules: [{name: a, json: true, timestamp: []}]\n",
       "r.yaml:1:42: rule \"a\": timestamp: is an empty list\n"},
      {"rules: [{name: a, json: true, timestamp: [x, x]}]\n",
       "r.yaml:1:46: rule \"a\": timestamp: names \"x\" twice\n"},
      {"rules: [{name: a, json: true, fields: [x]}]\n",
       "r.yaml:1:39: rule \"a\": fields: must be a mapping (name: {type: …}), and this is a "
       "list\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: integer}}}]\n",
       "r.yaml:1:50: rule \"a\": field \"x\": type: cannot be \"integer\" (did you mean "
       "\"int\"?)\n"},
      {"rules: [{name: a, json: true, fields: {x: strin}}]\n",
       "r.yaml:1:43: rule \"a\": field \"x\": type: cannot be \"strin\" (did you mean "
       "\"string\"?)\n"},
      {"rules: [{name: a, json: true, fields: {x: [int]}}]\n",
       "r.yaml:1:43: rule \"a\": field \"x\" must be a mapping (key: value), and this is a "
       "list\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: int, format: clf}}}]\n",
       "r.yaml:1:63: rule \"a\": field \"x\": format: is for fields of type time only\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: time, format: iso}}}]\n",
       "r.yaml:1:64: rule \"a\": field \"x\": format: cannot be \"iso\" (known here: clf, "
       "rfc3339, "
       "epoch, epoch_ms, or a strptime format with %)\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: time, format: '%H:%M'}}}]\n",
       "r.yaml:1:64: rule \"a\": field \"x\": format: the time format has no year (%Y, %y, %F or "
       "%s), so it names no moment\n"},
      {"rules: [{name: a, json: true, fields: {x: {unit: s}}}]\n",
       "r.yaml:1:50: rule \"a\": field \"x\": unit: is for fields of type duration or bytes "
       "only\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: duration, unit: sec}}}]\n",
       "r.yaml:1:66: rule \"a\": field \"x\": unit: cannot be \"sec\" (known here: ns, us, ms, "
       "s, "
       "m, h)\n"},
      {"rules: [{name: a, json: true, fields: {x: {type: int, default: none}}}]\n",
       "r.yaml:1:64: rule \"a\": field \"x\": default: must be a whole number, as the type says, "
       "and this is \"none\"\n"},
      {"rules: [{name: a, json: true, fields: {x: {nul: '-'}}}]\n",
       "r.yaml:1:44: rule \"a\": field \"x\" has an unknown key \"nul\" (did you mean "
       "\"null\"?)\n"},
      {"rules: [{name: a, json: true, fields: {x: {as: y}, y: int}}]\n",
       "r.yaml:1:52: rule \"a\": the field \"y\" has another type in r.yaml:1:40\n"},
      {"rules: [{name: a, json: true, examples: [x]}]\n",
       "r.yaml:1:42: rule \"a\": example 1 must be a mapping (key: value), and this is a text\n"},
      {"rules: [{name: a, json: true, examples: [{record: {}}]}]\n",
       "r.yaml:1:42: rule \"a\": example 1 needs `line:`, the line that the rule must match\n"},
      {"rules: [{name: a, json: true, examples: [{line: x, record: y}]}]\n",
       "r.yaml:1:60: rule \"a\": example 1: record: must be a mapping (field: value), and this "
       "is "
       "a text\n"},
      {"rules:\n- name: a\n  json: true\n  examples:\n  - line: |\n      x\n  - line: "
       "\"x\\ny\"\n",
       "r.yaml:5:11: rule \"a\": example 1: line: ends with a line break; write |- instead of |\n"
       "r.yaml:7:11: rule \"a\": example 2: line: has several lines, but the rule is not "
       "`multiline: true`\n"},
      {"rules: [{name: a, json: true, not: [{a: b}, \"x\\ny\"]}]\n",
       "r.yaml:1:37: rule \"a\": an item of not: must be one text, and this is a mapping\n"
       "r.yaml:1:45: rule \"a\": an item of not: has several lines, but the rule is not "
       "`multiline: true`\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Faults(row.text) == row.faults);
  }
}

TEST_CASE("ReadRules says what is wrong with a metric, and where") {
  struct Row {
    const char* metrics;  // behind "metrics: ", which ends in column 9
    const char* faults;
  };
  const Row rows[] = {
      {"[{}]",
       "r.yaml:1:11: a metric needs `name:`, the name on /metrics\n"
       "r.yaml:1:11: a metric needs `kind:`, counter, gauge, histogram, summary, info or "
       "stateset\n"
       "r.yaml:1:11: a metric needs `help:`, one sentence for those who read /metrics\n"},
      {"[{name: a_total, kind: count, help: h}]",
       "r.yaml:1:33: metric \"a_total\": kind: cannot be \"count\" (did you mean \"counter\"?)\n"},
      {"[{name: a, kind: counter, help: h}]",
       "r.yaml:1:18: metric \"a\": a counter's name ends in _total; write a_total\n"},
      {"[{name: a_total, kind: gauge, help: h, value: v}]",
       "r.yaml:1:18: metric \"a_total\": only the name of a counter ends in _total\n"},
      {"[{name: a_count, kind: gauge, help: h, value: v}]",
       "r.yaml:1:18: metric \"a_count\": names that end in _count belong to the parts of a "
       "histogram\n"},
      {"[{name: 1a_total, kind: counter, help: h}]",
       "r.yaml:1:18: metric \"1a_total\": a metric's name is made of letters, digits and _, and "
       "does not begin with a digit\n"},
      {"[{name: 'a:b_total', kind: counter, help: h}]",
       "r.yaml:1:18: metric \"a:b_total\": a : in a metric's name is for recording rules\n"},
      {"[{name: parshall_x_total, kind: counter, help: h}]",
       "r.yaml:1:18: metric \"parshall_x_total\": names that begin with parshall_ or process_ "
       "belong to the program itself\n"},
      {"[{name: process_x_total, kind: counter, help: h}]",
       "r.yaml:1:18: metric \"process_x_total\": names that begin with parshall_ or process_ "
       "belong to the program itself\n"},
      {"[{name: a_total, kind: counter, help: h, op: add, buckets: [1]}]",
       "r.yaml:1:55: metric \"a_total\": op: is for gauges, and for counters with "
       "`value:`\n"
       "r.yaml:1:69: metric \"a_total\": buckets: are for histograms only\n"},
      {"[{name: a, kind: gauge, help: h, op: avg}]",
       "r.yaml:1:11: metric \"a\" needs `value:`, the field that the gauge takes\n"
       "r.yaml:1:47: metric \"a\": op: cannot be \"avg\" (known here: set, add, min, max, last)\n"},
      {"[{name: a, kind: histogram, help: h}]",
       "r.yaml:1:11: metric \"a\" needs `value:`, the field that is observed\n"
       "r.yaml:1:11: metric \"a\" needs `buckets:`, the upper bounds in ascending order\n"},
      {"[{name: a, kind: histogram, help: h, value: v, buckets: [1, 1, x, +Inf, '3', 2, nan, "
       "1e999]}]",
       "r.yaml:1:70: metric \"a\": buckets: must ascend, and 1 does not\n"
       "r.yaml:1:73: metric \"a\": buckets: \"x\" is not a number\n"
       "r.yaml:1:76: metric \"a\": buckets: +Inf is always there and is not written\n"
       "r.yaml:1:82: metric \"a\": buckets: \"3\" is not a number\n"
       "r.yaml:1:90: metric \"a\": buckets: \"nan\" is not a number\n"
       "r.yaml:1:95: metric \"a\": buckets: \"1e999\" is not a number\n"},
      {"[{name: a, kind: histogram, help: h, value: v, buckets: []}]",
       "r.yaml:1:66: metric \"a\": buckets: must be a list of numbers\n"},
      {"[{name: a, kind: histogram, help: h, value: v, buckets: [1], labels: {le: x, __a: x, 1a: "
       "x, "
       "b: []}}]",
       "r.yaml:1:80: metric \"a\": label \"le\": le is the label of a histogram's buckets\n"
       "r.yaml:1:87: metric \"a\": label \"__a\": names that begin with __ belong to Prometheus\n"
       "r.yaml:1:95: metric \"a\": label \"1a\": a label's name is made of letters, digits and _, "
       "and does not begin with a digit\n"
       "r.yaml:1:105: metric \"a\": label \"b\" must be a mapping (key: value), and this is a "
       "list\n"},
      {"[{name: a_total, kind: counter, help: h, labels: {x: {}, y: {field: f, text: t}}}]",
       "r.yaml:1:63: metric \"a_total\": label \"x\" needs either `field:` or `text:`\n"
       "r.yaml:1:70: metric \"a_total\": label \"y\" needs either `field:` or `text:`\n"},
      {"[{name: a_total, kind: counter, help: h, labels: {x: {text: t, limit: 3}}}]",
       "r.yaml:1:80: metric \"a_total\": label \"x\": limit: is for labels from a field, and this "
       "one is a constant\n"},
      {"[{name: a_total, kind: counter, help: h, labels: {x: {field: t, limit: 0}}}]",
       "r.yaml:1:81: metric \"a_total\": label \"x\": limit: must be a whole number from 1 to "
       "1000000, and this is \"0\"\n"},
      {"[{name: a_total, kind: counter, help: h, labels: [x]}]",
       "r.yaml:1:59: metric \"a_total\": labels: must be a mapping (label: field), and this is a "
       "list\n"},
      {"[{name: a_total, kind: counter, help: h, rules: [acess]}]",
       "r.yaml:1:11: metric \"a_total\": rules: there is no rule \"acess\"\n"},
      {"[{name: a_total, kind: counter, help: [h], event: x}]",
       "r.yaml:1:48: metric \"a_total\": help: must be one text, and this is a list\n"
       "r.yaml:1:60: metric \"a_total\": event: cannot be \"x\" (known here: log, request)\n"},
      {"[{name: a_total, kind: counter, help: h, label: {}}]",
       "r.yaml:1:51: metric \"a_total\" has an unknown key \"label\" (did you mean \"labels\"?)\n"},
  };
  for (const Row& row : rows) {
    INFO(row.metrics);
    CHECK(Faults("metrics: " + std::string(row.metrics)) == row.faults);
  }
}

TEST_CASE("ReadRules refuses two metrics of one name that do not agree") {
  const std::string nginx =
      "metrics:\n"
      "  - {name: x, kind: gauge, help: h, value: v, labels: {a: f, b: f}}\n"
      "  - {name: y, kind: histogram, help: h, value: v, buckets: [1, 2]}\n";
  struct Row {
    const char* metric;
    const char* fault;  // empty: they agree
  };
  const Row rows[] = {
      {"{name: x, kind: gauge, help: h, value: w, op: add, labels: {b: g, a: {text: t}}}", ""},
      {"{name: x, kind: gauge, help: other, value: v, labels: {a: f, b: f}}",
       "metric \"x\" has another help here than in nginx.yaml:2:5"},
      {"{name: x, kind: gauge, help: h, value: v, labels: {a: f}}",
       "metric \"x\" has the labels a here and a, b in nginx.yaml:2:5"},
      {"{name: x, kind: histogram, help: h, value: v, buckets: [1]}",
       "metric \"x\" is a histogram here and a gauge in nginx.yaml:2:5"},
      {"{name: y, kind: histogram, help: h, value: v, buckets: [1]}",
       "metric \"y\" has other buckets here than in nginx.yaml:3:5"},
      {"{name: x_total, kind: counter, help: h}",
       "metric \"x_total\" and the gauge \"x\" in nginx.yaml:2:5 would both expose the name x"},
      {"{name: y_created, kind: gauge, help: h, value: v}",
       "metric \"y_created\" and the histogram \"y\" in nginx.yaml:3:5 would both expose the name "
       "y_created"},
  };
  for (const Row& row : rows) {
    INFO(row.metric);
    const std::string wanted =
        *row.fault == 0 ? "" : "b.yaml:1:11: " + std::string(row.fault) + "\n";
    CHECK(Faults({RuleFile{"nginx.yaml", nginx},
                  RuleFile{"b.yaml", "metrics: [" + std::string(row.metric) + "]"}}) == wanted);
  }
}

TEST_CASE("ReadRules puts the labels of metrics of one name into one order") {
  const RuleSet set = Rules(
      "metrics:\n"
      "  - {name: x, kind: gauge, help: h, value: v, labels: {a: f, b: f}}\n"
      "  - {name: x, kind: gauge, help: h, value: v, labels: {b: q, a: p}}\n");
  REQUIRE(set.metrics.size() == 2);
  CHECK(set.metrics[1].labels[0].name == "a");
  CHECK(set.metrics[1].labels[0].field == "p");
  CHECK(set.metrics[1].labels[1].field == "q");
}

TEST_CASE("ReadRules resolves names across files, whatever their order") {
  const ReadOutcome outcome =
      ReadRules({RuleFile{"a.yaml",
                          "rules: [{name: c, extends: b}]\n"
                          "metrics: [{name: n_total, kind: counter, help: h, rules: d}]"},
                 RuleFile{"b.yaml", "rules: [{name: b, extends: d, fields: {y: float}}]"},
                 RuleFile{"d.yaml", "rules: [{name: d, pattern: x, fields: {x: int, y: int}}]"}});
  REQUIRE(outcome.faults.empty());
  REQUIRE(outcome.rules.rules.size() == 3);
  const RuleSpec& c = outcome.rules.rules[0];
  CHECK(c.pattern == "x");
  CHECK(c.pattern_where.ToString() == "d.yaml:1:28");
  REQUIRE(c.fields.size() == 2);
  CHECK(c.fields[1].type == FieldType::kFloat);
  CHECK(c.fields[1].where.file == "b.yaml");
}

TEST_CASE("ReadRules reports the faults of all files at once") {
  CHECK(
      Faults({RuleFile{"a.yaml", "rules: [{name: a, xyz: true, json: true}]"},
              RuleFile{"b.yaml", "a: b: c"},
              RuleFile{"c.yaml", "rules: [{name: a, json: true, events: x}]"}}) ==
      "a.yaml:1:19: rule \"a\" has an unknown key \"xyz\" (known here: name, extends, pattern, "
      "log_format, json, logfmt, from, when, event, multiline, fallback, drop, dedupe, timestamp, "
      "fields, transforms, sample, examples, not)\n"
      "b.yaml:1:5: a \": \" is not allowed here; is the indentation right, or are quotes "
      "missing?\n"
      "c.yaml:1:9: rule \"a\" is already in a.yaml:1:9; names are unique over all files\n"
      "c.yaml:1:31: rule \"a\" has an unknown key \"events\" (did you mean \"event\"?)\n");
}

TEST_CASE("ReadRules bounds what a file can ask for") {
  const auto list = [](size_t count, const std::string& item) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += item;
    return text;
  };
  CHECK(Faults("rules: [" + list(1001, "{},") + "]") ==
        "r.yaml:1:8: more than 1000 rules in all files together\n");
  CHECK(Faults("metrics: [" + list(1001, "{},") + "]") ==
        "r.yaml:1:10: more than 1000 metrics in all files together\n");
  std::string fields;
  for (int i = 0; i < 257; ++i) fields += "f" + std::to_string(i) + ": int,";
  CHECK(Faults("rules: [{name: a, json: true, fields: {" + fields + "}}]") ==
        "r.yaml:1:39: rule \"a\": more than 256 fields\n");
  CHECK(Faults("rules: [{name: a, pattern: " + std::string(40'000, 'x') + "}]") ==
        "r.yaml:1:28: rule \"a\": the pattern is longer than 32768 bytes\n");
  // A thousand rules, each resting on the one before.
  std::string chain = "rules:\n- {name: r0, json: true, fields: {x: int}}\n";
  for (int i = 1; i < 1000; ++i) {
    chain += "- {name: r" + std::to_string(i) + ", extends: r" + std::to_string(i - 1) + "}\n";
  }
  CHECK(Faults(chain).empty());
  // Many unknown keys are quick, and are not all listed.
  std::string unknown = "rules: [{name: a, json: true,";
  for (int i = 0; i < 40'000; ++i) unknown += "patter" + std::to_string(i) + ": 1,";
  const ReadOutcome outcome = ReadRules({RuleFile{"r.yaml", unknown + "}]"}});
  CHECK(outcome.faults.size() == 101);
}

// No prefix and no flipped byte of a good file may crash the reader; what it accepts must be
// bounded by what stands there.
TEST_CASE("ReadRules survives every prefix and random damage") {
  const std::string good = kAccess;
  size_t accepted = 0;
  for (size_t size = 0; size <= good.size(); ++size) {
    const ReadOutcome outcome = ReadRules({RuleFile{"r.yaml", good.substr(0, size)}});
    CHECK(outcome.rules.rules.size() <= 3);
    accepted += outcome.faults.empty();
  }
  CHECK(accepted > 0);
  CHECK(accepted < good.size());
  uint64_t random = 88172645463325252ULL;  // xorshift64, so that a failure can be repeated
  const auto next = [&random](size_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<size_t>(random % below);
  };
  constexpr std::string_view kNasty = "'\"{}[],:-?&*!|>%@`#\\ \n\t\r0~<";
  size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    const size_t flips = 1 + next(4);
    for (size_t i = 0; i < flips; ++i) {
      const size_t at = next(text.size());
      switch (next(4)) {
        case 0:
          text[at] = static_cast<char>(next(256));
          break;
        case 1:
          text[at] = kNasty[next(kNasty.size())];
          break;
        case 2:
          text.erase(at, 1 + next(40));
          break;
        default:
          text.insert(at, std::string(1 + next(3), kNasty[next(kNasty.size())]));
      }
    }
    const ReadOutcome outcome = ReadRules({RuleFile{"r.yaml", text}});
    refused += !outcome.faults.empty();
    for (const Error& fault : outcome.faults) {
      if (fault.what.empty() || !fault.where.starts_with("r.yaml")) FAIL_CHECK(fault.ToString());
    }
  }
  CHECK(refused > 1000);
}

}  // namespace
}  // namespace parshall::rules
