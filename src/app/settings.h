#pragma once
// Flags, environment and configuration file brought together: what a run does.

#include <cstdint>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/log.h"
#include "base/result.h"
#include "bytes/source.h"
#include "rules/config.h"
#include "sinks/output_options.h"
#include "sinks/record_json.h"

namespace parshall::app {

struct Settings {
  std::vector<bytes::SourceSpec> sources;
  std::string output = "-";  // "-", "none" or a file
  sinks::OutputOptions output_options;
  sinks::Schema schema = sinks::Schema::kFlat;
  std::string metrics_file;  // empty: none
  std::string state_dir;     // empty: no state is kept
  int state_interval_ms = 1000;
  std::vector<std::string> listen_addresses;  // empty: no web server
  bool listen_asked_for = false;              // named by the operator, not only the default
  std::string web_config_file;                // empty: plain HTTP for everybody
  bool once = false;
  size_t threads = 1;
  uint64_t line_bytes_max = uint64_t{1} << 20;
  bool lifecycle = false;  // POST /-/reload is answered
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

inline constexpr const char* kDefaultAddress = "127.0.0.1:19220";

// Reads the configuration file, if one is named; all its faults are reported.
struct ConfigResult {
  rules::Config config;
  std::vector<Error> faults;
};
ConfigResult LoadConfig(const Options& options);

// A flag beats the environment, which beats the file.
Result<Settings> MergeSettings(const Options& options, const rules::Config& config);

}  // namespace parshall::app
