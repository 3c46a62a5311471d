#include "rules/config_reader.h"

#include <catch2/catch.hpp>

namespace parshall::rules {
namespace {

std::optional<std::string> Environment(const std::string& name) {
  if (name == "PORT") return "9123";
  if (name == "HOME") return "/home/p";
  if (name == "EMPTY") return "";
  if (name == "LONG") return std::string(40'000, 'x');
  if (name == "SNEAKY") return "x]: {a: ${PORT}\nb: c";
  return std::nullopt;
}

std::string Faults(const std::string& text) {
  std::string all;
  for (const Error& error : ReadConfig("p.yaml", text, Environment).faults) {
    all += error.ToString() + "\n";
  }
  return all;
}

Config Read(const std::string& text) {
  const ConfigOutcome outcome = ReadConfig("p.yaml", text, Environment);
  for (const Error& error : outcome.faults) FAIL_CHECK(error.ToString());
  return outcome.config;
}

TEST_CASE("ReadConfig reads every setting") {
  const Config config = Read(R"yaml(
sources:
  - /var/log/nginx/*.log
  - {path: access.log, from: end, once: true}
  - path: '-'
    from: beginning
rules:
  - rules/access.yaml
  - rules: [{name: a, pattern: '^(?P<x>a)$$'}]
    metrics: [{name: a_total, kind: counter, help: h}]
  - name: b
    json: true
metrics:
  - {name: b_total, kind: counter, help: h}
output: {to: '${HOME}/records.jsonl', schema: ecs, on_error: drop, rotate_bytes: 2TiB,
         rotate_interval: 7d, keep: 9}
web:
  listen_address: ['127.0.0.1:${PORT}', '[::1]:9']
  config_file: web.yaml
  enable_lifecycle: true
state: {dir: /var/lib/parshall, interval: 500ms}
labels: {site: shop, zone: '${ZONE:-eu}'}
format: combined
threads: 2
line_bytes_max: 64KiB
series_max: 5000
log: {level: debug, format: json}
)yaml");
  REQUIRE(config.sources);
  REQUIRE(config.sources->size() == 3);
  CHECK((*config.sources)[0].path == "/var/log/nginx/*.log");
  CHECK_FALSE((*config.sources)[0].from_end);
  CHECK_FALSE((*config.sources)[0].once);
  CHECK((*config.sources)[1].from_end == true);
  CHECK((*config.sources)[1].once == true);
  CHECK((*config.sources)[2].path == "-");
  CHECK((*config.sources)[2].from_end == false);
  CHECK((*config.sources)[2].where.ToString() == "p.yaml:5:5");
  REQUIRE(config.rules);
  REQUIRE(config.rules->size() == 3);
  CHECK((*config.rules)[0].path == "rules/access.yaml");
  CHECK_FALSE((*config.rules)[0].inline_file);
  CHECK(config.output.to == "/home/p/records.jsonl");
  CHECK(config.output.schema == "ecs");
  CHECK(config.output.on_error == "drop");
  CHECK(config.output.rotate_bytes == uint64_t{2} << 40);
  CHECK(config.output.rotate_interval_seconds == 7 * 86400.0);
  CHECK(config.output.keep == 9);
  CHECK(config.web.listen_addresses == std::vector<std::string>{"127.0.0.1:9123", "[::1]:9"});
  CHECK(config.web.config_file == "web.yaml");
  CHECK(config.web.enable_lifecycle == true);
  CHECK(config.state.dir == "/var/lib/parshall");
  CHECK(config.state.interval_seconds == 0.5);
  REQUIRE(config.labels.size() == 2);
  CHECK(config.labels[0] == std::pair<std::string, std::string>("site", "shop"));
  CHECK(config.labels[1] == std::pair<std::string, std::string>("zone", "eu"));
  CHECK(config.format == "combined");
  CHECK(config.threads == 2);
  CHECK(config.line_bytes_max == 65536);
  CHECK(config.series_max == 5000);
  CHECK(config.log.level == "debug");
  CHECK(config.log.format == "json");
  CHECK(config.PlaceOf("web.listen_address") == "p.yaml:18:19");
  CHECK(config.PlaceOf("state.dir") == "p.yaml:21:14");
  CHECK(config.PlaceOf("nothing").empty());
}

TEST_CASE("ReadConfig hands inline rules on to ReadRules with their places") {
  const Config config = Read(
      "rules:\n"
      "  - rules: [{name: a, pattern: '^(?P<x>a)$$'}]\n"
      "    metrics: [{name: a_total, kind: counter, help: '${NOT_EXPANDED}'}]\n"
      "  - name: b\n"
      "    json: no\n"
      "metrics:\n"
      "  - {name: a_total, kind: gauge, help: h}\n");
  REQUIRE(config.rules);
  REQUIRE(config.metrics);
  const ReadOutcome outcome = ReadRules(
      {*(*config.rules)[0].inline_file, *(*config.rules)[1].inline_file, *config.metrics});
  REQUIRE(outcome.rules.rules.size() == 2);
  CHECK(outcome.rules.rules[0].pattern == "^(?P<x>a)$$");
  CHECK(outcome.rules.rules[0].pattern_where.ToString() == "p.yaml:2:33");
  CHECK(outcome.rules.metrics[0].help == "${NOT_EXPANDED}");
  std::string all;
  for (const Error& error : outcome.faults) all += error.ToString() + "\n";
  CHECK(all ==
        "p.yaml:5:11: rule \"b\": json: must be true or false, and this is \"no\"\n"
        "p.yaml:7:5: metric \"a_total\" needs `value:`, the field that the gauge takes\n"
        "p.yaml:7:5: metric \"a_total\" is a gauge here and a counter in p.yaml:3:15\n"
        "p.yaml:7:12: metric \"a_total\": only the name of a counter ends in _total\n");
}

TEST_CASE("ReadConfig leaves out what was not written") {
  const Config config = Read("output: none\nweb: {listen_address: none}\n");
  CHECK(config.output.to == "none");
  CHECK_FALSE(config.output.schema);
  CHECK(config.web.listen_addresses == std::vector<std::string>{"none"});
  CHECK_FALSE(config.web.enable_lifecycle);
  CHECK_FALSE(config.sources);
  CHECK_FALSE(config.rules);
  CHECK_FALSE(config.metrics);
  CHECK_FALSE(config.threads);
  CHECK_FALSE(config.line_bytes_max);
  CHECK(config.labels.empty());
}

TEST_CASE("ReadConfig reads sizes and times") {
  struct Row {
    const char* text;
    std::optional<uint64_t> bytes;
  };
  const Row sizes[] = {{"1", 1},
                       {"1MiB", 1 << 20},
                       {"'2 KiB'", 2048},
                       {"1GiB", 1 << 30},
                       {"512B", 512},
                       {"2GiB", std::nullopt},
                       {"0", std::nullopt},
                       {"-1", std::nullopt},
                       {"1.5MiB", std::nullopt},
                       {"1mb", std::nullopt},
                       {"MiB", std::nullopt},
                       {"99999999999999999999", std::nullopt}};
  for (const Row& row : sizes) {
    INFO(row.text);
    const auto outcome =
        ReadConfig("p.yaml", "line_bytes_max: " + std::string(row.text), Environment);
    CHECK(outcome.config.line_bytes_max == row.bytes);
    CHECK(outcome.faults.empty() == row.bytes.has_value());
  }
  struct Time {
    const char* text;
    std::optional<double> seconds;
  };
  const Time times[] = {{"1s", 1.0},          {"500ms", 0.5},        {"1.5s", 1.5},
                        {"2m", 120.0},        {"24h", 86400.0},      {"25h", std::nullopt},
                        {"1", std::nullopt},  {"0s", std::nullopt},  {"-1s", std::nullopt},
                        {"1d", std::nullopt}, {"1e3s", std::nullopt}};
  for (const Time& row : times) {
    INFO(row.text);
    const auto outcome = ReadConfig(
        "p.yaml", "state: {dir: x, interval: " + std::string(row.text) + "}", Environment);
    CHECK(outcome.config.state.interval_seconds == row.seconds);
    CHECK(outcome.faults.empty() == row.seconds.has_value());
  }
}

TEST_CASE("ReadConfig expands the environment in values") {
  struct Row {
    const char* text;
    const char* format;
  };
  const Row rows[] = {
      {"${HOME}", "/home/p"},
      {"a${PORT}b${PORT}", "a9123b9123"},
      {"${NO:-d}", "d"},
      {"x${NO:-}", "x"},
      {"${EMPTY:-d}", "d"},
      {"x${EMPTY}", "x"},
      {"${PORT:-d}", "9123"},
      {"${NO:-a:-b}", "a:-b"},
      {"$${PORT}", "${PORT}"},
      {"a$b$", "a$b$"},
      {"$$", "$"},
      {"${SNEAKY}", "x]: {a: ${PORT}\nb: c"},  // a value is a value, never YAML, never expanded
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Read("format: " + std::string(row.text) + "\n").format == row.format);
  }
  CHECK(Read("threads: ${THREADS:-3}\n").threads == 3);
  CHECK(Read("rules: '${HOME}/r'\n").rules->at(0).path == "/home/p/r");
  CHECK(Read("rules: ['${HOME}/r']\n").rules->at(0).path == "/home/p/r");
}

TEST_CASE("A rule file is looked for beside the configuration that names it") {
  const auto path_of = [](const std::string& name, const std::string& path) {
    return ReadConfig(name, "rules: [" + path + "]\n",
                      [](const std::string&) { return std::optional<std::string>(); })
        .config.rules->at(0)
        .path;
  };
  CHECK(path_of("/etc/parshall/parshall.yaml", "rules/x.yaml") == "/etc/parshall/rules/x.yaml");
  CHECK(path_of("conf/parshall.yaml", "../x.yaml") == "conf/../x.yaml");
  CHECK(path_of("conf/parshall.yaml", "/x.yaml") == "/x.yaml");
  CHECK(path_of("parshall.yaml", "x.yaml") == "x.yaml");
}

TEST_CASE("ReadConfig says what is wrong, and where") {
  struct Row {
    const char* text;
    const char* faults;
  };
  const Row rows[] = {
      {"", "p.yaml:1:1: the file is empty\n"},
      {"---\n", "p.yaml:1:1: the file is empty\n"},
      {"x\n", "p.yaml:1:1: the configuration must be a mapping (key: value), and this is a text\n"},
      {"source: []\noutptu: '-'\n",
       "p.yaml:1:1: the configuration has an unknown key \"source\" (did you mean \"sources\"?)\n"
       "p.yaml:2:1: the configuration has an unknown key \"outptu\" (did you mean \"output\"?)\n"},
      {"format: ${NO}\n",
       "p.yaml:1:9: the environment variable NO is not set; ${NO:-default} gives it a default\n"},
      {"dedupe: twice\n",
       "p.yaml:1:9: the configuration: dedupe: cannot be \"twice\" (known here: off, report, "
       "adjacent)\n"},
      {"format: x${NO\n", "p.yaml:1:9: a ${ is never closed; write $$ for a $\n"},
      {"format: ${a-b}\n", "p.yaml:1:9: \"a-b\" is no name of a variable; write $$ for a $\n"},
      {"format: '${}'\n", "p.yaml:1:9: \"\" is no name of a variable; write $$ for a $\n"},
      {"format: ${LONG}${LONG}\n", "p.yaml:1:9: this value becomes longer than 64 KiB\n"},
      {"format: ${EMPTY}\n", "p.yaml:1:9: the configuration: format: is empty\n"},
      {"threads: ${HOME}\n",
       "p.yaml:1:10: the configuration: threads: must be a whole number from 1 to 64, and this "
       "is \"/home/p\"\n"},
      {"threads: 0\n",
       "p.yaml:1:10: the configuration: threads: must be a whole number from 1 to 64, and this "
       "is \"0\"\n"},
      {"sources: x\n", "p.yaml:1:10: sources: must be a list of paths, and this is a text\n"},
      {"sources: [{from: start, onec: true}, []]\n",
       "p.yaml:1:11: a source needs `path:`, a path or a glob, - for stdin\n"
       "p.yaml:1:18: a source: from: cannot be \"start\" (known here: beginning, end)\n"
       "p.yaml:1:25: a source has an unknown key \"onec\" (did you mean \"once\"?)\n"
       "p.yaml:1:38: the configuration: an item of sources: must be one text, and this is a "
       "list\n"},
      {"rules: [[a]]\n",
       "p.yaml:1:9: the configuration: an item of rules: must be one text, and this is a list\n"},
      {"output: [a]\n",
       "p.yaml:1:9: the configuration: output: must be one text, and this is a list\n"},
      {"output: {schema: esc}\n",
       "p.yaml:1:18: output: schema: cannot be \"esc\" (did you mean \"ecs\"?)\n"},
      {"output: {on_error: wait, rotate_bytes: 0, rotate_interval: 500ms, keep: 0}\n",
       "p.yaml:1:20: output: on_error: cannot be \"wait\" (known here: pause, drop, exit)\n"
       "p.yaml:1:40: output: rotate_bytes: must be a size up to 1024 TiB like 100MiB, and this is "
       "\"0\"\n"
       "p.yaml:1:60: output: rotate_interval: must be a time from 1s to 366d like 30m, 24h or 7d, "
       "and this is \"500ms\"\n"
       "p.yaml:1:73: output: keep: must be a whole number from 1 to 1000, and this is \"0\"\n"},
      {"web: {listen_addres: x, enable_lifecycle: 1}\n",
       "p.yaml:1:7: web has an unknown key \"listen_addres\" (did you mean \"listen_address\"?)\n"
       "p.yaml:1:43: web: enable_lifecycle: must be true or false, and this is \"1\"\n"},
      {"web: 9\n", "p.yaml:1:6: web must be a mapping (key: value), and this is a text\n"},
      {"state: {interval: 1d}\n",
       "p.yaml:1:8: state needs `dir:`, the folder of the snapshots\n"
       "p.yaml:1:19: state: interval: must be a time like 500ms, 1s or 1m, and this is \"1d\"\n"},
      {"labels: {le: a, __x: b, 1: c, d: [e]}\n",
       "p.yaml:1:10: labels: \"le\": this label belongs to histograms and summaries\n"
       "p.yaml:1:17: labels: \"__x\": names that begin with __ belong to Prometheus\n"
       "p.yaml:1:25: labels: \"1\": a label's name is made of letters, digits and _, and does not "
       "begin with a digit\n"
       "p.yaml:1:34: the configuration: labels: \"d\" must be one text, and this is a list\n"},
      {"labels: x\n", "p.yaml:1:9: labels: must be a mapping (label: text), and this is a text\n"},
      {"line_bytes_max: 1mb\n",
       "p.yaml:1:17: line_bytes_max: must be a size from 1 to 1 GiB like 65536, 64KiB or 1MiB, "
       "and this is \"1mb\"\n"},
      {"log: {level: warning, format: text}\n",
       "p.yaml:1:14: log: level: cannot be \"warning\" (did you mean \"warn\"?)\n"
       "p.yaml:1:31: log: format: cannot be \"text\" (known here: logfmt, json)\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Faults(row.text) == row.faults);
  }
}

}  // namespace
}  // namespace parshall::rules
