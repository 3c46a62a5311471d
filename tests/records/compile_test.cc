#include "records/compile.h"

#include <catch2/catch.hpp>

#include "tests/records/kit.h"

namespace parshall::records {
namespace {

std::string FaultsOf(const std::string& yaml, const std::vector<std::string>& wanted = {}) {
  const CompileOutcome outcome = CompileRules(testing::RulesOf(yaml), wanted);
  REQUIRE((outcome.program == nullptr) == !outcome.faults.empty());
  return testing::ShowFaults(outcome.faults);
}

std::string FieldNames(const CompiledRule& rule) {
  std::string names;
  for (const FieldInfo& field : rule.fields) {
    names += (names.empty() ? "" : " ") + field.name + (field.in_record ? "" : "*");
  }
  return names;
}

}  // namespace

TEST_CASE("Every fault of the expressions is found, with its place") {
  const std::string faults = FaultsOf(R"yaml(
rules:
  - name: one
    pattern: '^(?P<a>x)(?=y)$'
  - name: two
    pattern: '^(?P<a>x) (?P<a>y)$'
  - name: three
    pattern: '^(?P<a>x)$'
    when: {nowhere: y}
    timestamp: [missing]
    fields:
      slip: int
)yaml");
  CHECK(faults ==
        "test.yaml:4:15: RE2 cannot do look-ahead (?=…), found at byte 10 of the pattern: (?=y)$\n"
        "test.yaml:6:15: two groups of the pattern are called \"a\"; give each its own name, and "
        "one `as:` if they are one field\n"
        "test.yaml:12:7: rule \"three\" declares the field \"slip\", but its pattern has no group "
        "(?P<slip>…)\n"
        "test.yaml:9:12: rule \"three\" has a condition on \"nowhere\", but no field of that "
        "name\n"
        "test.yaml:7:5: rule \"three\" takes its timestamp from \"missing\", but has no field of "
        "that name\n");
}

TEST_CASE("Parts of a request are fields that a rule may name") {
  CHECK(FaultsOf(R"yaml(
rules:
  - name: r
    pattern: '^"(?P<request>[^"]*)"$'
    when: {method: GET}
    fields:
      request: http_request
      method: {as: verb}
      path: {record: false}
)yaml") == "test.yaml:5:12: rule \"r\" has a condition on \"method\", but no field of that name\n");
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^"(?P<request>[^"]*)"$'
    when: {verb: GET}
    fields:
      request: http_request
      method: {as: verb}
      path: {record: false}
)yaml");
  CHECK(FieldNames(program->rules[0]) == "request verb path* protocol");
}

TEST_CASE("Fallback rules come last, all others keep their order") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - {name: f1, fallback: true, pattern: a}
  - {name: n1, pattern: b}
  - {name: f2, fallback: true, json: true}
  - {name: n2, pattern: c}
)yaml");
  std::string order;
  for (const CompiledRule& rule : program->rules) order += rule.name + " ";
  CHECK(order == "n1 n2 f1 f2 ");
}

TEST_CASE("Fields stand in the order of the pattern, alternatives share one") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - name: r
    pattern: '^(?P<b>\d+) (?:(?P<us>\d+)us|(?P<ms>\d+)ms) (?P<a>.*)$'
    fields:
      us: {type: duration, unit: us, as: took}
      ms: {type: duration, unit: ms, as: took}
      a: {record: false}
)yaml");
  const CompiledRule& rule = program->rules[0];
  CHECK(FieldNames(rule) == "b took a*");
  REQUIRE(rule.recipes.size() == 4);
  CHECK(rule.recipes[1].slot == rule.recipes[2].slot);
  CHECK(rule.fields[1].type == rules::FieldType::kDuration);
}

TEST_CASE("Keys that anybody asks for are looked up, each once") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - name: parsed
    json: true
    when: {logger: x, level: '*'}
    timestamp: [ts, time]
    fields:
      status: int
  - name: nested
    pattern: '^(?P<code>\d+)$'
    from: event
    when: {logger: x}
  - name: text
    pattern: '^(?P<code>\d+) (?P<logger>\w+)$'
    when: {logger: x}
)yaml",
                                          {"status", "code", "deep.key"});
  CHECK(program->any_json);
  CHECK(program->keys == std::vector<std::string>{"@timestamp", "source", "status", "code",
                                                  "deep.key", "ts", "time", "logger", "level",
                                                  "event"});
  CHECK(FieldNames(program->rules[0]) == "status* code* deep.key* ts* time*");
  // What the pattern finds stands in the record; what is only counted does not.
  CHECK(FieldNames(program->rules[1]) == "code status* deep.key*");
  CHECK(program->rules[0].key_conditions.size() == 2);
  CHECK(program->rules[2].key_conditions.empty());
  CHECK(program->rules[2].field_conditions.size() == 1);
  for (size_t key = 0; key < program->keys.size(); ++key) {
    const auto& bucket = program->key_buckets[KeyBucket(program->keys[key])];
    CHECK(std::count(bucket.begin(), bucket.end(), key) == 1);
  }
}

TEST_CASE("A rule says how it will run and why") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - {name: planned, pattern: '^(?P<a>[^ ]*) (?P<b>\d+)$'}
  - {name: anywhere, pattern: 'a(?P<b>\d+)'}
  - {name: flags, pattern: '^(?i)abc'}
  - {name: event, json: true}
)yaml");
  CHECK(program->rules[0].plan);
  CHECK(program->rules[0].why_no_plan.empty());
  CHECK_FALSE(program->rules[1].plan);
  CHECK(program->rules[1].why_no_plan == "the expression is not anchored at the start with ^");
  CHECK_FALSE(program->rules[2].plan);
  CHECK(program->rules[2].why_no_plan == "flags like (?i) at byte 2");
  CHECK(program->rules[3].regex == nullptr);
}

TEST_CASE("By its first byte a line is kept from rules that cannot match it, and from no other") {
  const auto program = testing::ProgramOf(R"yaml(
rules:
  - {name: digit, pattern: '^\d+ '}
  - {name: event, json: true}
  - {name: anything, pattern: '^.*x'}
  - {name: anywhere, pattern: 'x'}
  - {name: choice, pattern: '^(?:a|b)?c'}
  - {name: either, pattern: '^a|b'}
  - {name: nothing, pattern: '^$'}
  - {name: maybe, pattern: '^a*'}
)yaml");
  const auto rules = [&program](size_t byte) {
    std::string names;
    for (size_t n = 0; n < program->rules.size(); ++n) {
      if (program->rules_by_first_byte[byte] >> n & 1) names += program->rules[n].name + " ";
    }
    return names;
  };
  CHECK(rules('7') == "digit anything anywhere either maybe ");
  CHECK(rules('{') == "event anything anywhere either maybe ");
  CHECK(rules(' ') == "event anything anywhere either maybe ");
  CHECK(rules(0xef) == "event anything anywhere either maybe ");
  CHECK(rules('a') == "anything anywhere choice either maybe ");
  CHECK(rules('c') == "anything anywhere choice either maybe ");
  CHECK(rules('\n') == "event anywhere either maybe ");
  CHECK(rules(256) == "anywhere either nothing maybe ");
}

}  // namespace parshall::records
