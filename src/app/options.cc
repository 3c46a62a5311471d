#include "app/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "app/arguments.h"
#include "app/flags.h"
#include "app/option_values.h"
#include "base/quoted.h"

namespace parshall::app {
namespace {

std::string Join(std::string_view choices, std::string_view last_word) {
  std::string text;
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    const bool last = bar == choices.size();
    if (!text.empty()) text += last ? fmt::format(" {} ", last_word) : ", ";
    text += choices.substr(0, bar);
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return text;
}

Status CheckChoices(const std::vector<Given>& all) {
  for (const Given& given : all) {
    if (given.flag->choices.empty()) continue;
    const std::string& value = given.values.front();
    if (IsChoice(given.flag->choices, value)) continue;
    const std::string choices = Join(given.flag->choices, "or");
    return Fail(fmt::format("{} is not one of its values; write {}", Quoted(value), choices),
                given.where);
  }
  return Ok();
}

Status CheckCommand(const std::vector<Given>& all, const Command& command,
                    const std::vector<std::string>& paths) {
  for (const Given& given : all) {
    if ((given.flag->commands & command.bit) == 0) {
      return Fail(fmt::format("this flag is not for parshall {}", command.name), given.where);
    }
  }
  const size_t paths_max = command.arguments.empty() ? 0 : 1;
  if (!command.extra_argument.empty() && paths.size() > paths_max) {
    return Fail(std::string(command.extra_argument), Quoted(paths[paths_max]));
  }
  for (const std::string& path : paths) {
    if (path.empty() && command.bit != kExplain) return Fail("a path is empty");
  }
  if (command.bit == kRun && std::count(paths.begin(), paths.end(), "-") > 1) {
    return Fail("standard input is given twice", "-");
  }
  return Ok();
}

Status CheckConflicts(const Options& options) {
  if (options.once.value_or(false) && options.from == "end") {
    return Fail(fmt::format("to read from the end and only once ({}) would read nothing",
                            options.Where("once")),
                options.Where("from"));
  }
  const std::vector<std::string>& addresses = options.listen_addresses;
  if (addresses.size() > 1 && std::count(addresses.begin(), addresses.end(), "none") > 0) {
    return Fail("none means no web server, but another address is given too",
                options.Where("web.listen-address"));
  }
  // Without a configuration file the output is decided: the given one, or stdout.
  if (options.output || !options.config) {
    return CheckOutputs(options.output.value_or("-"), options.metrics_file.value_or(""));
  }
  return Ok();
}

}  // namespace

std::string Options::Where(std::string_view flag) const {
  const auto found = given.find(flag);
  return found == given.end() ? fmt::format("--{}", flag) : found->second;
}

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Status CheckOutputs(std::string_view output, std::string_view metrics_file) {
  if (output == "-" && metrics_file == "-") {
    return Fail(
        "records and metrics would be mixed on standard output; add --output none, or a file for "
        "one of them",
        "--metrics-file");
  }
  return Ok();
}

Result<Options> ParseOptions(const std::vector<std::string>& arguments,
                             const Environment& environment) {
  Result<Arguments> split = SplitArguments(arguments);
  if (!split) return split.error();

  Options options;
  std::vector<std::string> paths = std::move(split->before_dashes);
  const Command* command = paths.empty() ? nullptr : FindCommand(paths.front());
  if (command != nullptr) {
    paths.erase(paths.begin());
  } else {
    command = FindCommand("run");
  }
  for (std::string& path : split->after_dashes) paths.push_back(std::move(path));

  options.command = command->name;
  options.help = Find(&split->flags, "help") != nullptr;
  options.version = Find(&split->flags, "version") != nullptr;
  if (options.help || options.version) return options;

  if (Status fine = CheckCommand(split->flags, *command, paths); !fine) return fine.error();
  options.paths = std::move(paths);
  if (Status added = AddEnvironment(environment, command->bit, &split->flags); !added) {
    return added.error();
  }
  if (Status fine = CheckChoices(split->flags); !fine) return fine.error();
  for (const Given& given : split->flags) {
    if (Status stored = StoreValue(given, &options); !stored) return stored.error();
  }
  if (command->bit == kRun) {
    if (Status fine = CheckConflicts(options); !fine) return fine.error();
  }
  return options;
}

}  // namespace parshall::app
