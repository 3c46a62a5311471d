#include "app/settings.h"

#include <utility>

#include "app/config_hash.h"
#include "rules/config_reader.h"
#include "rules/reader.h"

namespace parshall::app {
namespace {

Result<LogLevel> LevelOf(const std::string& text, const std::string& where) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn" || text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  return Fail("there is no log level \"" + text + "\"; there are debug, info, warning and error",
              where);
}

void TakeSources(const Options& options, const rules::Config& config, Settings* settings) {
  const bool from_end = options.from.value_or("beginning") == "end";
  if (options.paths.empty() && config.sources) {
    for (const rules::ConfigSource& source : *config.sources) {
      const bool once = source.once.value_or(settings->once);
      settings->sources.push_back({.path = source.path,
                                   .once = once,
                                   .from_end = source.from_end.value_or(from_end) && !once});
    }
    return;
  }
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths.emplace_back("-");
  for (std::string& path : paths) {
    settings->sources.push_back(
        {.path = std::move(path), .once = settings->once, .from_end = from_end});
  }
}

sinks::OutputOptions OutputOptionsOf(const Options& options, const rules::Config& config) {
  const rules::ConfigOutput& file = config.output;
  sinks::OutputOptions output;
  const std::string on_error = options.output_on_error.value_or(file.on_error.value_or("pause"));
  if (on_error == "drop") output.on_error = sinks::OnError::kDrop;
  if (on_error == "exit") output.on_error = sinks::OnError::kExit;
  output.rotate_bytes = options.output_rotate_bytes.value_or(file.rotate_bytes.value_or(0));
  const double seconds =
      options.output_rotate_interval_seconds.value_or(file.rotate_interval_seconds.value_or(0));
  output.rotate_interval = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  if (options.output_keep) {
    output.keep = *options.output_keep;
  } else if (file.keep) {
    output.keep = static_cast<uint32_t>(*file.keep);
  }
  return output;
}

bool IsNone(const std::vector<std::string>& addresses) {
  return addresses.size() == 1 && addresses[0] == "none";
}

}  // namespace

ConfigResult LoadConfig(const Options& options) {
  if (!options.config) return {};
  Result<std::string> text = rules::LoadText(*options.config);
  if (!text.ok()) return {.config = {}, .faults = {text.error()}};
  rules::ConfigOutcome read = rules::ReadConfig(*options.config, *text, ProcessEnvironment());
  ConfigHash hash;
  hash.Add(*text);
  read.config.text_hash = hash.value();
  return {std::move(read.config), std::move(read.faults)};
}

Result<Settings> MergeSettings(const Options& options, const rules::Config& config) {
  if (options.config_watch.value_or(false) && !options.config && options.rules.empty()) {
    return Fail("there is no file to watch; name one with --config or --rules",
                options.Where("config.watch"));
  }
  Settings settings;
  settings.once = options.once.value_or(false);
  TakeSources(options, config, &settings);
  settings.output = options.output.value_or(config.output.to.value_or("-"));
  settings.output_options = OutputOptionsOf(options, config);
  const std::string schema = options.schema.value_or(config.output.schema.value_or("flat"));
  if (schema == "ecs") settings.schema = sinks::Schema::kEcs;
  const bool to_file = settings.output != "-" && settings.output != "none";
  if (!to_file) {
    for (const auto& [flag, key] :
         {std::pair{"output.rotate-bytes", "output.rotate_bytes"},
          std::pair{"output.rotate-interval", "output.rotate_interval"}}) {
      const std::string place =
          options.given.contains(flag) ? options.Where(flag) : config.PlaceOf(key);
      if (!place.empty())
        return Fail("only a file can be rotated, and records go to " +
                        std::string(settings.output == "-" ? "standard output" : "nowhere"),
                    place);
    }
  }
  settings.metrics_file = options.metrics_file.value_or("");
  if (const Status apart = CheckOutputs(settings.output, settings.metrics_file); !apart.ok())
    return apart.error();
  settings.output_options.durable = options.state.has_value() || config.state.dir.has_value();
  settings.state_dir = options.state.value_or(config.state.dir.value_or(""));
  settings.state_interval_ms = static_cast<int>(
      1e3 * options.state_interval_seconds.value_or(config.state.interval_seconds.value_or(1)));
  settings.listen_asked_for = true;
  if (!options.listen_addresses.empty()) {
    settings.listen_addresses = options.listen_addresses;
  } else if (config.web.listen_addresses) {
    settings.listen_addresses = *config.web.listen_addresses;
  } else {
    settings.listen_addresses = {kDefaultAddress};
    settings.listen_asked_for = false;
  }
  if (IsNone(settings.listen_addresses)) settings.listen_addresses.clear();
  settings.lifecycle =
      options.enable_lifecycle.value_or(config.web.enable_lifecycle.value_or(false));
  settings.web_config_file = options.web_config_file.value_or(config.web.config_file.value_or(""));
  if (options.threads) {
    settings.threads = *options.threads;
  } else if (config.threads) {
    settings.threads = static_cast<size_t>(*config.threads);
  }
  settings.line_bytes_max =
      options.line_bytes_max.value_or(config.line_bytes_max.value_or(settings.line_bytes_max));
  if (options.log_level) {
    settings.log_level = *options.log_level;
  } else if (config.log.level) {
    const Result<LogLevel> level = LevelOf(*config.log.level, config.PlaceOf("log.level"));
    if (!level.ok()) return level.error();
    settings.log_level = *level;
  }
  if (options.log_format) {
    settings.log_format = *options.log_format;
  } else if (config.log.format) {
    settings.log_format = *config.log.format == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  }
  return settings;
}

}  // namespace parshall::app
