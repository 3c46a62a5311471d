#pragma once
// The configuration file as plain data: what the operator wrote, and nothing that was not written.
// Defaults, flags and the environment are the business of app/. docs/CONFIGURATION.md is the
// reference.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/reader.h"
#include "rules/rule.h"

namespace parshall::rules {

// An entry of `sources:`. Paths and globs as written, "-" for stdin.
struct ConfigSource {
  std::string path;
  std::optional<bool> from_end;  // `from:` end or beginning
  std::optional<bool> once;
  Where where;
};

// An entry of `rules:`: a file or folder, or rules that stand in the configuration file itself.
struct ConfigRules {
  std::string path;  // empty for inline rules; a relative one is beside the file that names it
  std::optional<RuleFile> inline_file;  // to be read by ReadRules together with all others
  Where where;
};

struct ConfigOutput {
  std::optional<std::string> to;        // "-", "none" or a path
  std::optional<std::string> schema;    // "flat" or "ecs"
  std::optional<std::string> on_error;  // pause, drop or exit
  std::optional<uint64_t> rotate_bytes;
  std::optional<double> rotate_interval_seconds;
  std::optional<int> keep;
};

struct ConfigWeb {
  std::optional<std::vector<std::string>>
      listen_addresses;  // as the flag takes them; "none" turns the server off
  std::optional<std::string> config_file;
  std::optional<bool> enable_lifecycle;
};

struct ConfigState {
  std::optional<std::string> dir;
  std::optional<double> interval_seconds;
};

struct ConfigLog {
  std::optional<std::string> level;   // debug, info, warn or error
  std::optional<std::string> format;  // logfmt or json
};

// Immutable once read.
struct Config {
  std::optional<std::vector<ConfigSource>> sources;
  std::optional<std::vector<ConfigRules>> rules;
  std::optional<RuleFile> metrics;  // top-level `metrics:`, to be read by ReadRules
  ConfigOutput output;
  ConfigWeb web;
  ConfigState state;
  ConfigLog log;
  std::vector<std::pair<std::string, std::string>> labels;  // constants on every series
  std::optional<std::string> format;
  std::optional<std::string> dedupe;  // off, report or adjacent
  std::optional<int> threads;
  std::optional<uint64_t> line_bytes_max;
  std::optional<int64_t> series_max;
  uint64_t text_hash = 0;  // of the file's text; 0: there is none
  // Where each setting stands, by its dotted name: "web.config_file".
  std::map<std::string, Where, std::less<>> places;

  // "parshall.yaml:3:5", or empty if the setting is not there.
  std::string PlaceOf(std::string_view setting) const {
    const auto place = places.find(setting);
    return place == places.end() ? std::string() : place->second.ToString();
  }
};

}  // namespace parshall::rules
