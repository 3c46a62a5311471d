#pragma once
// Completion scripts for shells, out of the table of flags.

#include <string>
#include <string_view>
#include <vector>

#include "app/flags.h"

namespace parshall::app {

// What may stand behind a flag, as a shell completes it. What is none of these (a number, a URL) is
// for the operator to write.
struct FlagValues {
  std::vector<std::string> words;
  bool files = false;
  bool folders = false;
};
FlagValues ValuesOf(const Flag& flag);

// For "bash", "zsh" or "fish"; ends with a newline.
std::string CompletionScript(std::string_view shell);

}  // namespace parshall::app
