// What becomes a plan, what does not and why, and when a plan may say no by itself. That its
// answers are RE2's is held by plan_differential_test.cc.

#include <catch2/catch.hpp>

#include "records/plan.h"
#include "records/regex.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;
using testing::ShowCaptures;

// "planned", or why not.
std::string WhyNot(const std::string& expression) {
  auto regex = Regex::Compile(expression, "");
  REQUIRE(regex.ok());
  if (!(*regex)->tree()) return (*regex)->unsupported().what;
  std::string why_not;
  return CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not) ? "planned" : why_not;
}

// "<group><group>…", "no" or "unknown".
std::string Run(const std::string& expression, std::string_view text) {
  auto regex = Regex::Compile(expression, "");
  REQUIRE(regex.ok());
  REQUIRE((*regex)->tree());
  std::string why_not;
  const std::optional<Plan> plan = CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not);
  INFO(expression << ": " << why_not);
  REQUIRE(plan);
  const Padded line(text);
  Capture captures[kCapturesMax];
  Capture by_re2[kCapturesMax];
  const bool matched = (*regex)->Match(line.view(), by_re2);
  switch (RunPlan(*plan, line.begin(), line.end(), captures)) {
    case PlanVerdict::kMatch:
      REQUIRE(matched);
      REQUIRE(ShowCaptures(captures, plan->groups) == ShowCaptures(by_re2, plan->groups));
      return "match " + ShowCaptures(captures, plan->groups);
    case PlanVerdict::kNoMatch:
      REQUIRE_FALSE(matched);
      return "no";
    case PlanVerdict::kUnknown:
      return "unknown";
  }
  return "?";
}

}  // namespace

TEST_CASE("Chains of fields become plans, the rest says why not") {
  struct Row {
    const char* expression;
    const char* why_not;
  };
  const Row rows[] = {
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", "planned"},
      {R"x(^abc)x", "planned"},
      {R"x(^$)x", "planned"},
      {R"x(^\[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3})$)x", "planned"},
      {R"x(^(?P<a>.*?) \[(?P<b>[^\]]*)\])x", "planned"},
      {R"x(^"(?P<a>(?:[^"\\]|\\.)*)"$)x", "planned"},
      {R"x(^(?P<a>a|bc|)(?P<b>\d*)$)x", "planned"},
      {R"x(^(?:ab|ac)d$)x", "planned"},
      {R"x(^a(?: (?P<b>\d+))?$)x", "planned"},
      {R"x(^(?: \w+)+$)x", "planned"},
      {R"x(^(?P<a>a*)(?P<b>a*)$)x", "planned"},
      {R"x(^(?:abc){3}$)x", "planned"},
      {R"x(^a{0}b$)x", "planned"},

      {R"x(a(?P<b>\d+))x", "the expression is not anchored at the start with ^"},
      {R"x((?:^a|^b)c)x", "the expression is not anchored at the start with ^"},
      {R"x(^a|b)x", "the expression is not anchored at the start with ^"},
      {R"x(^a(?:^b|c))x", "a ^ that is not at the start"},
      {R"x(^(?:(?P<a>x))*$)x", "a group inside of a repetition"},
      {R"x(^(?:a?)*$)x", "a repetition of something that can be empty"},
      {R"x(^(?:ab)*a$)x", "a repetition that the next byte alone cannot end"},
      {R"x(^(?:ab){2,3}$)x", "a bounded repetition of a group"},
      {R"x(^(?:ab){9,}$)x", "a bounded repetition of a group"},
      {R"x(^a{1,3}?[ab]c$)x", "a lazy repetition with an upper bound"},
      {R"x(^.+?[ab]$)x", "a lazy repetition before a class"},
      {R"x(^(?i)a$)x", "flags like (?i)"},
      {R"x(^a\b)x", "the escape \\b"},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    CHECK(WhyNot(row.expression) == row.why_not);
  }
  std::string long_expression = "^";
  for (int n = 0; n < 300; ++n) long_expression += "\\d+[a-z]*";
  CHECK(WhyNot(long_expression) == "the expression is too long for a plan");
}

TEST_CASE("A plan says no only when there was no other way, else it does not know") {
  struct Row {
    const char* expression;
    const char* text;
    const char* verdict;
  };
  const Row rows[] = {
      // No choice was open: a failure is final.
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", "x 12", "match <x><12>"},
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", "x y", "no"},
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", "x 1 ", "no"},
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", "", "no"},
      {R"x(^(?P<a>[^ ]*) (?P<b>\d+)$)x", " 1", "match <><1>"},
      {R"x(^(?P<a>\d{3}|-)$)x", "-", "match <->"},
      {R"x(^(?P<a>\d{3}|-)$)x", "20", "no"},
      {R"x(^a(?: (?P<b>\d+))?$)x", "a", "match -"},
      {R"x(^a(?: (?P<b>\d+))?$)x", "a 5", "match <5>"},
      {R"x(^a(?: (?P<b>\d+))?$)x", "a x", "no"},
      {R"x(^(?: \w+)+$)x", " a bc d", "match "},
      {R"x(^(?: \w+)+$)x", " a  d", "no"},
      {R"x(^(?P<a>[a-c]{2,3})x)x", "abcx", "match <abc>"},
      {R"x(^(?P<a>[a-c]{2,3})x)x", "ax", "no"},
      {R"x(^(?P<a>[a-c]{2,3})x)x", "abcax", "no"},
      // A choice was taken that another could be right for: RE2 decides.
      {R"x(^(?P<a>.*) (?P<b>\d+)$)x", "x 12", "unknown"},
      {R"x(^(?P<a>.*?) (?P<b>\d+)$)x", "x 12", "match <x><12>"},
      {R"x(^(?P<a>.*?) (?P<b>\d+)$)x", "x y 12", "unknown"},
      {R"x(^(?P<a>.*?) (?P<b>\d+)$)x", "x", "no"},
      {R"x(^"(?P<a>(?:[^"\\]|\\.)*)"$)x", R"x("ab")x", "match <ab>"},
      {R"x(^"(?P<a>(?:[^"\\]|\\.)*)"$)x", R"x("a\"b")x", "unknown"},
      {R"x(^(?:ab|ac)d$)x", "acd", "match "},
      {R"x(^(?:a|ab)c$)x", "ac", "match "},
      {R"x(^(?P<a>a*)(?P<b>a*)$)x", "aaa", "match <aaa><>"},
  };
  for (const Row& row : rows) {
    INFO(row.expression << " on " << row.text);
    CHECK(Run(row.expression, row.text) == row.verdict);
  }
}

TEST_CASE("A plan never looks behind the end of the text") {
  // The padding would complete each of these.
  struct Row {
    const char* expression;
    const char* text;
    char padding;
  };
  const Row rows[] = {
      {R"x(^abcdefgh$)x", "abcdefg", 'h'},
      {R"x(^\d{3}$)x", "20", '0'},
      {R"x(^(?P<a>[^"]*)"$)x", "ab", '"'},
      {R"x(^(?P<a>\d+) )x", "12", ' '},
      {R"x(^(?P<a>.*?)""x)x", "a\"", '"'},
      {R"x(^a(?:b|c))x", "a", 'b'},
      {R"x(^[0-9]{20}$)x", "1234567890123456789", '0'},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    auto regex = Regex::Compile(row.expression, "");
    REQUIRE(regex.ok());
    std::string why_not;
    const auto plan = CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not);
    REQUIRE(plan);
    const Padded line(row.text, row.padding);
    Capture captures[kCapturesMax];
    CHECK(RunPlanBaseline(*plan, line.begin(), line.end(), captures) != PlanVerdict::kMatch);
    if (HasAvx2())
      CHECK(RunPlanAvx2(*plan, line.begin(), line.end(), captures) != PlanVerdict::kMatch);
  }
}

TEST_CASE("Runs end where they should at every length and vector border") {
  for (size_t size = 0; size <= 200; ++size) {
    const std::string run(size, 'x');
    CHECK(Run(R"x(^(?P<a>[^ ]*) (?P<b>[^"\\]*)")x", run + " " + run + "\"") ==
          "match <" + run + "><" + run + ">");
    CHECK(Run(R"x(^(?P<a>[^ ]*)$)x", run) == "match <" + run + ">");
    CHECK(Run(R"x(^(?P<a>.*?)\] ")x", run + "] \"") == "match <" + run + ">");
    CHECK(Run(R"x(^(?P<a>x*)$)x", run) == "match <" + run + ">");
    CHECK(Run(R"x(^(?P<a>[^ ]*) $)x", run) == "no");
  }
}

TEST_CASE("IsExactPrefix holds where what follows can begin in one place only") {
  struct Row {
    const char* expression;
    size_t count;
    bool exact;
  };
  const Row rows[] = {
      {R"x(^(\w+) (\w+))x", 3, true}, {R"x(^(\w*) (\w+))x", 2, true},
      {R"x(^(.*) (\w+))x", 3, false}, {R"x(^(.*?) (\w+))x", 3, false},
      {R"x(^a(b|bc) d)x", 4, false},  {R"x(^a(?:b|c) d)x", 4, true},
      {R"x(^abc)x", 4, true},         {R"x(^abc)x", 5, false},
  };
  for (const Row& row : rows) {
    INFO(row.expression << " " << row.count);
    UnsupportedConstruct unsupported;
    const auto tree = ParseRegexTree(row.expression, &unsupported);
    REQUIRE(tree);
    CHECK(IsExactPrefix(*tree, row.count) == row.exact);
  }
}

TEST_CASE("The usual line of the shipped rules runs as a plan") {
  const auto program = testing::Compiled(testing::ShippedRules());
  Matcher matcher(program);
  struct Row {
    const char* line;
    const char* rule;
  };
  const Row rows[] = {
      {R"x(203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)")x",
       "access"},
      {R"x(203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] "HEAD / HTTP/1.0" 304 -)x", "access"},
      {R"x( - - [21/Nov/2026:09:26:05 +0000] "GET /bs HTTP/1.1" 200 12 "-" "curl/7.88.1" 989)x",
       "access"},
      {R"x(10.0.0.1 - - [21/Nov/2026:09:26:05 +0000] "GET /bs HTTP/1.1" 200 12 "-" "curl/7.88.1" 0.000207)x",
       "access"},
      {R"x({"event": "10.96.78.6 - - [15/Aug/2019:14:19:23 +0000] \"GET /metrics HTTP/1.1\" 200 14134 \"-\" \"Prometheus/2.11.0\"", "level": "info", "logger": "gunicorn.access"})x",
       "structlog_access"},
      {"[2026-11-21 09:32:30 +0000] [10558] [INFO] Booting worker with pid: 10558",
       "gunicorn_error"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    const Padded line(row.line);
    Record record;
    const uint64_t regex_lines = matcher.tally().regex_lines;
    REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
    CHECK(program->rules[record.rule].name == row.rule);
    CHECK(matcher.tally().regex_lines == regex_lines);
  }
}

TEST_CASE("A plan can be read") {
  auto regex = Regex::Compile(R"x(^(?P<a>[^ ]*) \[(?P<b>\d\d)\] (?P<c>.*?)"$)x", "");
  REQUIRE(regex.ok());
  std::string why_not;
  const auto plan = CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not);
  REQUIRE(plan);
  const std::string text = plan->ToString();
  INFO(text);
  CHECK(text.find("until ' '") != std::string::npos);
  CHECK(text.find("group 1") != std::string::npos);
  CHECK(text.find("match") != std::string::npos);
}

}  // namespace parshall::records
