#pragma once
// The command line and its environment twins as they were written: which flags were given, with
// which text, and from where. What the texts mean is said in option_values.h.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/flags.h"
#include "app/options.h"
#include "base/result.h"

namespace parshall::app {

// What was given for one flag, before anybody knows what it means.
struct Given {
  const Flag* flag;
  std::vector<std::string> values;  // of a switch: "true" or "false"
  std::string where;                // "--threads", "PARSHALL_THREADS"
};

// The command line in pieces.
struct Arguments {
  std::vector<Given> flags;
  std::vector<std::string> before_dashes;  // positional ones
  std::vector<std::string> after_dashes;
};

// Null if it was not given.
Given* Find(std::vector<Given>* all, std::string_view name);

// `arguments` is argv without the program's name. Unknown flags and missing values are errors.
Result<Arguments> SplitArguments(const std::vector<std::string>& arguments);

// Adds what the environment says of flags of this command that were not given. An empty variable is
// one that is not set: that is how compose files and units leave them.
Status AddEnvironment(const Environment& environment, uint8_t command, std::vector<Given>* all);

// Whether the value is one of a flag's choices, "off|report|adjacent".
bool IsChoice(std::string_view choices, std::string_view value);

}  // namespace parshall::app
