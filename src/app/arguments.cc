#include "app/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <utility>

#include "base/quoted.h"

namespace parshall::app {
namespace {

namespace po = boost::program_options;

Error UnknownFlag(std::string_view token) {
  const std::string_view typed = token.substr(0, token.find('='));
  std::string_view bare = typed;
  while (bare.starts_with('-')) bare.remove_prefix(1);
  const std::string nearest = NearestFlag(bare);
  const std::string hint = nearest.empty() ? "; parshall --help lists the flags"
                                           : fmt::format("; did you mean --{}?", nearest);
  return Fail(fmt::format("there is no flag {}{}", Quoted(typed), hint));
}

// Boost reads the shape of the command line: flags with their values, positional arguments. What
// they mean is decided here, for its own checks speak another language than our errors. Its
// guessing of abbreviations is off, since a flag that is added later would change the meaning of a
// guess.
po::options_description BoostDescription() {
  po::options_description description;
  for (const Flag& flag : AllFlags()) {
    const std::string name(flag.name == "help" ? "help,h" : flag.name);
    if (flag.argument.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  return description;
}

// A LINE for explain, or a path, may begin with "- ": no flag does.
std::vector<po::option> TakeDashBlank(std::vector<std::string>& tokens) {
  if (tokens.empty() || !tokens[0].starts_with("- ")) return {};
  po::option option;
  option.value = {tokens[0]};
  option.original_tokens = {tokens[0]};
  option.position_key = 0;
  tokens.erase(tokens.begin());
  return {option};
}

Error ShapeError(const po::error_with_option_name& error) {
  std::string name = error.get_option_name();
  while (name.starts_with('-')) name.erase(0, 1);
  const Flag* flag = FindFlag(name);
  if (flag == nullptr) return Fail("this command line cannot be read; see parshall --help");
  const std::string where = "--" + name;
  if (flag->argument.empty()) return Fail("this flag takes no value", where);
  return Fail(fmt::format("this flag needs a value, {}", flag->argument), where);
}

Status Collect(const std::vector<po::option>& options, Arguments* out) {
  for (const po::option& option : options) {
    if (option.string_key.empty()) {
      // "--=x" is a flag without a name, which Boost takes for the argument "x".
      if (option.original_tokens != option.value) return UnknownFlag(option.original_tokens[0]);
      out->before_dashes.insert(out->before_dashes.end(), option.value.begin(), option.value.end());
      continue;
    }
    const Flag* flag = option.unregistered ? nullptr : FindFlag(option.string_key);
    if (flag == nullptr) {
      return UnknownFlag(option.original_tokens.empty() ? option.string_key
                                                        : option.original_tokens[0]);
    }
    const std::string where = fmt::format("--{}", flag->name);
    const bool is_switch = flag->argument.empty();
    // "--config --once": a value that looks like a flag is a value that was forgotten.
    // --config=--once says it is meant.
    const bool separate = option.original_tokens.size() > 1;
    if (!is_switch && (option.value.empty() || option.value[0].empty() ||
                       (separate && option.value[0].starts_with("--")))) {
      return Fail(fmt::format("this flag needs a value, {}", flag->argument), where);
    }
    Given* before = Find(&out->flags, flag->name);
    if (before == nullptr) {
      out->flags.push_back({flag, {}, where});
      before = &out->flags.back();
    } else if (!flag->repeatable) {
      return Fail("this flag is given twice", where);
    }
    before->values.push_back(is_switch ? "true" : option.value[0]);
  }
  return Ok();
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

}  // namespace

bool IsChoice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

Given* Find(std::vector<Given>* all, std::string_view name) {
  const auto found = std::find_if(all->begin(), all->end(),
                                  [&](const Given& given) { return given.flag->name == name; });
  return found == all->end() ? nullptr : &*found;
}

Result<Arguments> SplitArguments(const std::vector<std::string>& arguments) {
  Arguments out;
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes != arguments.end()) out.after_dashes.assign(dashes + 1, arguments.end());
  try {
    namespace style = po::command_line_style;
    const po::options_description description = BoostDescription();
    po::command_line_parser parser(std::vector<std::string>(arguments.begin(), dashes));
    parser.options(description)
        .style(style::unix_style & ~style::allow_guessing)
        .extra_style_parser(TakeDashBlank)
        .allow_unregistered();
    if (Status collected = Collect(parser.run().options, &out); !collected) {
      return collected.error();
    }
  } catch (const po::error_with_option_name& error) {
    return ShapeError(error);
  } catch (const std::exception&) {
    return Fail("this command line cannot be read; see parshall --help");
  }
  return out;
}

Status AddEnvironment(const Environment& environment, uint8_t command, std::vector<Given>* all) {
  for (const Flag& flag : AllFlags()) {
    if (!flag.has_twin || (flag.commands & command) == 0) continue;
    if (Find(all, flag.name) != nullptr) continue;  // the flag beats it
    const std::string name = EnvironmentName(flag.name);
    const std::optional<std::string> value = environment(name);
    if (!value || value->empty()) continue;
    Given given{&flag, {*value}, name};
    if (flag.argument.empty()) {
      const bool yes = IsChoice("1|true|yes|on", *value);
      if (!yes && !IsChoice("0|false|no|off", *value)) {
        return Fail(fmt::format("{} is neither true nor false", Quoted(*value)), name);
      }
      given.values = {yes ? "true" : "false"};
    } else if (flag.repeatable) {
      given.values = SplitAtCommas(*value);
      if (given.values.empty()) continue;
    }
    all->push_back(std::move(given));
  }
  return Ok();
}

}  // namespace parshall::app
