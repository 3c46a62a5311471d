// docs/CONFIGURATION.md shows the table of flags as the program has it.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "app/options.h"

namespace parshall::app {
namespace {

TEST_CASE("docs/CONFIGURATION.md has the table of flags that the program makes") {
  std::ifstream file(PARSHALL_SOURCE_DIR "/docs/CONFIGURATION.md");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const size_t begin = all.find("<!-- flags");
  const size_t end = all.find("<!-- /flags -->");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const size_t table = all.find('\n', begin) + 1;
  if (std::getenv("PARSHALL_UPDATE_DOCS") != nullptr) {  // for who changes a flag
    std::ofstream(PARSHALL_SOURCE_DIR "/docs/CONFIGURATION.md")
        << all.substr(0, table) << FlagTableMarkdown() << all.substr(end);
    return;
  }
  CHECK(all.substr(table, end - table) == FlagTableMarkdown());
}

}  // namespace
}  // namespace parshall::app
