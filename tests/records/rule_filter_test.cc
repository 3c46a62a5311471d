// The filter may only leave out what cannot match, whatever the expression and the line.

#include "records/rule_filter.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "records/plan.h"
#include "records/regex.h"
#include "tests/records/expressions.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;

std::vector<std::string> NeededBy(const std::string& expression) {
  auto regex = Regex::Compile(expression, "");
  REQUIRE(regex.ok());
  REQUIRE((*regex)->tree());
  return NeededTexts(*(*regex)->tree());
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("Texts that stand in each match are found in an expression") {
  CHECK(NeededBy("^(?P<a>[^ ]+) service-01 (?P<rest>.*)$") == Texts{" service-01 "});
  CHECK(NeededBy("abc(?P<a>def)g\\d+xyz") == Texts{"abcdefg", "xyz"});
  CHECK(NeededBy("a{4}b{2,}ccc") == Texts{"aaaa", "ccc"});
  CHECK(NeededBy("(?:level=)+x(?:yyyy)?zz+") == Texts{"level="});
  CHECK(NeededBy("one|three") == Texts{});
  CHECK(NeededBy("(?:start|begin)ning") == Texts{"ning"});
  CHECK(NeededBy("^(?:abcd)*$") == Texts{});
  CHECK(NeededBy("ab[cd]ef") == Texts{});
}

TEST_CASE("The filter keeps rules whose text is in the line, wherever it stands") {
  if (!HasAvx2()) return;
  RuleFilter filter;
  for (size_t rule = 0; rule < 20; ++rule) {
    filter.Add(rule, {" service-" + std::to_string(10 + rule) + " "});
  }
  filter.Add(20, {"] \""});  // stands in each line: says nothing
  filter.Build();
  CHECK(filter.rules() == (uint64_t{1} << 20) - 1);
  for (size_t before = 0; before < 70; ++before) {
    for (size_t behind : {0, 1, 31, 32, 33, 64}) {
      const std::string line = std::string(before, 'x') + " service-13 " + std::string(behind, '.');
      const Padded padded(line);
      INFO(before << " " << behind);
      CHECK((filter.Candidates(padded.view()) & 8) == 8);
      CHECK((filter.Candidates(padded.view()) & 1) == 0);
      // Cut within what makes it 13, it is none of them.
      const Padded cut(padded.view().substr(0, before + 10), '3');
      CHECK(filter.Candidates(cut.view()) == 0);
    }
  }
  CHECK(filter.Candidates(Padded("").view()) == 0);
  CHECK(filter.Candidates(Padded("-1").view()) == 0);
}

// Long runs: PARSHALL_DIFFERENTIAL_LINES, as for plans.
TEST_CASE("The filter never leaves out a rule that RE2 matches") {
  if (!HasAvx2()) return;
  std::mt19937_64 random(4);
  size_t lines_wanted = 60'000;
  if (const char* wanted = std::getenv("PARSHALL_DIFFERENTIAL_LINES"))
    lines_wanted = std::strtoull(wanted, nullptr, 10);
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  static const char* const kWords[] = {
      "service-",     "code=",  "HTTP/1.",     "level=(?:info|warn)",
      " \\[main\\] ", "xyz{3}", "(?P<w>user) "};
  size_t lines = 0, matches = 0, left_out = 0;
  while (lines < lines_wanted) {
    // Rule sets of up to 64 rules: what many have in common is not what tells them apart.
    RuleFilter filter;
    std::vector<std::unique_ptr<Regex>> rules;
    const size_t size = 1 + random() % 64;
    while (rules.size() < size) {
      std::string expression = expressions.Make();
      const std::string word =
          std::string(kWords[random() % std::size(kWords)]) + std::to_string(random() % 30);
      if (random() % 4 != 0) expression = "^" + word + expression.substr(1);
      if (random() % 3 == 0) expression = expression.substr(1);  // not anchored
      auto regex = Regex::Compile(expression, "");
      if (!regex.ok() || !(*regex)->tree()) continue;
      filter.Add(rules.size(), NeededTexts(*(*regex)->tree()));
      rules.push_back(std::move(*regex));
    }
    filter.Build();
    for (size_t n = 0; n < 200; ++n, ++lines) {
      const Padded line(line_maker.Make(*rules[random() % size]->tree()));
      const uint64_t candidates = filter.Candidates(line.view());
      for (size_t rule = 0; rule < size; ++rule) {
        if (((filter.rules() & ~candidates) >> rule & 1) == 0) continue;
        ++left_out;
        if (rules[rule]->Test(line.view())) {
          INFO(rules[rule]->expression() << "\n" << line.view());
          REQUIRE(false);
        }
      }
      matches += rules[random() % size]->Test(line.view());
    }
  }
  CHECK(left_out > lines);
  CHECK(matches > 0);
}

}  // namespace parshall::records
