#include "base/quoted.h"

#include <catch2/catch.hpp>

namespace parshall {

TEST_CASE("Quoted makes one harmless line of any text") {
  struct Row {
    std::string text;
    std::string wanted;
  };
  const Row rows[] = {
      {"", "\"\""},
      {"--threads", "\"--threads\""},
      {"a \"b\" \\", "\"a \\\"b\\\" \\\\\""},
      {"\x1b[2J\n", "\"\\u001b[2J\\n\""},
      {"\xc2\x9b", "\"\\u009b\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {std::string(100, 'x'), "\"" + std::string(100, 'x') + "\""},
      {std::string(101, 'x'), "\"" + std::string(100, 'x') + "…\""},
      {std::string(99, 'x') + "\xc3\xa9", "\"" + std::string(99, 'x') + "\xef\xbf\xbd…\""},
  };
  for (const Row& row : rows) CHECK(Quoted(row.text) == row.wanted);
}

}  // namespace parshall
