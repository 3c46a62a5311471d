#pragma once
// The program's own log: one line a message to stderr, as logfmt or JSON, never mixed into the
// records on stdout. What a log line of someone else says may stand in a message: quotes, control
// characters (terminal escapes among them) and invalid UTF-8 are escaped, so that it can neither
// forge a line of ours nor reach a terminal.
//
//   LogInfo("read {} rules", count);
//   LogWarning(LogContext{{"path", path}, {"offset", "12"}}, "cannot read: {}", reason);
//   LogLimited(LogLevel::kWarning, "truncated", LogContext{{"path", path}}, "the file was
//   truncated");
//
// Not for the data path: a line of input is an outcome and a tally.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parshall {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kLogfmt, kJson };

// Names and values that go with a message, in their order. A name is made of letters, digits, '_',
// '.' and '-'; any other byte of it is written as '_'.
struct LogContext {
  LogContext() = default;
  LogContext(std::initializer_list<std::pair<std::string, std::string>> values) : fields(values) {}
  std::vector<std::pair<std::string, std::string>> fields;
};

// Until it is called, messages of info and above are written as logfmt. May be called again.
// Call it before other threads log.
void InitLog(LogLevel level, LogFormat format);

// Whether a message of this level would be written: ask before making an expensive one.
bool LogEnabled(LogLevel level);

// One line without its newline: ts=2026-11-21T09:25:39.123Z level=info msg="…" path=/x
std::string FormatLogLine(LogFormat format, std::chrono::system_clock::time_point time,
                          LogLevel level, std::string_view message, const LogContext& context);

// Any thread. A message longer than 8 KiB is cut.
void LogMessage(LogLevel level, const LogContext& context, std::string_view message);

template <typename... Args>
void Log(LogLevel level, const LogContext& context, fmt::format_string<Args...> text,
         Args&&... args) {
  if (LogEnabled(level)) LogMessage(level, context, fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
void LogDebug(fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kDebug, {}, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogDebug(const LogContext& context, fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kDebug, context, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogInfo(fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kInfo, {}, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogInfo(const LogContext& context, fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kInfo, context, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogWarning(fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kWarning, {}, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogWarning(const LogContext& context, fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kWarning, context, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogError(fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kError, {}, text, std::forward<Args>(args)...);
}
template <typename... Args>
void LogError(const LogContext& context, fmt::format_string<Args...> text, Args&&... args) {
  Log(LogLevel::kError, context, text, std::forward<Args>(args)...);
}

// Lets at most `count_max` through in each second that begins with one that is let through.
// One thread.
class LogLimit {
 public:
  static constexpr uint32_t kCountMax = 10;
  using Time = std::chrono::steady_clock::time_point;

  explicit LogLimit(uint32_t count_max = kCountMax) : count_max_(count_max) {}

  struct Verdict {
    bool allowed = false;
    uint64_t held_back =
        0;  // how many were refused before this one, if it is the first to be let through since
  };
  Verdict Ask(Time now);

  // How many were refused and not reported yet, if the second they fell into is over (or
  // `even_now`); they count as reported then.
  uint64_t TakeHeldBack(Time now, bool even_now);

 private:
  uint32_t count_max_;
  uint32_t count_ = 0;
  uint64_t held_back_ = 0;
  bool begun_ = false;
  Time second_began_;
};

// Whether one more message of this kind may be written now; first reports how many were held back.
// A kind is a word of ours, not of the data; beyond 64 of them all others share one. Any thread.
bool LogAllowed(LogLevel level, std::string_view kind);

// At most 10 messages a second of one kind, then "… and N more" when the second is over: with the
// next message of that kind, or with the next FlushLogLimits().
template <typename... Args>
void LogLimited(LogLevel level, std::string_view kind, const LogContext& context,
                fmt::format_string<Args...> text, Args&&... args) {
  if (!LogEnabled(level) || !LogAllowed(level, kind)) return;
  LogMessage(level, context, fmt::format(text, std::forward<Args>(args)...));
}

// Reports what was held back. Call it about once a second, and with at_end before the program ends.
// Any thread.
void FlushLogLimits(bool at_end = false);

}  // namespace parshall
