// The YAML that the references show is read here: what they recommend must be good, what they warn
// of must be refused.

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "rules/config_reader.h"
#include "rules/lint.h"
#include "rules/reader.h"

namespace parshall::rules {
namespace {

struct Block {
  std::string text;
  bool bad = false;
  int line = 0;  // of the fence
};

std::vector<Block> Blocks(const std::string& name) {
  std::ifstream file(std::string(PARSHALL_SOURCE_DIR "/docs/") + name);
  REQUIRE(file.good());
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back().text += line + "\n";
    } else if (line == "```yaml" || line == "```yaml bad") {
      inside = true;
      blocks.push_back(Block{"", line.ends_with("bad"), number});
    }
  }
  CHECK_FALSE(inside);
  return blocks;
}

std::string Join(const std::vector<Error>& errors) {
  std::string all;
  for (const Error& error : errors) all += error.ToString() + "\n";
  return all;
}

TEST_CASE("Every YAML block of docs/RULES.md is read as it says") {
  int good = 0;
  int bad = 0;
  for (const Block& block : Blocks("RULES.md")) {
    INFO("docs/RULES.md:" << block.line << "\n" << block.text);
    REQUIRE((block.text.starts_with("rules:") || block.text.starts_with("metrics:")));
    const ReadOutcome outcome = ReadRules({RuleFile{"block", block.text}});
    if (block.bad) {
      CHECK_FALSE(outcome.faults.empty());
      ++bad;
    } else {
      CHECK(Join(outcome.faults) == "");
      if (!outcome.rules.rules.empty()) CHECK(Join(Lint(outcome.rules)) == "");
      ++good;
    }
  }
  CHECK(good >= 7);
  CHECK(bad >= 5);
}

TEST_CASE("Every YAML block of docs/CONFIGURATION.md is read as it says") {
  int good = 0;
  int bad = 0;
  for (const Block& block : Blocks("CONFIGURATION.md")) {
    INFO("docs/CONFIGURATION.md:" << block.line << "\n" << block.text);
    const ConfigOutcome outcome =
        ReadConfig("block", block.text,
                   [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
    if (block.bad) {
      CHECK_FALSE(outcome.faults.empty());
      ++bad;
      continue;
    }
    CHECK(Join(outcome.faults) == "");
    std::vector<RuleFile> files;
    if (outcome.config.rules) {
      for (const ConfigRules& entry : *outcome.config.rules) {
        if (entry.inline_file) files.push_back(*entry.inline_file);
      }
    }
    if (outcome.config.metrics) files.push_back(*outcome.config.metrics);
    CHECK(Join(ReadRules(files).faults) == "");
    ++good;
  }
  CHECK(good >= 7);
  CHECK(bad >= 3);
}

TEST_CASE("The shipped rules are read without a fault") {
  const auto files = LoadRuleFiles(PARSHALL_SOURCE_DIR "/rules");
  REQUIRE(files.ok());
  CHECK(Join(ReadRules(*files).faults) == "");
}

}  // namespace
}  // namespace parshall::rules
