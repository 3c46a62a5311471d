#include "base/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "base/quoted.h"
#include "base/timestamp.h"

namespace parshall {
namespace {

constexpr size_t kMessageBytesMax = 8 << 10;
constexpr size_t kKindsMax = 64;
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// What logfmt leaves without quotes.
bool IsPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return IsNameByte(c) || c == '/' || c == ':' || c == '@' || c == '+' || c == ',';
  });
}

void AppendName(std::string_view name, std::string* out) {
  if (name.empty()) out->push_back('_');
  for (const char c : name) out->push_back(IsNameByte(c) ? c : '_');
}

void AppendTime(std::chrono::system_clock::time_point time, std::string* out) {
  const auto since_epoch = time.time_since_epoch();
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
  char text[kRfc3339MillisSize];
  FormatRfc3339Millis(Moment::FromNanos(nanos), text);
  out->append(text, sizeof text);
}

// JSON's quoting serves both forms: logfmt has no standard of its own, and its readers unquote like
// JSON or Go. The message and its context. The other half of the line is known to the formatter
// only.
std::string EncodeBody(LogFormat format, std::string_view message, const LogContext& context) {
  const bool json = format == LogFormat::kJson;
  std::string body = json ? "\"msg\":" : "msg=";
  AppendQuoted(message, kMessageBytesMax, &body);
  for (const auto& [name, value] : context.fields) {
    body += json ? ",\"" : " ";
    AppendName(name, &body);
    body += json ? "\":" : "=";
    if (!json && IsPlain(value)) {
      body += value.substr(0, kMessageBytesMax);
    } else {
      AppendQuoted(value, kMessageBytesMax, &body);
    }
  }
  return body;
}

std::string Frame(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                  std::string_view body) {
  const bool json = format == LogFormat::kJson;
  std::string line = json ? "{\"ts\":\"" : "ts=";
  AppendTime(time, &line);
  line += json ? "\",\"level\":\"" : " level=";
  line += kLevelNames[static_cast<size_t>(level)];
  line += json ? "\"," : " ";
  line += body;
  if (json) line += '}';
  return line;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  static constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info,
                                         spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<size_t>(level)];
}

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return LogLevel::kDebug;
  if (level == spdlog::level::info) return LogLevel::kInfo;
  return level == spdlog::level::warn ? LogLevel::kWarning : LogLevel::kError;
}

// Puts the frame around a body made by EncodeBody. spdlog's own patterns escape nothing: a quote or
// a newline in a message would break the line.
class Formatter final : public spdlog::formatter {
 public:
  explicit Formatter(LogFormat format) : format_(format) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string line = Frame(format_, message.time, FromSpdlog(message.level),
                             {message.payload.data(), message.payload.size()});
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Formatter>(format_);
  }

 private:
  LogFormat format_;
};

struct Logger {
  Logger() : spdlog("parshall", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    spdlog.set_error_handler([](const std::string&) {});  // a closed stderr is nobody's business
    Configure(LogLevel::kInfo, LogFormat::kLogfmt);
  }
  void Configure(LogLevel level, LogFormat new_format) {
    format = new_format;
    spdlog.set_formatter(std::make_unique<Formatter>(new_format));
    spdlog.set_level(ToSpdlog(level));
    spdlog.flush_on(spdlog::level::debug);
  }

  spdlog::logger spdlog;
  std::atomic<LogFormat> format = LogFormat::kLogfmt;
};

// Never destroyed: a thread may have a last word while statics go.
Logger& TheLogger() {
  static Logger* const logger = new Logger;
  return *logger;
}

struct Kind {
  std::string name;
  LogLevel level = LogLevel::kInfo;
  LogLimit limit;
};

struct Kinds {
  std::mutex mutex;
  std::vector<Kind> all;  // at most kKindsMax
};

Kinds& TheKinds() {
  static Kinds* const kinds = new Kinds;
  return *kinds;
}

void ReportHeldBack(LogLevel level, const std::string& kind, uint64_t count) {
  Log(level, LogContext{{"kind", kind}}, "… and {} more", count);
}

}  // namespace

void InitLog(LogLevel level, LogFormat format) { TheLogger().Configure(level, format); }

bool LogEnabled(LogLevel level) { return TheLogger().spdlog.should_log(ToSpdlog(level)); }

std::string FormatLogLine(LogFormat format, std::chrono::system_clock::time_point time,
                          LogLevel level, std::string_view message, const LogContext& context) {
  return Frame(format, time, level, EncodeBody(format, message, context));
}

void LogMessage(LogLevel level, const LogContext& context, std::string_view message) {
  Logger& logger = TheLogger();
  logger.spdlog.log(ToSpdlog(level), EncodeBody(logger.format, message, context));
}

LogLimit::Verdict LogLimit::Ask(Time now) {
  if (!begun_ || now - second_began_ >= std::chrono::seconds(1)) {
    begun_ = true;
    second_began_ = now;
    count_ = 0;
  }
  if (count_ >= count_max_) {
    ++held_back_;
    return {};
  }
  ++count_;
  return {true, std::exchange(held_back_, 0)};
}

uint64_t LogLimit::TakeHeldBack(Time now, bool even_now) {
  if (!even_now && now - second_began_ < std::chrono::seconds(1)) return 0;
  return std::exchange(held_back_, 0);
}

bool LogAllowed(LogLevel level, std::string_view kind) {
  Kinds& kinds = TheKinds();
  const std::lock_guard lock(kinds.mutex);
  const auto named = [&](const Kind& one) { return one.name == kind; };
  auto found = std::find_if(kinds.all.begin(), kinds.all.end(), named);
  if (found == kinds.all.end() && kinds.all.size() >= kKindsMax) found = kinds.all.end() - 1;
  if (found == kinds.all.end()) {
    const bool last = kinds.all.size() + 1 == kKindsMax;
    kinds.all.push_back({last ? "other" : std::string(kind), level, LogLimit()});
    found = kinds.all.end() - 1;
  }
  found->level = level;
  const LogLimit::Verdict verdict = found->limit.Ask(std::chrono::steady_clock::now());
  if (verdict.held_back > 0) ReportHeldBack(level, found->name, verdict.held_back);
  return verdict.allowed;
}

void FlushLogLimits(bool at_end) {
  Kinds& kinds = TheKinds();
  const std::lock_guard lock(kinds.mutex);
  const auto now = std::chrono::steady_clock::now();
  for (Kind& kind : kinds.all) {
    const uint64_t count = kind.limit.TakeHeldBack(now, at_end);
    if (count > 0) ReportHeldBack(kind.level, kind.name, count);
  }
}

}  // namespace parshall
