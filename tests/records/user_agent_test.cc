// What agents are called, held against uap-core's own test cases.

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "records/user_agent_cache.h"
#include "records/user_agent_table.h"

namespace parshall::records {
namespace {

// One of uap-core's cases. Empty: null.
struct Case {
  std::string agent;
  std::string family;
  std::string major;
};

// The cases stand in one form: `key: 'text'`, a quote in it twice; some texts in double quotes.
std::vector<Case> ReadCases(const std::string& name) {
  std::ifstream file(PARSHALL_TEST_DATA "/uap-core/" + name);
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key =
        line.substr(line.find_first_not_of(" -"), colon - line.find_first_not_of(" -"));
    std::string text = line.substr(colon + 1);
    text.erase(0, text.find_first_not_of(' ') == std::string::npos ? text.size()
                                                                   : text.find_first_not_of(' '));
    if (text.size() >= 2 && (text[0] == '\'' || text[0] == '"')) {
      const char quote = text[0];
      const size_t end = text.rfind(quote);
      text = text.substr(1, end - 1);
      for (size_t at = 0; (at = text.find("''", at)) != std::string::npos; ++at) text.erase(at, 1);
    }
    if (key == "user_agent_string") cases.push_back({text, {}, {}});
    if (cases.empty()) continue;
    if (key == "family") cases.back().family = text;
    if (key == "major") cases.back().major = text;
  }
  return cases;
}

TEST_CASE("Agents have uap-core's families and versions") {
  const auto table = UserAgentTable::Shipped();
  REQUIRE(table != nullptr);
  const std::vector<Case> cases = ReadCases("test_ua.yaml");
  REQUIRE(cases.size() == 1425);
  size_t agree = 0;
  for (const Case& one : cases) {
    const UserAgent found = table->Find(one.agent);
    const bool same = found.family == one.family && found.major == one.major;
    if (!same) {
      UNSCOPED_INFO(one.agent << ": " << one.family << " " << one.major << ", found "
                              << found.family << " " << found.major);
    }
    agree += same ? 1 : 0;
  }
  CHECK(agree == cases.size());
}

TEST_CASE("Agents have uap-core's systems") {
  const auto table = UserAgentTable::Shipped();
  REQUIRE(table != nullptr);
  const std::vector<Case> cases = ReadCases("test_os.yaml");
  REQUIRE(cases.size() == 456);
  size_t agree = 0;
  for (const Case& one : cases) {
    const UserAgent found = table->Find(one.agent);
    if (found.os != one.family) {
      UNSCOPED_INFO(one.agent << ": " << one.family << ", found " << found.os);
    }
    agree += found.os == one.family ? 1 : 0;
  }
  CHECK(agree == cases.size());
}

TEST_CASE("A device is one of six kinds") {
  const auto table = UserAgentTable::Shipped();
  REQUIRE(table != nullptr);
  const std::pair<const char*, const char*> rows[] = {
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Safari/537.36",
       "desktop"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/17.5 Safari/605.1.15",
       "desktop"},
      {"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "desktop"},
      {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Safari/537.36",
       "desktop"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
       "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
       "mobile"},
      {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Mobile Safari/537.36",
       "mobile"},
      {"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/17.5 Mobile/15E148 Safari/604.1",
       "tablet"},
      {"Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Safari/537.36",
       "tablet"},
      {"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Version/6.0 TV Safari/537.36",
       "tv"},
      {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"},
      {"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bot"},
      {"curl/7.88.1", "other"},
      {"ELB-HealthChecker/2.0", "other"},
      {"python-requests/2.31.0", "other"},
      {"", "other"},
      {"\xff\xfe \x01 \"", "other"},
  };
  for (const auto& [agent, device] : rows) {
    INFO(agent);
    CHECK(table->Find(agent).device == device);
  }
}

TEST_CASE("What is behind the first 512 bytes of an agent is not looked at") {
  const auto table = UserAgentTable::Shipped();
  REQUIRE(table != nullptr);
  const std::string blank(kAgentBytesMax, ' ');
  CHECK(table->Find(blank + "curl/8.1").family == "Other");
  CHECK(table->Find("curl/8.1" + blank + blank).family == "curl");
  CHECK(table->Find("curl/8.1").major == "8");
}

TEST_CASE("The cache finds what the table finds, in bounded room") {
  const auto table = UserAgentTable::Shipped();
  REQUIRE(table != nullptr);
  UserAgentCache cache(table);
  for (size_t n = 0; n < 3 * UserAgentCache::kGenerationAgents; ++n) {
    const std::string agent = "curl/" + std::to_string(n) + ".1";
    const UserAgent& found = cache.Find(agent);
    REQUIRE(found.family == "curl");
    REQUIRE(found.major == std::to_string(n));
    REQUIRE(cache.Find("Wget/1.21").family == "Wget");  // stays, since it is asked for
    REQUIRE(cache.size() <= 2 * UserAgentCache::kGenerationAgents + 1);
  }
  const std::string longer = "curl/8.1" + std::string(5000, 'x');
  CHECK(cache.Find(longer) == table->Find(longer));
}

TEST_CASE("Data that is not in the form of the file says where") {
  const std::pair<const char*, const char*> rows[] = {
      {"user_agent_parsers:\n  - regex: '('\n", "regexes.yaml"},
      {"user_agent_parsers:\n  - regex: abc\n", "regexes.yaml:2"},
      {"user_agent_parsers:\n  - regex 'abc'\n", "regexes.yaml:2"},
      {"user_agent_parsers:\n  - regex: 'a'b'\n", "regexes.yaml:2"},
      {"user_agent_parsers:\n  - regex: 'abc'\n", "regexes.yaml"},  // two sections are missing
      {"", "regexes.yaml"},
  };
  for (const auto& [text, where] : rows) {
    INFO(text);
    const auto read = UserAgentTable::Read(text);
    REQUIRE_FALSE(read.ok());
    CHECK((read.error().where == where || read.error().where.empty()));
  }
}

}  // namespace
}  // namespace parshall::records
