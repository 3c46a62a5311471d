// Access lines of public test suites and of real servers, through the shipped rules with plans and
// with RE2 alone: the same rule, the same fields, and those that are expected. The end-to-end tests
// do the same through the whole program.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "records/event_time.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using nlohmann::json;
using testing::Padded;

std::shared_ptr<const RuleProgram> WithoutPlans() {
  auto program = testing::Compiled(testing::ShippedRules());
  // Nobody else holds it yet.
  for (CompiledRule& rule : const_cast<RuleProgram&>(*program).rules) rule.plan.reset();
  return program;
}

json ValueOf(const RuleProgram& program, const Record& record, std::string_view name) {
  const CompiledRule& rule = program.rules[record.rule];
  for (uint32_t slot = 0; slot < record.values_count; ++slot) {
    const Value& value = record.values[slot];
    if (rule.fields[slot].name != name || !value.there()) continue;
    if (value.kind == ValueKind::kInt) return value.integer;
    if (value.kind == ValueKind::kFloat) return value.number;
    return std::string(value.text());
  }
  return nullptr;
}

// What a case expects of one field; a null size may also be 0.
bool Same(const std::string& field, const json& want, const json& got) {
  return want == got || (want.is_null() && field == "size" && got == 0);
}

}  // namespace

TEST_CASE("Plans and RE2 alone make the same records of the access cases, the expected ones") {
  Matcher with_plans(testing::Compiled(testing::ShippedRules()));
  Matcher without_plans(WithoutPlans());
  const RuleProgram& program = with_plans.program();
  std::istringstream cases(testing::ReadWhole(PARSHALL_TEST_DATA "/access/cases.jsonl"));
  size_t parsed = 0;
  for (std::string text; std::getline(cases, text);) {
    const json item = json::parse(text);
    if (!item["input_line"].is_string()) continue;
    const Padded line(item["input_line"].get<std::string>());
    INFO(item["id"] << "\n" << line.view());
    Record record, slow;
    const Outcome outcome = with_plans.Match(line.view(), "stdin", &record);
    REQUIRE(without_plans.Match(line.view(), "stdin", &slow) == outcome);
    if (item["outcome"] == "reject") {
      const bool access = outcome == Outcome::kMatched &&
                          program.rules[record.rule].event == rules::EventKind::kRequest;
      CHECK_FALSE(access);
      continue;
    }
    if (outcome != Outcome::kMatched) {
      CHECK(item["class"] == "format_variant");
      continue;
    }
    REQUIRE(slow.rule == record.rule);
    REQUIRE(testing::ShowFields(program, record) == testing::ShowFields(program, slow));
    if (item["class"] == "format_variant") continue;
    ++parsed;
    for (const auto& [field, want] : item["expected"].items()) {
      if (field == "time") {
        Moment moment, wanted;
        REQUIRE(FindEventTime(program.rules[record.rule], record, &moment) == EventTime::kFound);
        REQUIRE(ParseRfc3339(want.get<std::string>(), &wanted));
        CHECK(moment.seconds == wanted.seconds);
        continue;
      }
      INFO(field << ": " << want << " / " << ValueOf(program, record, field));
      CHECK(Same(field, want, ValueOf(program, record, field)));
    }
  }
  CHECK(parsed >= 253);
  // Most of them without a regular expression.
  CHECK(with_plans.tally().regex_lines < without_plans.tally().regex_lines / 2);
}

}  // namespace parshall::records
