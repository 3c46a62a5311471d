#include "rules/reader_transform.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "rules/lint.h"
#include "rules/reader.h"

namespace parshall::rules {
namespace {

// `text` stands behind "rules: [{name: a, json: true, ", whose last column is 30.
ReadOutcome Read(const std::string& text) {
  return ReadRules({RuleFile{"r.yaml", "rules: [{name: a, json: true, " + text + "}]\n"}});
}

std::string Faults(const std::string& text) {
  std::string all;
  for (const Error& error : Read(text).faults) all += error.ToString() + "\n";
  return all;
}

TEST_CASE("ReadTransforms reads every word of a transform") {
  ::setenv("PARSHALL_TEST_SITE", "shop", 1);
  const ReadOutcome read = Read(
      "transforms: [{keep: {status: '*', method: [GET, HEAD]}, reason: odd},"
      " {drop: {path: {match: '^/h'}, took: {min: 0.5, max: 2}}, reason: health},"
      " {rename: {x: y, z: w}}, {remove: [p, q]}, {remove: r},"
      " {add: {site: '${PARSHALL_TEST_SITE}', at: 'a$$b'}},"
      " {redact: {field: [f, g], match: 'x(\\d)', with: ''}},"
      " {redact: {field: f, preset: card}}, {redact: {field: f, preset: ip, ipv4: 16, ipv6: 32}},"
      " {split: u}, {split: {field: u, host: h, path: u, query: q2, params: {a: b}}},"
      " {split: {field: u, params: [c]}}], sample: {one_in: 10, by: id}");
  REQUIRE(read.faults.empty());
  const RuleSpec& rule = read.rules.rules[0];
  const std::vector<TransformSpec>& steps = rule.transforms;
  REQUIRE(steps.size() == 12);
  CHECK(steps[0].kind == TransformKind::kKeep);
  CHECK(steps[0].tests[0].values.empty());
  CHECK(steps[0].tests[1].values == std::vector<std::string>{"GET", "HEAD"});
  CHECK(steps[0].reason == "odd");
  CHECK(steps[1].tests[0].match == "^/h");
  CHECK(steps[1].tests[1].min == 0.5);
  CHECK(steps[1].tests[1].max == 2);
  CHECK(steps[2].fields[1].name == "z");
  CHECK(steps[2].fields[1].text == "w");
  CHECK(steps[3].fields.size() == 2);
  CHECK(steps[4].fields[0].name == "r");
  CHECK(steps[5].fields[0].text == "shop");
  CHECK(steps[5].fields[1].text == "a$b");
  CHECK(steps[6].preset == RedactPreset::kExpression);
  CHECK(steps[6].with.empty());
  CHECK(steps[7].with == "[card]");
  CHECK(steps[8].ipv4_bits == 16);
  CHECK(steps[8].ipv6_bits == 32);
  CHECK(steps[9].path_as == "url_path");
  CHECK(steps[9].query_as == "url_query");
  CHECK(steps[10].host_as == "h");
  CHECK(steps[10].path_as == "u");
  CHECK(steps[10].params[0].text == "b");
  CHECK(steps[11].path_as.empty());
  CHECK(steps[11].params[0].text == "c");
  REQUIRE(rule.sample);
  CHECK(rule.sample->one_in == 10);
  CHECK(rule.sample->by == "id");
}

TEST_CASE("ReadTransforms says what is wrong, and where") {
  struct Row {
    const char* text;
    const char* faults;
  };
  const Row rows[] = {
      {"transforms: {drop: {a: b}}",
       "r.yaml:1:43: rule \"a\": transforms: must be a list (- drop: …), and this is a mapping\n"},
      {"transforms: [x]",
       "r.yaml:1:44: rule \"a\": transform 1 must be a mapping (key: value), and this is a text\n"},
      {"transforms: [{dorp: {a: b}, reason: r}]",
       "r.yaml:1:44: rule \"a\": transform 1 needs one of keep, drop, rename, remove, add, "
       "redact, split and user_agent\n"
       "r.yaml:1:45: rule \"a\": transform 1 has an unknown key \"dorp\" (did you mean "
       "\"drop\"?)\n"},
      {"transforms: [{drop: {a: b}, remove: c, reason: r}]",
       "r.yaml:1:44: rule \"a\": transform 1 has several words; each is a step of its own, since "
       "their order counts\n"},
      {"transforms: [{drop: {a: b}}]",
       "r.yaml:1:44: rule \"a\": transform 1 needs `reason:`, a word for the count of what is "
       "dropped\n"},
      {"transforms: [{drop: {a: b}, reason: Not a word}]",
       "r.yaml:1:67: rule \"a\": transform 1: reason: is a label's value: up to 64 small letters, "
       "digits and _\n"},
      {"transforms: [{drop: path, reason: r}]",
       "r.yaml:1:51: rule \"a\": transform 1: drop: must be a mapping of tests (field: value)\n"},
      {"transforms: [{keep: {}, reason: r}]",
       "r.yaml:1:51: rule \"a\": transform 1: keep: must be a mapping of tests (field: value)\n"},
      {"transforms: [{keep: {a: []}, reason: r}]",
       "r.yaml:1:55: rule \"a\": transform 1: the test of \"a\" is an empty list\n"},
      {"transforms: [{keep: {a: [b, '*']}, reason: r}]",
       "r.yaml:1:55: rule \"a\": transform 1: the test of \"a\": '*' means that the field is "
       "there, "
       "and stands alone\n"},
      {"transforms: [{keep: {a: {}}, reason: r}]",
       "r.yaml:1:55: rule \"a\": transform 1: the test of \"a\" needs `match:`, `min:` or "
       "`max:`\n"},
      {"transforms: [{keep: {a: {match: x, min: 1}}, reason: r}]",
       "r.yaml:1:55: rule \"a\": transform 1: the test of \"a\" has either `match:` or `min:` and "
       "`max:`\n"},
      {"transforms: [{keep: {a: {min: 'ten'}}, reason: r}]",
       "r.yaml:1:61: rule \"a\": transform 1: the test of \"a\": min: must be a number\n"},
      {"transforms: [{keep: {a: {min: 5, max: 1}}, reason: r}]",
       "r.yaml:1:69: rule \"a\": transform 1: the test of \"a\": max: is below min:, so nothing "
       "passes\n"},
      {"transforms: [{keep: {a: {minn: 5}}, reason: r}]",
       "r.yaml:1:55: rule \"a\": transform 1: the test of \"a\" needs `match:`, `min:` or `max:`\n"
       "r.yaml:1:56: rule \"a\": transform 1: the test of \"a\" has an unknown key \"minn\" (did "
       "you "
       "mean \"min\"?)\n"},
      {"transforms: [{rename: a}]",
       "r.yaml:1:53: rule \"a\": transform 1: rename: must be a mapping (name: name)\n"},
      {"transforms: [{rename: {a: a}}]",
       "r.yaml:1:57: rule \"a\": transform 1: rename: \"a\" is its name already\n"},
      {"transforms: [{rename: {a: [b]}}]",
       "r.yaml:1:57: rule \"a\": transform 1: rename: \"a\" must be one text, and this is a "
       "list\n"},
      {"transforms: [{rename: {a: '@timestamp'}}]",
       "r.yaml:1:57: rule \"a\": transform 1: every record has its @timestamp; it stays as it "
       "is\n"},
      {"transforms: [{remove: ['@timestamp']}]",
       "r.yaml:1:54: rule \"a\": transform 1: every record has its @timestamp; it stays as it "
       "is\n"},
      {"transforms: [{remove: []}]",
       "r.yaml:1:53: rule \"a\": transform 1: remove: is an empty list\n"},
      {"transforms: [{remove: [a, a]}]",
       "r.yaml:1:57: rule \"a\": transform 1: remove: names \"a\" twice\n"},
      {"transforms: [{add: {a: '${PARSHALL_TEST_NOT_SET}'}}]",
       "r.yaml:1:54: the environment variable PARSHALL_TEST_NOT_SET is not set; "
       "${PARSHALL_TEST_NOT_SET:-default} gives it a default\n"},
      {"transforms: [{add: {a: {b: c}}}]",
       "r.yaml:1:54: rule \"a\": transform 1: add: \"a\" must be one text, and this is a "
       "mapping\n"},
      {"transforms: [{redact: a}]",
       "r.yaml:1:53: rule \"a\": transform 1: redact must be a mapping (key: value), and this is a "
       "text\n"},
      {"transforms: [{redact: {preset: email}}]",
       "r.yaml:1:53: rule \"a\": transform 1: redact needs `field:`, the field or a list of "
       "fields\n"},
      {"transforms: [{redact: {field: a}}]",
       "r.yaml:1:53: rule \"a\": transform 1: redact needs either `match:`, an expression, or "
       "`preset:`, one of query_secrets, email, card and ip\n"},
      {"transforms: [{redact: {field: a, preset: emails}}]",
       "r.yaml:1:72: rule \"a\": transform 1: redact: preset: cannot be \"emails\" (did you mean "
       "\"email\"?)\n"},
      {"transforms: [{redact: {field: a, preset: ip, with: x}}]",
       "r.yaml:1:82: rule \"a\": transform 1: redact: with: is not for addresses, which are cut to "
       "their network (`ipv4:` and `ipv6:` say how far)\n"},
      {"transforms: [{redact: {field: a, preset: email, ipv4: 8}}]",
       "r.yaml:1:85: rule \"a\": transform 1: redact: ipv4: is for `preset: ip` only\n"},
      {"transforms: [{redact: {field: a, preset: ip, ipv4: 33}}]",
       "r.yaml:1:82: rule \"a\": transform 1: redact: ipv4: must be a whole number from 0 to 32, "
       "and this is \"33\"\n"},
      {"transforms: [{split: {params: [a]}}]",
       "r.yaml:1:52: rule \"a\": transform 1: split needs `field:`, the field that holds the "
       "URL\n"},
      {"transforms: [{split: {field: a, pth: b}}]",
       "r.yaml:1:63: rule \"a\": transform 1: split has an unknown key \"pth\" (did you mean "
       "\"path\"?)\n"},
      {"transforms: [{user_agent: {major: a}}]",
       "r.yaml:1:57: rule \"a\": transform 1: user_agent needs `field:`, the field that holds the "
       "agent\n"},
      {"transforms: [{user_agent: {field: a, familly: b}}]",
       "r.yaml:1:68: rule \"a\": transform 1: user_agent has an unknown key \"familly\" (did you "
       "mean \"family\"?)\n"},
      {"sample: 10",
       "r.yaml:1:39: rule \"a\": sample must be a mapping (key: value), and this is a text\n"},
      {"sample: {by: id}",
       "r.yaml:1:39: rule \"a\": sample needs `one_in:`, how many records there are for one that "
       "is "
       "written\n"},
      {"sample: {one_in: 0}",
       "r.yaml:1:48: rule \"a\": sample: one_in: must be a whole number from 1 to 2147483647, and "
       "this is \"0\"\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Faults(row.text) == row.faults);
  }
}

TEST_CASE("Lint knows which fields the transforms leave") {
  const auto warnings = [](const std::string& transforms, const std::string& field) {
    const ReadOutcome read = ReadRules(
        {RuleFile{"r.yaml",
                  "rules:\n- {name: a, pattern: '^(?P<x>.)(?P<u>.*)$', examples: [{line: ab}], "
                  "transforms: [" +
                      transforms +
                      "]}\nmetrics:\n"
                      "- {name: m_total, kind: counter, help: h., labels: {l: {field: " +
                      field + ", limit: 9}}}\n"}});
    REQUIRE(read.faults.empty());
    return Lint(read.rules).size();
  };
  CHECK(warnings("{rename: {x: y}}", "y") == 0);
  CHECK(warnings("{rename: {x: y}}", "x") == 1);
  CHECK(warnings("{remove: x}", "x") == 2);  // and it need not have been taken
  CHECK(warnings("{add: {z: '1'}}", "z") == 0);
  CHECK(warnings("{split: u}", "url_query") == 0);
  CHECK(warnings("{user_agent: u}", "agent_os") == 0);
  CHECK(warnings("{user_agent: {field: u, device: d}}", "d") == 0);
  CHECK(warnings("{user_agent: {field: u, device: d}}", "agent_os") == 1);
  CHECK(warnings("{split: {field: u, host: h, params: [p]}}", "p") == 0);
  CHECK(warnings("{split: {field: u, host: h}}", "url_path") == 1);
}

}  // namespace
}  // namespace parshall::rules
