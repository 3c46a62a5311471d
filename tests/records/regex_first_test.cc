#include "records/regex_first.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

namespace parshall::records {

TEST_CASE("FirstOf says what a piece can begin with") {
  struct Row {
    const char* expression;
    const char* bytes;
    bool end;
    bool nullable;
  };
  const Row rows[] = {
      {"ab", "a", false, false},     {"a|b", "ab", false, false},  {"a?b", "ab", false, false},
      {"a*", "a", false, true},      {"a*$", "a", true, false},    {"", "", false, true},
      {"(a|)c?", "ac", false, true}, {"a{0}b", "b", false, false}, {"(?:ab)+c", "a", false, false},
      {"^a", "a", false, false},     {"$", "", true, false},       {"a{0,3}|$", "a", true, true},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    UnsupportedConstruct unsupported;
    const std::optional<Node> tree = ParseRegexTree(row.expression, &unsupported);
    REQUIRE(tree);
    const First first = FirstOf(*tree);
    std::string bytes;
    for (const unsigned char byte : first.bytes.Bytes()) bytes += static_cast<char>(byte);
    CHECK(bytes == row.bytes);
    CHECK(first.end == row.end);
    CHECK(first.nullable == row.nullable);
  }
}

}  // namespace parshall::records
