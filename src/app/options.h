#pragma once
// The command line and its environment twins, read into plain values. One table of flags makes the
// parser, --help, the names PARSHALL_… and the table in docs/CONFIGURATION.md.
//
// A flag beats the environment, which beats the configuration file. The file is read elsewhere: an
// empty optional (or an empty list) says that neither flag nor environment gave a value, so that
// the file may.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace parshall::app {

struct Options {
  std::string command = "run";  // run, check, explain, verify, healthcheck, generate, formats
  // run: the sources, in their order (none, or "-": stdin). check, verify: files. explain: at most
  // one, the LINE. generate: at most one, the product.
  std::vector<std::string> paths;

  std::optional<std::string> config;
  std::optional<std::string> format;
  std::vector<std::string> rules;
  std::optional<std::string> dedupe;  // off, report or adjacent
  std::optional<std::string> output;  // "-", "none" or a file
  std::optional<std::string> schema;
  std::optional<std::string> output_on_error;            // pause, drop or exit
  std::optional<uint64_t> output_rotate_bytes;           // 1 – 1024 TiB
  std::optional<double> output_rotate_interval_seconds;  // 1 s – 366 d
  std::optional<unsigned> output_keep;                   // 1–1000
  std::optional<bool> once;
  std::optional<std::string> from;  // "beginning" or "end"
  std::optional<std::string> metrics_file;
  std::optional<std::string> url;  // of a running instance
  std::optional<std::string> url_ca_file;
  std::optional<std::string> state;              // a directory
  std::optional<double> state_interval_seconds;  // 1 ms to a day
  std::vector<std::string> listen_addresses;     // {"none"}: no web server
  std::optional<bool> enable_lifecycle;
  std::optional<bool> config_watch;
  std::optional<std::string> web_config_file;
  std::optional<unsigned> threads;         // 1–64
  std::optional<uint64_t> line_bytes_max;  // 1 – 1 GiB
  std::optional<unsigned> series_max;      // 1 – 10,000,000
  std::optional<LogLevel> log_level;
  std::optional<LogFormat> log_format;
  std::optional<std::string> job;
  std::optional<std::string> datasource;
  std::optional<double> slo_availability_percent;  // 50 – 99.9999
  std::optional<double> slo_latency_seconds;       // more than 0
  std::optional<double> slo_latency_percent;       // 50 – 99.9999
  bool json = false;
  bool plans = false;
  bool unmatched = false;
  std::string print_completion;  // bash, zsh or fish
  bool print_man = false;
  bool version = false;
  bool help = false;

  // Where each given value came from, by the flag's name without dashes: "--threads" or
  // "PARSHALL_THREADS".
  std::map<std::string, std::string, std::less<>> given;

  // For Error::where: the place a value came from; "--name" when none was given.
  std::string Where(std::string_view flag) const;
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

// `arguments` is argv without the program's name. An Error's `where` is the flag or the variable it
// is about. With help or version set, what the other arguments ask for is not checked against each
// other.
Result<Options> ParseOptions(const std::vector<std::string>& arguments,
                             const Environment& environment);

// "1048576", "64KiB", "1MiB", "1GiB", "1TiB" (any case): bytes. False for anything else, or when it
// is beyond 2^63 - 1.
bool ParseByteSize(std::string_view text, uint64_t* bytes);

// Records and metrics must not be mixed on stdout. For what is decided only once the configuration
// file is read.
Status CheckOutputs(std::string_view output, std::string_view metrics_file);

// The text of --help: at most 100 columns, ends with a newline.
std::string HelpText();

// A markdown table of all flags: flag, environment, default, meaning. Ends with a newline.
std::string FlagTableMarkdown();

}  // namespace parshall::app
