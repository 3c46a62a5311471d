#include "records/regex.h"

#include <catch2/catch.hpp>

#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::ShowCaptures;

std::string ErrorOf(const std::string& expression) {
  auto regex = Regex::Compile(expression, "r.yaml:3:14");
  return regex.ok() ? "fine" : regex.error().ToString();
}

}  // namespace

TEST_CASE("Regex says which construct RE2 cannot do, and at which byte") {
  struct Row {
    const char* expression;
    const char* what;
    size_t byte;
  };
  const Row rows[] = {
      {"^a(?=b)", "look-ahead (?=…)", 3},
      {"^a(?!b)", "negative look-ahead (?!…)", 3},
      {"(?<=a)b", "look-behind (?<=…)", 1},
      {"x(?<!a)b", "negative look-behind (?<!…)", 2},
      {"(?>a)", "an atomic group (?>…)", 1},
      {"(?|a|b)", "a branch reset (?|…)", 1},
      {"a(?#note)", "a comment (?#…)", 2},
      {"(?(1)a|b)", "a conditional (?(…)…)", 1},
      {"(a)(?&x)", "a subroutine call (?&…)", 4},
      {"(?P<a>b)(?P=a)", "a back-reference (?P=…)", 9},
      {"(?P<a>b)(?P>a)", "a subroutine call (?P>…)", 9},
      {"(?x) a", "the flag x (free spacing)", 1},
      {"a*+b", "a possessive repetition (*+)", 2},
      {"\\d++b", "a possessive repetition (++)", 3},
      {"a?+b", "a possessive repetition (?+)", 2},
      {"(a)\\1", "a back-reference", 4},
      {"(a)(b)\\2", "a back-reference", 7},
      {"(?<n>a)\\k<n>", "a back-reference \\k", 8},
      {"(a)\\g1", "a back-reference \\g", 4},
      {"a\\h", "\\h (write [ \\t])", 2},
      {"a\\H", "\\H (write [^ \\t])", 2},
      {"a\\R", "\\R (a line has no line ends)", 2},
      {"a\\Kb", "\\K", 2},
      {"\\Ga", "\\G", 1},
      {"a\\Z", "\\Z (write $)", 2},
      {"\\X", "\\X", 1},
      // The same letters where they mean themselves come before the real one.
      {"[(?=]\\(\\?=a(?=b)", "look-ahead (?=…)", 12},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    const std::string error = ErrorOf(row.expression);
    INFO(error);
    CHECK(error.starts_with("r.yaml:3:14: RE2 cannot do " + std::string(row.what) +
                            ", found at byte " + std::to_string(row.byte) + " of the pattern: "));
  }
}

TEST_CASE("Regex names RE2's own complaint and its place") {
  CHECK(ErrorOf("a(b") ==
        "r.yaml:3:14: the pattern is not a valid RE2 expression: missing ): a(b, at byte 1 of the "
        "pattern");
  CHECK(ErrorOf("ab[c") ==
        "r.yaml:3:14: the pattern is not a valid RE2 expression: missing ]: [c, at byte 3 of the "
        "pattern");
  CHECK(ErrorOf("a{2}{1001}").find("the pattern is not a valid RE2 expression: ") !=
        std::string::npos);
  CHECK(ErrorOf("a\\").find("the pattern is not a valid RE2 expression: trailing \\") !=
        std::string::npos);
}

TEST_CASE("Regex refuses a group name that stands twice") {
  CHECK(ErrorOf("(?P<a>x)|(?P<a>y)").find("two groups of the pattern are called \"a\"") !=
        std::string::npos);
  CHECK(ErrorOf("(?<a>x)|(?<a>y)").find("two groups of the pattern are called \"a\"") !=
        std::string::npos);
  CHECK(ErrorOf("(?<a>x)|(?P<a>y)").find("two groups of the pattern are called \"a\"") !=
        std::string::npos);
  CHECK(ErrorOf("(?P<a>x)|\\(\\?P<a>y") == "fine");
  CHECK(ErrorOf("(?P<a>x)|[(?P<a>]") == "fine");
}

TEST_CASE("Regex takes at most 63 groups") {
  std::string groups;
  for (int n = 0; n < 63; ++n) groups += "(a)";
  CHECK(ErrorOf(groups) == "fine");
  CHECK(ErrorOf(groups + "(a)").find("the pattern has 64 groups; 63 are the most") !=
        std::string::npos);
}

TEST_CASE("Regex takes (?<name>…) for (?P<name>…), only where it is a group") {
  struct Row {
    const char* written;
    const char* taken;
  };
  const Row rows[] = {
      {"(?<a>x)", "(?P<a>x)"},
      {"^(?<a>x) (?P<b>y) ((?<c>z))$", "^(?P<a>x) (?P<b>y) ((?P<c>z))$"},
      {"\\(?<a>", "\\(?<a>"},
      {"[(?<a>]", "[(?<a>]"},
      {"[]\\](?<a>](?<b>x)", "[]\\](?<a>](?P<b>x)"},
      {"[^](?<a>]", "[^](?<a>]"},
      {"[[:alpha:](?<a>]+", "[[:alpha:](?<a>]+"},
      {"\\Q(?<a>\\E(?<b>x)", "\\Q(?<a>\\E(?P<b>x)"},
      {"\\Q(?<a>", "\\Q(?<a>"},
  };
  for (const Row& row : rows) {
    INFO(row.written);
    auto regex = Regex::Compile(row.written, "");
    INFO((regex.ok() ? "" : regex.error().what));
    REQUIRE(regex.ok());
    CHECK((*regex)->expression() == row.taken);
  }
}

TEST_CASE("Regex knows its groups by number and name") {
  auto regex = Regex::Compile("^(?P<a>x)(y)(?<b>z)?", "");
  REQUIRE(regex.ok());
  CHECK((*regex)->groups() == 3);
  CHECK((*regex)->group_names() == std::vector<std::string>{"", "a", "", "b"});
  Capture captures[kCapturesMax];
  REQUIRE((*regex)->Match("xy", captures));
  CHECK(ShowCaptures(captures, 3) == "<x><y>-");
}

TEST_CASE("Regex matches bytes, whatever they are") {
  auto regex = Regex::Compile("^(?P<a>[^ ]*) (?P<b>.*)$", "");
  REQUIRE(regex.ok());
  const std::string text("\xff\x00\xc3 \r\xe2\x28\x00z", 9);
  Capture captures[kCapturesMax];
  REQUIRE((*regex)->Match(text, captures));
  CHECK(ShowCaptures(captures, 2) == "<" + text.substr(0, 3) + "><" + text.substr(4) + ">");
  // A line has no line ends of its own, but joined events have: . stops there, and $ is the end.
  CHECK_FALSE((*regex)->Match("a b\nc", captures));
  CHECK((*regex)->Test("a b"));
}

TEST_CASE("Regex cuts where the match is forced, and nowhere else") {
  struct Row {
    const char* expression;
    size_t pieces;
  };
  const Row rows[] = {
      {"^(\\w+) (\\w+) (\\w+) (\\w+)$", 1},         // four groups fit
      {"^(\\w+) (\\w+) (\\w+) (\\w+) (\\w+)$", 2},  // blanks are forced
      {"^(\\w+) (\\w+) (\\w+) (\\w+) (\\w+) (\\w+) (\\w+) (\\w+) (\\w+)$", 3},
      {"^(.*) (.*) (.*) (.*) (.*)$", 1},          // nothing is
      {"(\\w+) (\\w+) (\\w+) (\\w+) (\\w+)", 2},  // at the start of the text, else in one go
      {"^(?:(a) (b) (c) (d) (e))$", 1},           // the root is no row of five groups
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    auto regex = Regex::Compile(row.expression, "");
    REQUIRE(regex.ok());
    CHECK((*regex)->pieces() == row.pieces);
  }
}

TEST_CASE("HowFar says where a line stopped matching and what was expected there") {
  struct Row {
    const char* name;
    const char* text;
    const char* matched_text;
    const char* matched_expression;
    const char* expected;
  };
  constexpr const char* kExpression =
      R"x(^(?P<host>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3})$)x";
  const Row rows[] = {
      {"nothing of it", "", "", "^", R"x((?P<host>\S+))x"},
      {"no bracket", "h x", "h ", R"x(^(?P<host>\S+) )x", R"x(\[)x"},
      {"the time does not end", "h [x", "h [x", R"x(^(?P<host>\S+) \[(?P<time>[^\]]+))x",
       R"x(\])x"},
      {"a status of letters", R"x(h [t] "r" abc)x", R"x(h [t] "r" )x",
       R"x(^(?P<host>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" )x", R"x((?P<status>\d{3}))x"},
      {"more behind", R"x(h [t] "r" 200 x)x", R"x(h [t] "r" 200)x",
       R"x(^(?P<host>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3}))x", "$"},
      {"all of it", R"x(h [t] "r" 200)x", R"x(h [t] "r" 200)x", kExpression, ""},
  };
  auto regex = Regex::Compile(kExpression, "");
  REQUIRE(regex.ok());
  for (const Row& row : rows) {
    INFO(row.name);
    const Regex::Reach reach = (*regex)->HowFar(row.text);
    CHECK(std::string(row.text).substr(0, reach.text_end) == row.matched_text);
    CHECK(std::string(kExpression).substr(0, reach.expression_end) == row.matched_expression);
    CHECK(reach.expected == row.expected);
  }
  auto no_tree = Regex::Compile("(?i)^abc", "");
  REQUIRE(no_tree.ok());
  CHECK((*no_tree)->HowFar("x").expected == "(?i)^abc");
}

TEST_CASE("WholeMatch asks for the whole text") {
  auto match = WholeMatch::Compile("[0-9]{3}|x", "");
  REQUIRE(match.ok());
  CHECK((*match)->Matches("200"));
  CHECK((*match)->Matches("x"));
  CHECK_FALSE((*match)->Matches("2000"));
  CHECK_FALSE((*match)->Matches(" 200"));
  CHECK_FALSE((*match)->Matches("200\n"));
  CHECK_FALSE((*match)->Matches(""));
  CHECK_FALSE(WholeMatch::Compile("a(?=b)", "").ok());
}

}  // namespace parshall::records
