#pragma once
// The table of flags: a new flag is one row here, one member of Options, and one line that stores
// it in option_values.cc.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace parshall::app {

// The commands a flag belongs to, as bits.
enum Commands : uint8_t {
  kRun = 1,
  kCheck = 2,
  kExplain = 4,
  kFormats = 8,
  kVerify = 16,
  kHealthcheck = 32,
  kGenerate = 64,
  kAny = 127
};

struct Command {
  std::string_view name;
  uint8_t bit;
  std::string_view arguments;  // "[LINE]", or empty
  std::string_view help;
  std::string_view extra_argument;  // the sentence for one positional argument too many; empty: any
                                    // number is fine
  std::string_view choices = {};    // "a|b": what its argument can be; empty: any text
};

struct Flag {
  enum class Group { kInput, kRules, kOutput, kWeb, kLimits, kGenerate, kLog, kOther };
  Group group;
  std::string_view name;      // without dashes
  std::string_view argument;  // "FILE"; empty: the flag is a switch
  std::string_view fallback;  // the default, for people; empty: none
  std::string_view help;      // one sentence, with a full stop
  uint8_t commands = kRun;
  bool repeatable = false;
  bool has_twin = true;           // an environment variable
  std::string_view choices = {};  // "a|b": the only values; empty: any text
};

std::span<const Command> AllCommands();
std::span<const Flag> AllFlags();

// nullptr when there is none.
const Command* FindCommand(std::string_view name);
const Flag* FindFlag(std::string_view name);

// "web.listen-address" → "PARSHALL_WEB_LISTEN_ADDRESS".
std::string EnvironmentName(std::string_view flag);

// The flag an operator may have meant by `typed` (without dashes), or empty: few letters differ, or
// one contains the other.
std::string NearestFlag(std::string_view typed);

}  // namespace parshall::app
