// The scripts and the manual page hold everything that the tables of flags and commands hold. What
// shells make of them is in tests/e2e/test_completion.py.
#include "app/completion.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "app/man_page.h"

namespace parshall::app {
namespace {

const Flag& FlagNamed(std::string_view name) {
  const Flag* const flag = FindFlag(name);
  REQUIRE(flag != nullptr);
  return *flag;
}

TEST_CASE("CompletionScript has every flag and every command") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const std::string script = CompletionScript(shell);
    CHECK(script.ends_with('\n'));
    for (const Flag& flag : AllFlags()) {
      CAPTURE(flag.name);
      const bool fish = std::string_view(shell) == "fish";
      const std::string wanted = (fish ? " -l " : "--") + std::string(flag.name);
      CHECK(script.find(wanted) != std::string::npos);
    }
    for (const Command& command : AllCommands()) {
      CAPTURE(command.name);
      CHECK(script.find(command.name) != std::string::npos);
    }
  }
}

TEST_CASE("ManPage has every flag and every command") {
  const std::string page = ManPage();
  const auto dashed = [](std::string_view name) {
    std::string text;
    for (const char c : name) text += c == '-' ? std::string("\\-") : std::string(1, c);
    return text;
  };
  for (const Flag& flag : AllFlags()) {
    CAPTURE(flag.name);
    CHECK(page.find("\\fB\\-\\-" + dashed(flag.name) + "\\fR") != std::string::npos);
  }
  for (const Command& command : AllCommands()) {
    CAPTURE(command.name);
    CHECK(page.find(".TP\n\\fB" + std::string(command.name) + "\\fR") != std::string::npos);
  }
  for (const char c : page) {
    if (static_cast<unsigned char>(c) >= 0x80) FAIL("the page is not ASCII");
  }
}

TEST_CASE("ValuesOf reads the words, files and folders out of a flag") {
  CHECK(ValuesOf(FlagNamed("from")).words == std::vector<std::string>{"beginning", "end"});
  CHECK(ValuesOf(FlagNamed("log.level")).words.size() == 4);
  const FlagValues output = ValuesOf(FlagNamed("output"));
  CHECK(output.words == std::vector<std::string>{"-", "none"});
  CHECK(output.files);
  CHECK(ValuesOf(FlagNamed("state")).folders);
  const FlagValues rules = ValuesOf(FlagNamed("rules"));
  CHECK(rules.files);
  CHECK(rules.folders);
  const std::vector<std::string> formats = ValuesOf(FlagNamed("format")).words;
  CHECK(std::find(formats.begin(), formats.end(), "nginx") != formats.end());
  const FlagValues threads = ValuesOf(FlagNamed("threads"));
  CHECK((threads.words.empty() && !threads.files && !threads.folders));
}

}  // namespace
}  // namespace parshall::app
