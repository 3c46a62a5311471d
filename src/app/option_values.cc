#include "app/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/numbers.h"
#include "base/quoted.h"
#include "base/units.h"

namespace parshall::app {
namespace {

constexpr unsigned kThreadsMax = 64;
constexpr unsigned kSeriesMost = 10'000'000;
constexpr uint64_t kLineBytesMost = 1 << 30;
constexpr double kStateSecondsMost = 86400.0;
constexpr uint64_t kRotateBytesMost = uint64_t{1} << 50;
constexpr double kRotateSecondsMost = 366 * 86400.0;
constexpr unsigned kKeepMax = 1000;
constexpr double kPercentLeast = 50;
constexpr double kPercentMost = 99.9999;

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

}  // namespace

Status StoreValue(const Given& given, Options* options) {
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

}  // namespace parshall::app
