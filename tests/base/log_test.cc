#include "base/log.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>

namespace parshall {
namespace {

using std::chrono::milliseconds;

const auto kTime = std::chrono::system_clock::time_point(milliseconds(1795253139123));

// What `act` writes to stderr. The log is back at its beginnings afterwards.
template <typename Act>
std::string Stderr(Act act) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  act();
  dup2(before, STDERR_FILENO);
  close(before);
  InitLog(LogLevel::kInfo, LogFormat::kLogfmt);
  std::string text(1 << 20, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

size_t CountOf(const std::string& text, const std::string& piece) {
  size_t count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("FormatLogLine escapes whatever a message holds") {
  struct Row {
    std::string message;
    const char* quoted;
  };
  const Row rows[] = {
      {"", R"("")"},
      {"plain words", R"("plain words")"},
      {"a \"quote\"", R"("a \"quote\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"two\nlines\r\n", R"("two\nlines\r\n")"},
      {"tab\t", R"("tab\t")"},
      {std::string("nul\0nul", 7), R"("nul\u0000nul")"},
      {"\x1b[31mred\x07", R"("\u001b[31mred\u0007")"},
      {"del\x7f", R"("del\u007f")"},
      {"csi\xc2\x9b", R"("csi\u009b")"},
      {"a\xc2\xa0z", "\"a\xc2\xa0z\""},
      {"caf\xc3\xa9 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
      {"caf\xe9", "\"caf\xef\xbf\xbd\""},
      {"cut \xc2", "\"cut \xef\xbf\xbd\""},
      {"level=error msg=forged", R"("level=error msg=forged")"},
  };
  for (const Row& row : rows) {
    INFO(row.quoted);
    CHECK(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kInfo, row.message, {}) ==
          std::string("ts=2026-11-21T09:25:39.123Z level=info msg=") + row.quoted);
    CHECK(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kWarning, row.message, {}) ==
          std::string("{\"ts\":\"2026-11-21T09:25:39.123Z\",\"level\":\"warning\",\"msg\":") +
              row.quoted + "}");
  }
}

TEST_CASE("FormatLogLine writes context values bare only when nobody can mistake them") {
  const LogContext context{{"path", "/var/log/a.log"}, {"count", "12"},  {"empty", ""},
                           {"words", "a b"},           {"eq", "a=b"},    {"quote", "\""},
                           {"bad name=\"", "x"},       {"", "nameless"}, {"at", "tcp:[::1]:80"}};
  CHECK(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kError, "m", context) ==
        R"(ts=2026-11-21T09:25:39.123Z level=error msg="m" path=/var/log/a.log count=12 empty="" )"
        R"(words="a b" eq="a=b" quote="\"" bad_name__=x _=nameless at="tcp:[::1]:80")");
  CHECK(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kDebug, "m",
                      LogContext{{"path", "/x"}, {"n\"", "1"}}) ==
        R"({"ts":"2026-11-21T09:25:39.123Z","level":"debug","msg":"m","path":"/x","n_":"1"})");
}

TEST_CASE("FormatLogLine cuts what is endless") {
  const std::string line =
      FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kInfo, std::string(1 << 20, 'a'),
                    {{"x", std::string(1 << 20, 'b')}});
  CHECK(line.size() < 20'000);
}

TEST_CASE("Log writes to stderr what its level allows, a line each") {
  const std::string text = Stderr([] {
    InitLog(LogLevel::kWarning, LogFormat::kLogfmt);
    LogDebug("no {}", 1);
    LogInfo("no {}", 2);
    LogWarning("yes {}", 3);
    LogError(LogContext{{"path", "/x"}}, "yes {} {{}}", "four");
  });
  CHECK(CountOf(text, "\n") == 2);
  CHECK(text.find("no") == std::string::npos);
  CHECK(text.find(" level=warning msg=\"yes 3\"\n") != std::string::npos);
  CHECK(text.find(" level=error msg=\"yes four {}\" path=/x\n") != std::string::npos);
  CHECK(text.starts_with("ts=20"));
}

TEST_CASE("Log takes a message with braces and percent signs as it is") {
  const std::string text = Stderr([] {
    InitLog(LogLevel::kDebug, LogFormat::kJson);
    LogMessage(LogLevel::kDebug, {}, "{} %v {0}");
  });
  CHECK(text.find("\"level\":\"debug\",\"msg\":\"{} %v {0}\"}\n") != std::string::npos);
}

TEST_CASE("Log keeps the lines of many threads whole") {
  const std::string text = Stderr([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) LogInfo("{}", std::string(100, 'x'));
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  CHECK(CountOf(text, "level=info msg=\"" + std::string(100, 'x') + "\"\n") == 800);
}

TEST_CASE("LogLimit lets ten a second through and says how many it held back") {
  LogLimit limit;
  LogLimit::Time now{};
  for (int i = 0; i < 10; ++i) {
    const auto verdict = limit.Ask(now);
    CHECK(verdict.allowed);
    CHECK(verdict.held_back == 0);
  }
  for (int i = 0; i < 7; ++i) CHECK_FALSE(limit.Ask(now + milliseconds(999)).allowed);
  CHECK(limit.TakeHeldBack(now + milliseconds(999), false) == 0);
  const auto next = limit.Ask(now + milliseconds(1000));
  CHECK(next.allowed);
  CHECK(next.held_back == 7);
  CHECK(limit.Ask(now + milliseconds(1000)).held_back == 0);
}

TEST_CASE("LogLimit gives up what it held back once") {
  LogLimit limit(1);
  const LogLimit::Time now{};
  CHECK(limit.Ask(now).allowed);
  CHECK_FALSE(limit.Ask(now).allowed);
  CHECK(limit.TakeHeldBack(now, true) == 1);
  CHECK(limit.TakeHeldBack(now, true) == 0);
  CHECK_FALSE(limit.Ask(now).allowed);
  CHECK(limit.TakeHeldBack(now + milliseconds(1000), false) == 1);
}

TEST_CASE("LogLimited counts each kind for itself") {
  const std::string text = Stderr([] {
    for (int i = 0; i < 25; ++i) {
      LogLimited(LogLevel::kWarning, "test-a", {}, "a {}", i);
      if (i < 5) LogLimited(LogLevel::kWarning, "test-b", {{"path", "/b"}}, "b");
    }
    FlushLogLimits(/*at_end=*/true);
    FlushLogLimits(/*at_end=*/true);
  });
  // More than ten only if a new second began meanwhile, which a slow machine may do; then all the
  // same no one is lost.
  const size_t written = CountOf(text, "msg=\"a ");
  CHECK(written >= 10);
  CHECK(written < 25);
  CHECK(CountOf(text, "msg=\"b\" path=/b") == 5);
  CHECK(CountOf(text, "more\" kind=test-a") >= 1);
  CHECK(CountOf(text, "kind=test-b") == 0);
  if (written == 10) CHECK(CountOf(text, "msg=\"… and 15 more\" kind=test-a\n") == 1);
}

TEST_CASE("LogLimited keeps a bounded table of kinds") {
  const std::string text = Stderr([] {
    for (int i = 0; i < 1000; ++i) {
      LogLimited(LogLevel::kInfo, "kind-" + std::to_string(i), {}, "k");
    }
  });
  CHECK(CountOf(text, "msg=\"k\"") < 200);
}

}  // namespace parshall
