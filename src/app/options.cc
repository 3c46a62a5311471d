#include "app/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cstdlib>
#include <limits>
#include <utility>

#include "app/flags.h"
#include "base/numbers.h"
#include "base/quoted.h"
#include "base/units.h"

namespace parshall::app {
namespace {

namespace po = boost::program_options;

constexpr unsigned kThreadsMax = 64;
constexpr unsigned kSeriesMost = 10'000'000;
constexpr uint64_t kLineBytesMost = 1 << 30;
constexpr double kStateSecondsMost = 86400.0;
constexpr uint64_t kRotateBytesMost = uint64_t{1} << 50;
constexpr double kRotateSecondsMost = 366 * 86400.0;
constexpr unsigned kKeepMax = 1000;
constexpr double kPercentLeast = 50;
constexpr double kPercentMost = 99.9999;

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

bool IsChoice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

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

Given* Find(std::vector<Given>* all, std::string_view name) {
  const auto found = std::find_if(all->begin(), all->end(),
                                  [&](const Given& given) { return given.flag->name == name; });
  return found == all->end() ? nullptr : &*found;
}

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

Result<Arguments> Split(const std::vector<std::string>& arguments) {
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

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// An empty variable is one that is not set: that is how compose files and units leave them.
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

Status StoreInteger(const Given& given, unsigned max, std::optional<unsigned>* out) {
  const std::string& value = given.values.front();
  int64_t number = 0;
  if (!ParseInt64(value, &number) || number < 1 || number > max) {
    return Fail(fmt::format("{} is not a number from 1 to {}", Quoted(value), max), given.where);
  }
  *out = static_cast<unsigned>(number);
  return Ok();
}

// `max_text`: how a person writes `max`.
Status StoreSize(const Given& given, uint64_t max, std::string_view max_text,
                 std::optional<uint64_t>* out) {
  const std::string& value = given.values.front();
  uint64_t bytes = 0;
  if (!ParseByteSize(value, &bytes)) {
    return Fail(
        fmt::format("{} is not a size; write bytes or a number with KiB, MiB or GiB, as 64KiB",
                    Quoted(value)),
        given.where);
  }
  if (bytes < 1 || bytes > max) {
    return Fail(fmt::format("{} is not between 1 and {}", Quoted(value), max_text), given.where);
  }
  *out = bytes;
  return Ok();
}

// Below 50 % no alert could tell a burning budget from an ordinary day.
Status StorePercent(const Given& given, std::optional<double>* out) {
  std::string_view text = given.values.front();
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  if (!ParseDouble(text, &percent) || !(percent >= kPercentLeast && percent <= kPercentMost)) {
    return Fail(fmt::format("{} is not a percentage from 50 to 99.9999; write it as 99.9",
                            Quoted(given.values.front())),
                given.where);
  }
  *out = percent;
  return Ok();
}

Status StoreObjectives(const Given& given, Options* options) {
  const std::string_view name = given.flag->name;
  const std::string& value = given.values.front();
  if (name == "job") options->job = value;
  if (name == "datasource") options->datasource = value;
  if (name == "slo.availability") return StorePercent(given, &options->slo_availability_percent);
  if (name == "slo.latency-target") return StorePercent(given, &options->slo_latency_percent);
  if (name == "slo.latency") {
    double seconds = 0;
    if (!ParseDuration(value, &seconds) || !(seconds > 0)) {
      return Fail(fmt::format("{} is not a time; write it as 250ms or 1s", Quoted(value)),
                  given.where);
    }
    options->slo_latency_seconds = seconds;
  }
  return Ok();
}

Status StoreNumbers(const Given& given, Options* options) {
  const std::string_view name = given.flag->name;
  const std::string& value = given.values.front();
  if (name == "threads") return StoreInteger(given, kThreadsMax, &options->threads);
  if (name == "series-max") return StoreInteger(given, kSeriesMost, &options->series_max);
  if (name == "output.keep") return StoreInteger(given, kKeepMax, &options->output_keep);
  if (name == "line-bytes-max")
    return StoreSize(given, kLineBytesMost, "1GiB", &options->line_bytes_max);
  if (name == "output.rotate-bytes")
    return StoreSize(given, kRotateBytesMost, "1024TiB", &options->output_rotate_bytes);
  if (name == "state.interval") {
    double seconds = 0;
    if (!ParseDuration(value, &seconds) || seconds < 0.001 || seconds > kStateSecondsMost) {
      return Fail(fmt::format("{} is not a time from 1ms to 24h; write it as 500ms, 1s or 1m",
                              Quoted(value)),
                  given.where);
    }
    options->state_interval_seconds = seconds;
  }
  if (name == "output.rotate-interval") {
    double seconds = 0;
    if (!ParseDuration(value, &seconds)) {
      return Fail(
          fmt::format("{} is not a time; write a number with s, m, h or d, as 24h", Quoted(value)),
          given.where);
    }
    if (seconds < 1 || seconds > kRotateSecondsMost) {
      return Fail(fmt::format("{} is not between 1s and 366d", Quoted(value)), given.where);
    }
    options->output_rotate_interval_seconds = seconds;
  }
  return Ok();
}

Status Store(const Given& given, Options* options) {
  const std::string_view name = given.flag->name;
  const std::string& value = given.values.front();
  const bool yes = value == "true";
  options->given.emplace(name, given.where);
  if (name == "config") options->config = value;
  if (name == "format") options->format = value;
  if (name == "rules") options->rules = given.values;
  if (name == "dedupe") options->dedupe = value;
  if (name == "output") options->output = value;
  if (name == "schema") options->schema = value;
  if (name == "output.on-error") options->output_on_error = value;
  if (name == "once") options->once = yes;
  if (name == "from") options->from = value;
  if (name == "metrics-file") options->metrics_file = value;
  if (name == "state") options->state = value;
  if (name == "url") options->url = value;
  if (name == "url.ca-file") options->url_ca_file = value;
  if (name == "web.config.file") options->web_config_file = value;
  if (name == "web.listen-address") options->listen_addresses = given.values;
  if (name == "web.enable-lifecycle") options->enable_lifecycle = yes;
  if (name == "config.watch") options->config_watch = yes;
  if (name == "log.level") {
    options->log_level = value == "debug"     ? LogLevel::kDebug
                         : value == "info"    ? LogLevel::kInfo
                         : value == "warning" ? LogLevel::kWarning
                                              : LogLevel::kError;
  }
  if (name == "log.format") {
    options->log_format = value == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  }
  if (name == "json") options->json = yes;
  if (name == "plans") options->plans = yes;
  if (name == "unmatched") options->unmatched = yes;
  if (name == "print-completion") options->print_completion = value;
  if (name == "print-man") options->print_man = yes;
  if (name == "version") options->version = yes;
  if (name == "help") options->help = yes;
  if (given.flag->commands == kGenerate) return StoreObjectives(given, options);
  return StoreNumbers(given, options);
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

bool ParseByteSize(std::string_view text, uint64_t* bytes) {
  struct Unit {
    std::string_view name;
    int shift;
  };
  static constexpr std::array kUnits = {Unit{"kib", 10}, Unit{"mib", 20}, Unit{"gib", 30},
                                        Unit{"tib", 40}};
  int shift = 0;
  for (const Unit& unit : kUnits) {
    if (text.size() <= unit.name.size()) continue;
    const std::string_view end = text.substr(text.size() - unit.name.size());
    const bool same = std::equal(end.begin(), end.end(), unit.name.begin(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
    if (!same) continue;
    shift = unit.shift;
    text.remove_suffix(unit.name.size());
    if (text.ends_with(' ')) text.remove_suffix(1);
    break;
  }
  int64_t number = 0;
  if (text.starts_with('-') || !ParseInt64(text, &number)) return false;
  if (number > std::numeric_limits<int64_t>::max() >> shift) return false;
  *bytes = static_cast<uint64_t>(number) << shift;
  return true;
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
  Result<Arguments> split = Split(arguments);
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
    if (Status stored = Store(given, &options); !stored) return stored.error();
  }
  if (command->bit == kRun) {
    if (Status fine = CheckConflicts(options); !fine) return fine.error();
  }
  return options;
}

}  // namespace parshall::app
