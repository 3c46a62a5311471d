#include "app/options.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <set>

#include "app/flags.h"

namespace parshall::app {
namespace {

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Result<Options> Parse(const Arguments& arguments, const Variables& variables = {}) {
  return ParseOptions(arguments, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

Options Good(const Arguments& arguments, const Variables& variables = {}) {
  Result<Options> options = Parse(arguments, variables);
  INFO(Catch::Detail::stringify(arguments));
  if (!options) FAIL(options.error().ToString());
  return *options;
}

std::string Bad(const Arguments& arguments, const Variables& variables = {}) {
  const Result<Options> options = Parse(arguments, variables);
  return options ? "(accepted)" : options.error().ToString();
}

}  // namespace

TEST_CASE("ParseOptions gives nothing when nothing is given") {
  const Options options = Good({});
  CHECK(options.command == "run");
  CHECK(options.paths.empty());
  CHECK_FALSE(options.config);
  CHECK_FALSE(options.output);
  CHECK_FALSE(options.once);
  CHECK_FALSE(options.threads);
  CHECK_FALSE(options.log_level);
  CHECK(options.listen_addresses.empty());
  CHECK(options.given.empty());
  CHECK(options.Where("threads") == "--threads");
}

TEST_CASE("ParseOptions reads every flag of run") {
  const Options options = Good({"--config",
                                "c.yaml",
                                "--format=combined",
                                "a.log",
                                "--rules",
                                "r1",
                                "--rules=r2",
                                "--output",
                                "none",
                                "--output.on-error",
                                "drop",
                                "--output.rotate-bytes=2TiB",
                                "--output.rotate-interval=1.5h",
                                "--output.keep",
                                "1000",
                                "--schema",
                                "flat",
                                "--once",
                                "--from",
                                "beginning",
                                "--metrics-file",
                                "-",
                                "--web.listen-address",
                                ":1",
                                "--web.listen-address=[::1]:2",
                                "--threads",
                                "64",
                                "--line-bytes-max",
                                "64KiB",
                                "--log.level",
                                "warning",
                                "--log.format",
                                "json",
                                "b.log"});
  CHECK(options.config == "c.yaml");
  CHECK(options.format == "combined");
  CHECK(options.rules == Arguments{"r1", "r2"});
  CHECK(options.output == "none");
  CHECK(options.output_on_error == "drop");
  CHECK(options.output_rotate_bytes == uint64_t{2} << 40);
  CHECK(options.output_rotate_interval_seconds == 5400);
  CHECK(options.output_keep == 1000U);
  CHECK(options.schema == "flat");
  CHECK(options.once == true);
  CHECK(options.from == "beginning");
  CHECK(options.metrics_file == "-");
  CHECK(options.listen_addresses == Arguments{":1", "[::1]:2"});
  CHECK(options.threads == 64u);
  CHECK(options.line_bytes_max == 65536u);
  CHECK(options.log_level == LogLevel::kWarning);
  CHECK(options.log_format == LogFormat::kJson);
  CHECK(options.paths == Arguments{"a.log", "b.log"});
  CHECK(options.Where("threads") == "--threads");
  CHECK(options.given.size() == 17);
}

TEST_CASE("ParseOptions tells commands from paths") {
  struct Row {
    Arguments arguments;
    std::string command;
    Arguments paths;
  };
  const Row rows[] = {
      {{"run"}, "run", {}},
      {{"run", "a"}, "run", {"a"}},
      {{"a"}, "run", {"a"}},
      {{"-"}, "run", {"-"}},
      {{"-", "a"}, "run", {"-", "a"}},
      {{"check"}, "check", {}},
      {{"check", "r.yaml", "s.yaml"}, "check", {"r.yaml", "s.yaml"}},
      {{"--config", "x", "check"}, "check", {}},
      {{"./check"}, "run", {"./check"}},
      {{"a", "check"}, "run", {"a", "check"}},
      {{"--", "check"}, "run", {"check"}},
      {{"run", "check"}, "run", {"check"}},
      {{"--", "--once", "-x", "--"}, "run", {"--once", "-x", "--"}},
      {{"--once", "--", "a"}, "run", {"a"}},
      {{"explain"}, "explain", {}},
      {{"explain", "a line"}, "explain", {"a line"}},
      {{"explain", "--json", "a line"}, "explain", {"a line"}},
      {{"explain", "- - - [x] \"GET / HTTP/1.1\" 200 1"},
       "explain",
       {"- - - [x] \"GET / HTTP/1.1\" 200 1"}},
      {{"explain", "--", "--json"}, "explain", {"--json"}},
      {{"explain", ""}, "explain", {""}},
      {{"formats"}, "formats", {}},
      {{"verify", "a.log", "--url", "u"}, "verify", {"a.log"}},
      {{"chek"}, "run", {"chek"}},
  };
  for (const Row& row : rows) {
    const Options options = Good(row.arguments);
    INFO(Catch::Detail::stringify(row.arguments));
    CHECK(options.command == row.command);
    CHECK(options.paths == row.paths);
  }
}

TEST_CASE("ParseOptions refuses with one sentence and the place") {
  struct Row {
    Arguments arguments;
    std::string wanted;  // the beginning of the error
  };
  const Row rows[] = {
      {{"--thread", "2"}, "there is no flag \"--thread\"; did you mean --threads?"},
      {{"--thread=2"}, "there is no flag \"--thread\"; did you mean --threads?"},
      {{"--log-level", "info"}, "there is no flag \"--log-level\"; did you mean --log.level?"},
      {{"--listen-address", ":1"},
       "there is no flag \"--listen-address\"; did you mean --web.listen-address?"},
      {{"--conf", "x"}, "there is no flag \"--conf\"; did you mean --config?"},
      {{"-config", "x"}, "there is no flag"},
      {{"--onec"}, "there is no flag \"--onec\"; did you mean --once?"},
      {{"--zzzzzzzz"}, "there is no flag \"--zzzzzzzz\"; parshall --help lists the flags"},
      {{"-x"}, "there is no flag \"-x\""},
      {{"-o", "x"}, "there is no flag \"-o\""},
      {{"--a\x1b[31m"}, "there is no flag \"--a\\u001b[31m\""},
      {{"--" + std::string(100'000, 'x')}, "there is no flag \"--xxx"},
      {{"--Once"}, "there is no flag \"--Once\"; did you mean --once?"},
      {{"---once"}, "there is no flag"},
      {{"--=x"}, "there is no flag"},
      {{"--config"}, "--config: this flag needs a value, FILE"},
      {{"--config="}, "--config: this flag needs a value, FILE"},
      {{"--config", ""}, "--config: this flag needs a value, FILE"},
      {{"--config", "--once"}, "--config: this flag needs a value, FILE"},
      {{"--config", "--nonsense"}, "--config: this flag needs a value, FILE"},
      {{"--config", "--", "x"}, "--config: this flag needs a value, FILE"},
      {{"--once=true"}, "--once: this flag takes no value"},
      {{"--once="}, "--once: "},
      {{"--threads", "1", "--threads", "2"}, "--threads: this flag is given twice"},
      {{"--once", "--once"}, "--once: this flag is given twice"},
      {{"--threads", "0"}, "--threads: \"0\" is not a number from 1 to 64"},
      {{"--threads", "65"}, "--threads: \"65\" is not a number from 1 to 64"},
      {{"--threads", "-1"}, "--threads: \"-1\" is not a number"},
      {{"--threads", "two"}, "--threads: \"two\" is not a number"},
      {{"--threads", "99999999999999999999"}, "--threads: "},
      {{"--threads", "1.5"}, "--threads: "},
      {{"--output.on-error", "wait"},
       "--output.on-error: \"wait\" is not one of its values; write pause, drop or exit"},
      {{"--output.keep", "0"}, "--output.keep: \"0\" is not a number from 1 to 1000"},
      {{"--output.rotate-bytes", "1025TiB"},
       "--output.rotate-bytes: \"1025TiB\" is not between 1 and 1024TiB"},
      {{"--output.rotate-interval", "7"},
       "--output.rotate-interval: \"7\" is not a time; write a number with s, m, h or d, as 24h"},
      {{"--output.rotate-interval", "10ms"},
       "--output.rotate-interval: \"10ms\" is not between 1s and 366d"},
      {{"--series-max", "0"}, "--series-max: \"0\" is not a number from 1 to 10000000"},
      {{"--line-bytes-max", "0"}, "--line-bytes-max: \"0\" is not between 1 and 1GiB"},
      {{"--line-bytes-max", "1073741825"}, "--line-bytes-max: \"1073741825\" is not between"},
      {{"--line-bytes-max", "2GiB"}, "--line-bytes-max: \"2GiB\" is not between"},
      {{"--line-bytes-max", "1MB"}, "--line-bytes-max: \"1MB\" is not a size; write bytes or"},
      {{"--from", "middle"}, "--from: \"middle\" is not one of its values; write beginning or end"},
      {{"--schema", "esc"}, "--schema: \"esc\" is not one of its values; write flat or ecs"},
      {{"--log.level", "warn"},
       "--log.level: \"warn\" is not one of its values; write debug, info, warning or error"},
      {{"--log.format", "xml"}, "--log.format: "},
      {{"--once", "--from", "end"},
       "--from: to read from the end and only once (--once) would read nothing"},
      {{"--web.listen-address", "none", "--web.listen-address", ":1"},
       "--web.listen-address: none means no web server"},
      {{"--metrics-file", "-"}, "--metrics-file: records and metrics would be mixed"},
      {{"--metrics-file", "-", "--output", "-", "--config", "c"},
       "--metrics-file: records and metrics would be mixed"},
      {{"-", "a", "-"}, "-: standard input is given twice"},
      {{""}, "a path is empty"},
      {{"--json"}, "--json: this flag is not for parshall run"},
      {{"--plans", "x"}, "--plans: this flag is not for parshall run"},
      {{"check", "--json"}, "--json: this flag is not for parshall check"},
      {{"explain", "--plans"}, "--plans: this flag is not for parshall explain"},
      {{"check", "--once"}, "--once: this flag is not for parshall check"},
      {{"explain", "--threads", "2"}, "--threads: this flag is not for parshall explain"},
      {{"explain", "127.0.0.1", "-", "-"},
       "\"-\": explain takes one LINE; put it in single quotes"},
      {{"formats", "x"}, "\"x\": formats takes no arguments"},
      {{"formats", "--config", "x"}, "--config: this flag is not for parshall formats"},
  };
  for (const Row& row : rows) {
    INFO(Catch::Detail::stringify(row.arguments).substr(0, 200));
    const std::string error = Bad(row.arguments);
    INFO(error);
    CHECK(error.starts_with(row.wanted));
    CHECK(error.find('\n') == std::string::npos);
    CHECK(error.size() < 300);
  }
}

TEST_CASE("ParseOptions takes a value that begins with a dash") {
  CHECK(Good({"--output", "-"}).output == "-");
  CHECK(Good({"--output=-"}).output == "-");
  CHECK(Good({"--output", "-o"}).output == "-o");
  CHECK(Good({"--config=--once"}).config == "--once");
  CHECK(Good({"--format", "a=b"}).format == "a=b");
  CHECK(Good({"--format=a=b"}).format == "a=b");
}

TEST_CASE("ParseOptions leaves what the configuration file may still decide") {
  const Options options = Good({"--config", "c", "--metrics-file", "-"});
  CHECK_FALSE(options.output);
  CHECK_FALSE(CheckOutputs("-", "-").ok());
  CHECK(CheckOutputs("none", "-").ok());
  CHECK(CheckOutputs("-", "m.prom").ok());
  CHECK(CheckOutputs("-", "").ok());
}

TEST_CASE("ParseOptions takes the environment where no flag is given") {
  const Variables variables = {{"PARSHALL_WEB_LISTEN_ADDRESS", ":1,unix:/x,"},
                               {"PARSHALL_RULES", "a.yaml"},
                               {"PARSHALL_ONCE", "yes"},
                               {"PARSHALL_THREADS", "3"},
                               {"PARSHALL_LINE_BYTES_MAX", "2MiB"},
                               {"PARSHALL_LOG_LEVEL", "debug"},
                               {"PARSHALL_FORMAT", "a,b"},
                               {"PARSHALL_JSON", "true"},
                               {"PARSHALL_HELP", "true"},
                               {"PARSHALL_OTHER", "x"}};
  const Options options = Good({"--threads", "5"}, variables);
  CHECK(options.listen_addresses == Arguments{":1", "unix:/x"});
  CHECK(options.rules == Arguments{"a.yaml"});
  CHECK(options.once == true);
  CHECK(options.threads == 5u);  // the flag wins
  CHECK(options.line_bytes_max == 2u << 20);
  CHECK(options.log_level == LogLevel::kDebug);
  CHECK(options.format == "a,b");  // not a list
  CHECK_FALSE(options.json);       // not for run
  CHECK_FALSE(options.help);       // no twin
  CHECK(options.Where("threads") == "--threads");
  CHECK(options.Where("rules") == "PARSHALL_RULES");
  CHECK(Good({"explain", "x"}, variables).json);
  CHECK(Good({"--rules", "f"}, variables).rules == Arguments{"f"});  // replaces the list
}

TEST_CASE("ParseOptions takes an empty variable as none, and false as an answer") {
  CHECK_FALSE(Good({}, {{"PARSHALL_ONCE", ""}}).once);
  CHECK_FALSE(Good({}, {{"PARSHALL_OUTPUT", ""}}).output);
  CHECK(Good({}, {{"PARSHALL_RULES", ",,"}}).rules.empty());
  for (const char* no : {"0", "false", "no", "off"}) {
    CHECK(Good({}, {{"PARSHALL_ONCE", no}}).once == false);
  }
}

TEST_CASE("ParseOptions names the variable that is wrong") {
  CHECK(
      Bad({}, {{"PARSHALL_THREADS", "x"}}).starts_with("PARSHALL_THREADS: \"x\" is not a number"));
  CHECK(Bad({}, {{"PARSHALL_ONCE", "maybe"}}) ==
        "PARSHALL_ONCE: \"maybe\" is neither true nor false");
  CHECK(Bad({"--once"}, {{"PARSHALL_FROM", "end"}}).starts_with("PARSHALL_FROM: "));
  CHECK(Bad({"--from", "end"}, {{"PARSHALL_ONCE", "1"}}).find("(PARSHALL_ONCE)") !=
        std::string::npos);
  CHECK(Bad({}, {{"PARSHALL_LOG_LEVEL", "\x1b[2J"}}).find('\x1b') == std::string::npos);
}

TEST_CASE("ParseOptions answers --help and --version before it looks at anything else") {
  CHECK(Good({"--help"}).help);
  CHECK(Good({"-h"}).help);
  CHECK(Good({"check", "--help", "--once"}).help);
  CHECK(Good({"check", "--help"}).command == "check");
  CHECK(Good({"--version"}, {{"PARSHALL_THREADS", "x"}}).version);
}

TEST_CASE("ProcessEnvironment reads this process's variables") {
  setenv("PARSHALL_TEST_VARIABLE", "x", 1);
  CHECK(ProcessEnvironment()("PARSHALL_TEST_VARIABLE") == "x");
  unsetenv("PARSHALL_TEST_VARIABLE");
  CHECK_FALSE(ProcessEnvironment()("PARSHALL_TEST_VARIABLE"));
}

TEST_CASE("ParseByteSize takes binary units only") {
  struct Row {
    const char* text;
    bool ok;
    uint64_t bytes;
  };
  const Row rows[] = {
      {"0", true, 0},
      {"1024", true, 1024},
      {"1KiB", true, 1024},
      {"1 KiB", true, 1024},
      {"3mib", true, 3 << 20},
      {"1GIB", true, 1 << 30},
      {"8589934591GiB", true, 8589934591ull << 30},
      {"8589934592GiB", false, 0},
      {"9223372036854775807", true, 9223372036854775807ull},
      {"9223372036854775808", false, 0},
      {"", false, 0},
      {"KiB", false, 0},
      {" KiB", false, 0},
      {"-1KiB", false, 0},
      {"-0", false, 0},
      {"1.5MiB", false, 0},
      {"1K", false, 0},
      {"1KB", false, 0},
      {"1k", false, 0},
      {"1B", false, 0},
      {"0x10", false, 0},
      {"1e3", false, 0},
      {" 1", false, 0},
      {"1  KiB", false, 0},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    uint64_t bytes = 0;
    CHECK(ParseByteSize(row.text, &bytes) == row.ok);
    CHECK(bytes == row.bytes);
  }
}

TEST_CASE("Each flag of the table is read, stored, explained and in the documentation's table") {
  const std::string help = HelpText();
  const std::string table = FlagTableMarkdown();
  std::set<std::string_view> names;
  for (const Flag& flag : AllFlags()) {
    INFO(flag.name);
    CHECK(names.insert(flag.name).second);
    CHECK(help.find("--" + std::string(flag.name)) != std::string::npos);
    CHECK(table.find("`--" + std::string(flag.name)) != std::string::npos);
    CHECK(flag.help.ends_with('.'));

    if (!flag.has_twin) continue;
    CHECK(table.find("`" + EnvironmentName(flag.name) + "`") != std::string::npos);
    // Some value is accepted, and remembered as given.
    std::string value = "7";
    if (flag.name == "line-bytes-max") value = "1MiB";
    if (flag.name == "series-max") value = "10";
    if (flag.argument == "DURATION") value = "7s";
    if (flag.argument == "PERCENT") value = "70";
    if (!flag.choices.empty()) value = flag.choices.substr(0, flag.choices.find('|'));
    Arguments arguments;
    for (const Command& command : AllCommands()) {
      if ((flag.commands & command.bit) != 0 && arguments.empty()) {
        arguments.emplace_back(command.name);
      }
    }
    arguments.push_back("--" + std::string(flag.name));
    if (!flag.argument.empty()) arguments.push_back(value);
    CHECK(Good(arguments).given.count(flag.name) == 1);
  }
  CHECK(EnvironmentName("web.listen-address") == "PARSHALL_WEB_LISTEN_ADDRESS");
}

TEST_CASE("HelpText fits 100 columns and names every command") {
  const std::string help = HelpText();
  size_t begin = 0;
  for (size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', begin)) {
    const std::string line = help.substr(begin, end - begin);
    INFO(line);
    size_t columns = 0;
    for (const char c : line) columns += (static_cast<unsigned char>(c) & 0xc0) == 0x80 ? 0 : 1;
    CHECK(columns <= 100);
    CHECK_FALSE(line.ends_with(' '));
    begin = end + 1;
  }
  CHECK(begin == help.size());
  for (const Command& command : AllCommands()) {
    CHECK(help.find("\n  " + std::string(command.name)) != std::string::npos);
  }
  CHECK(help.find("verify") != std::string::npos);
}

TEST_CASE("FlagTableMarkdown is a table of five columns") {
  const std::string table = FlagTableMarkdown();
  CHECK(table.find("| `--output -\\|FILE\\|none` | `PARSHALL_OUTPUT` | - | run | ") !=
        std::string::npos);
  size_t begin = 0;
  for (size_t end = table.find('\n'); end != std::string::npos; end = table.find('\n', begin)) {
    const std::string line = table.substr(begin, end - begin);
    INFO(line);
    size_t bars = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    }
    CHECK(bars == 6);
    begin = end + 1;
  }
}

}  // namespace parshall::app
