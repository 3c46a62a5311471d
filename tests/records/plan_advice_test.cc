// What an expression without a plan is advised to become gets a plan, and no reason is without
// advice.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "records/plan.h"
#include "records/plan_advice.h"
#include "records/regex.h"

namespace parshall::records {
namespace {

// "planned", or why not.
std::string WhyNot(const std::string& expression) {
  auto regex = Regex::Compile(expression, "");
  REQUIRE(regex.ok());
  if (!(*regex)->tree()) return (*regex)->unsupported().what;
  std::string why_not;
  return CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not) ? "planned" : why_not;
}

// The literals of No("…") and No(std::string("…") in C++ source.
std::vector<std::string> Reasons(std::string_view source) {
  std::vector<std::string> reasons;
  for (size_t at = source.find("No("); at != std::string_view::npos; at = source.find("No(", at)) {
    at += 3;
    std::string_view rest = source.substr(at);
    if (rest.starts_with("std::string(")) rest.remove_prefix(12);
    if (!rest.starts_with('"')) continue;
    std::string text;
    for (size_t n = 1; n < rest.size() && rest[n] != '"'; ++n) {
      if (rest[n] == '\\' && n + 1 < rest.size()) ++n;
      text += rest[n];
    }
    reasons.push_back(std::move(text));
  }
  return reasons;
}

std::string Source(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("PlanAdvice says how to write it so that it gets a plan") {
  struct Row {
    const char* slow;
    const char* advice;   // a part of it
    const char* planned;  // the expression as advised
  };
  const Row rows[] = {
      {R"x((?P<n>\d+) done)x", "^.*? if what stands before", R"x(^.*?(?P<n>\d+) done)x"},
      {R"x(done$)x", "begin it with ^", R"x(^.*?done$)x"},
      {R"x(^a|b)x", "one ^ before all of it", R"x(^(?:a|b))x"},
      {R"x((?:^a|^b)c)x", "^(?:a|b)", R"x(^(?:a|b)c)x"},
      {R"x(^a(?:^b|c))x", "one ^ before the choice", R"x(^a(?:b|c))x"},
      {R"x(^(?:(?P<x>a) )*$)x", "(?P<x>(?:a )*)", R"x(^(?P<x>(?:a )*)$)x"},
      {R"x(^(?:a?b?)*$)x", "[ab]*", R"x(^[ab]*$)x"},
      {R"x(^(?:ab)*a$)x", "[^ ]*", R"x(^[^ ]*$)x"},
      {R"x(^(?:ab){2,3}$)x", "(?:ab){2}(?:ab)?", R"x(^(?:ab){2}(?:ab)?$)x"},
      {R"x(^a{1,3}?[ab]c$)x", "[^ab]{1,3}[ab]", R"x(^[^ab]{1,3}[ab]c$)x"},
      {R"x(^.+?[ab]$)x", "[^ab]+[ab]", R"x(^[^ab]+[ab]$)x"},
      {R"x(^(?i)get$)x", "[Gg][Ee][Tt]", R"x(^[Gg][Ee][Tt]$)x"},
      {R"x(^a\b)x", "[^A-Za-z0-9_]", R"x(^a(?:[^A-Za-z0-9_]|$))x"},
      {R"x(^\pL+$)x", "[A-Za-z]", R"x(^[A-Za-z]+$)x"},
  };
  for (const Row& row : rows) {
    INFO(row.slow);
    const std::string why = WhyNot(row.slow);
    REQUIRE(why != "planned");
    CHECK_THAT(std::string(PlanAdvice(row.slow, why)), Catch::Contains(row.advice));
    INFO(row.planned);
    CHECK(WhyNot(row.planned) == "planned");
  }
}

TEST_CASE("Every reason why there is no plan has an advice") {
  size_t reasons = 0;
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(PARSHALL_SOURCE_DIR "/src/records")) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".cc") continue;
    if (!name.starts_with("plan_") && !name.starts_with("regex_tree")) continue;
    const std::vector<std::string> found = Reasons(Source(entry.path()));
    files += found.empty() ? 0 : 1;
    for (const std::string& why : found) {
      // Those that RE2 has refused before.
      if (why.starts_with("an unclosed") || why.starts_with("an unterminated") ||
          why.starts_with("an unexpected") || why.starts_with("a trailing")) {
        continue;
      }
      INFO(why);
      CHECK_FALSE(PlanAdvice("^", why).empty());
      ++reasons;
    }
  }
  CHECK(files >= 5);
  CHECK(reasons >= 15);
}

}  // namespace parshall::records
