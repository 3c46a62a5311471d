#include "records/http_request.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/records/kit.h"

namespace parshall::records {
namespace {

// "method|path|protocol", or "no".
std::string Split(std::string_view request) {
  // Exactly as large as the text, so that the sanitizer sees a look beyond it.
  const std::vector<char> exact(request.begin(), request.end());
  HttpRequest parts;
  if (!SplitHttpRequest({exact.data(), exact.size()}, &parts)) return "no";
  return std::string(parts.method) + "|" + std::string(parts.path) + "|" +
         std::string(parts.protocol);
}

}  // namespace

TEST_CASE("SplitHttpRequest takes METHOD target[ HTTP/x] apart and refuses the rest") {
  struct Row {
    const char* name;
    std::string request;
    std::string parts;
  };
  using namespace std::string_literals;
  const Row rows[] = {
      {"usual", "GET /x?y=1 HTTP/1.1", "GET|/x?y=1|HTTP/1.1"},
      {"HTTP/2", "GET / HTTP/2", "GET|/|HTTP/2"},
      {"HTTP/2.0", "POST / HTTP/2.0", "POST|/|HTTP/2.0"},
      {"HTTP/0.9", "GET /", "GET|/|"},
      {"asterisk", "OPTIONS * HTTP/1.0", "OPTIONS|*|HTTP/1.0"},
      {"asterisk without protocol", "OPTIONS *", "OPTIONS|*|"},
      {"absolute", "GET http://example.com/a HTTP/1.1", "GET|http://example.com/a|HTTP/1.1"},
      {"absolute without protocol", "GET http://example.com/a", "GET|http://example.com/a|"},
      {"authority", "CONNECT example.com:443 HTTP/1.1", "CONNECT|example.com:443|HTTP/1.1"},
      {"authority without protocol", "CONNECT example.com:443", "no"},
      {"target without slash", "GET :@bxss.me::80/rpb.png HTTP/1.1",
       "GET|:@bxss.me::80/rpb.png|HTTP/1.1"},
      {"blanks in the target", "GET /a b  c HTTP/1.1", "GET|/a b  c|HTTP/1.1"},
      {"blanks without protocol", "GET /a b", "no"},
      {"quote in the target", R"(GET /a\" 200 5 \"-\" HTTP/1.1)",
       R"(GET|/a\" 200 5 \"-\"|HTTP/1.1)"},
      {"two blanks before the target", "GET  /x HTTP/1.1", "GET| /x|HTTP/1.1"},
      {"target is only blanks", "GET   HTTP/1.1", "GET| |HTTP/1.1"},
      {"empty target", "GET  HTTP/1.1", "no"},
      {"no target", "GET HTTP/1.1", "no"},
      {"small letters", "get / HTTP/1.1", "get|/|HTTP/1.1"},
      {"with minus and digits", "M-SEARCH * HTTP/1.1", "M-SEARCH|*|HTTP/1.1"},
      {"unknown", "FOO_2 /x HTTP/1.1", "FOO_2|/x|HTTP/1.1"},
      {"a method of 32", std::string(32, 'A') + " / HTTP/1.1",
       std::string(32, 'A') + "|/|HTTP/1.1"},
      {"a method of 33", std::string(33, 'A') + " / HTTP/1.1", "no"},
      {"digit first", "1GET / HTTP/1.1", "no"},
      {"blank first", " GET / HTTP/1.1", "no"},
      {"empty", "", "no"},
      {"minus", "-", "no"},
      {"one word", "GET", "no"},
      {"one word and blank", "GET ", "no"},
      {"TLS bytes", "\x16\x03\x01\x02 \x01 /", "no"},
      {"TLS bytes escaped", R"(\x16\x03\x01)", "no"},
      {"RDP cookie", "\x03 mstshash=Administr", "no"},
      {"SOCKS", "\x05\x01", "no"},
      {"no protocol but a word", "GET /x HTTQ/1.1", "no"},
      {"protocol in small letters", "GET /x http/1.1", "no"},
      {"protocol without version", "GET /x HTTP/", "no"},
      {"protocol of 16", "GET /x HTTP/1.111111111", "GET|/x|HTTP/1.111111111"},
      {"protocol of 17", "GET /x HTTP/1.1111111111", "no"},
      {"protocol without blank before it", "GET /xHTTP/1.1", "GET|/xHTTP/1.1|"},
      {"protocol behind a tab", "GET /x\tHTTP/1.1", "GET|/x\tHTTP/1.1|"},
      {"blank behind the protocol", "GET /x HTTP/1.1 ", "no"},
      {"two protocols", "GET /x HTTP/1.0 HTTP/1.1", "GET|/x HTTP/1.0|HTTP/1.1"},
      {"NUL", "GET /\0 HTTP/1.1"s, "GET|/\0|HTTP/1.1"s},
      {"high bytes", "GET /\xc3\xa9\xff HTTP/1.1", "GET|/\xc3\xa9\xff|HTTP/1.1"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(Split(row.request) == row.parts);
  }
}

TEST_CASE("SplitHttpRequest leaves its result alone when it says no") {
  HttpRequest parts{.method = "m", .path = "p", .protocol = "q"};
  CHECK_FALSE(SplitHttpRequest("GET", &parts));
  CHECK(parts.method == "m");
  CHECK(parts.path == "p");
  CHECK(parts.protocol == "q");
}

TEST_CASE("The parts of a request are the request") {
  std::mt19937_64 random(5);
  const std::string alphabet = "GET HTTP/1. /a*:\t\"\\x";
  size_t split = 0;
  for (int n = 0; n < 200'000; ++n) {
    std::string request = random() % 2 ? "GET " : "";
    const size_t size = random() % 24;
    for (size_t i = 0; i < size; ++i) request += alphabet[random() % alphabet.size()];
    if (random() % 2) request += " HTTP/1.1";
    const std::vector<char> exact(request.begin(), request.end());
    HttpRequest parts;
    if (!SplitHttpRequest({exact.data(), exact.size()}, &parts)) continue;
    ++split;
    INFO(request);
    std::string joined = std::string(parts.method) + " " + std::string(parts.path);
    if (!parts.protocol.empty()) joined.append(" ").append(parts.protocol);
    REQUIRE(joined == request);
    REQUIRE_FALSE(parts.method.empty());
    REQUIRE_FALSE(parts.path.empty());
    REQUIRE(parts.method.find(' ') == std::string_view::npos);
  }
  CHECK(split > 20'000);
}

TEST_CASE("The requests of the access cases split as their servers meant them") {
  std::istringstream lines(testing::ReadWhole(PARSHALL_TEST_DATA "/access/cases.jsonl"));
  std::string line;
  size_t checked = 0;
  const auto text = [](const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  while (std::getline(lines, line)) {
    const nlohmann::json item = nlohmann::json::parse(line);
    if (!item.contains("expected") || item["class"] == "format_variant") continue;
    const nlohmann::json& want = item["expected"];
    if (!want.contains("request") || !want.contains("method") || !want["request"].is_string()) {
      continue;
    }
    INFO(item["id"] << ": " << want["request"]);
    ++checked;
    if (want["method"].is_null()) {
      CHECK(Split(text(want["request"])) == "no");
    } else {
      CHECK(Split(text(want["request"])) ==
            text(want["method"]) + "|" + text(want["path"]) + "|" + text(want["protocol"]));
    }
  }
  CHECK(checked > 100);
}

}  // namespace parshall::records
