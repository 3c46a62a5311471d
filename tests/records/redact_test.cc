#include "records/redact.h"

#include <catch2/catch.hpp>

#include "records/split_url.h"

namespace parshall::records {
namespace {

std::string Redacted(const rules::TransformSpec& spec, std::string_view text) {
  const auto redactor = Redactor::Make(spec);
  REQUIRE(redactor.ok());
  RedactSpans spans;
  (*redactor)->Find(text, &spans);
  std::string shown;
  size_t copied = 0;
  for (const RedactSpan& span : spans.list()) {
    REQUIRE(span.begin >= copied);
    REQUIRE(span.end <= text.size());
    shown.append(text.substr(copied, span.begin - copied)).append(span.with);
    copied = span.end;
  }
  return shown.append(text.substr(copied));
}

std::string Preset(rules::RedactPreset preset, std::string_view text) {
  rules::TransformSpec spec;
  spec.preset = preset;
  spec.with = "*";
  return Redacted(spec, text);
}

struct Row {
  const char* text;
  const char* shown;  // null: as it is
};

template <size_t kCount>
void CheckRows(rules::RedactPreset preset, const Row (&rows)[kCount]) {
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Preset(preset, row.text) == (row.shown != nullptr ? row.shown : row.text));
  }
}

}  // namespace

TEST_CASE("Redactor takes tokens and passwords out of query strings and URLs") {
  const Row rows[] = {
      {"/a?token=abc", "/a?token=*"},
      {"/a?x=1&access_token=abc&y=2", "/a?x=1&access_token=*&y=2"},
      {"token=abc", "token=*"},
      {"GET /a?password=a%20b HTTP/1.1", "GET /a?password=* HTTP/1.1"},
      {"/a?X-Amz-Signature=00ff&X-Amz-Date=1", "/a?X-Amz-Signature=*&X-Amz-Date=1"},
      {"/a?%74oken=abc", "/a?%74oken=*"},
      {"/a?user[password]=abc", "/a?user[password]=*"},
      {"/a?new_password=abc;sid=9#f", "/a?new_password=*;sid=*#f"},
      {"/cb#id_token=abc&state=1", "/cb#id_token=*&state=1"},
      {"/a?TOKEN=abc", "/a?TOKEN=*"},
      {"/a?token=", nullptr},
      {"/a?tokens=1&keyboard=2&page=3", nullptr},
      {"/a?q=a=b&key=c=d", "/a?q=a=b&key=*"},
      {"https://joe:pw@host/x", "https://joe:*@host/x"},
      {"https://joe:p@w@host:80/x?key=1", "https://joe:*@host:80/x?key=*"},
      {"https://host/x:y@z", nullptr},
      {"=", nullptr},
      {"", nullptr},
  };
  CheckRows(rules::RedactPreset::kQuerySecrets, rows);
}

TEST_CASE("Redactor takes e-mail addresses out") {
  const Row rows[] = {
      {"joe@example.com", "*"},
      {"mail=joe.b+x@mail.example.co.uk&a=1", "mail=*&a=1"},
      {"/u/joe%40example.com/x", "/u/*/x"},
      {"<a@b.org>, c@d.net.", "<*>, *."},
      {"j\xc3\xb6@ex.org", "*"},
      {"joe@localhost", nullptr},
      {"@example.com", nullptr},
      {"a@b.c", nullptr},
      {"a@1.2", nullptr},
      {"npm @scope/pkg@1.2.3", nullptr},
      {"a@@b.com", nullptr},
      {"%40", nullptr},
      {"@", nullptr},
  };
  CheckRows(rules::RedactPreset::kEmail, rows);
}

TEST_CASE("Redactor takes card numbers out, and only those with issuer and check digit") {
  // Numbers that the card networks publish for tests.
  const Row rows[] = {
      {"4111111111111111", "*"},
      {"4111 1111 1111 1111", "*"},
      {"card=5555-5555-5555-4444&x=1", "card=*&x=1"},
      {"378282246310005", "*"},
      {"6011111111111117", "*"},
      {"3530111333300000", "*"},
      {"30569309025904", "*"},
      {"2223003122003222", "*"},
      {"on 2026-11-21 4111 1111 1111 1111 paid", "on 2026-11-21 * paid"},
      {"4111111111111112", nullptr},         // wrong check digit
      {"1795237200000", nullptr},            // a time in milliseconds
      {"41111111111111111111111", nullptr},  // too long for a card
      {"4111  1111  1111  1111", nullptr},
      {"4111", nullptr},
      {"", nullptr},
  };
  CheckRows(rules::RedactPreset::kCard, rows);
}

TEST_CASE("Redactor cuts addresses to their network") {
  const auto cut = [](std::string_view text, int ipv4, int ipv6) {
    rules::TransformSpec spec;
    spec.preset = rules::RedactPreset::kIp;
    spec.ipv4_bits = ipv4;
    spec.ipv6_bits = ipv6;
    return Redacted(spec, text);
  };
  CHECK(cut("10.20.30.40", 24, 48) == "10.20.30.0");
  CHECK(cut("10.20.30.40:8080", 24, 48) == "10.20.30.0:8080");
  CHECK(cut("10.20.30.40", 16, 48) == "10.20.0.0");
  CHECK(cut("10.20.30.40", 0, 48) == "0.0.0.0");
  CHECK(cut("10.20.30.40", 32, 48) == "10.20.30.40");
  CHECK(cut("203.0.113.9, 70.41.3.18", 24, 48) == "203.0.113.0, 70.41.3.0");
  CHECK(cut("2001:db8:1:2:3:4:5:6", 24, 48) == "2001:db8:1::");
  CHECK(cut("[2001:db8:1:2::6]:443", 24, 64) == "[2001:db8:1:2::]:443");
  CHECK(cut("::ffff:10.20.30.40", 24, 48) == "::ffff:10.20.30.0");
  CHECK(cut("at 10:20:30 std::add 1.2.3 x", 24, 48) == "at 10:20:30 std::add 1.2.3 x");
  CHECK(cut("ip10.20.30.40", 24, 48) == "ip10.20.30.0");
  CHECK(cut("abc10.20.30.40", 24, 48) == "abc10.20.30.0");
  CHECK(cut("1.2.3.4.5 1111.2.3.4", 24, 48) == "1.2.3.4.5 1111.2.3.4");
  CHECK(cut("999.1.1.1", 24, 48) == "999.1.1.1");
  CHECK(cut("from 1.2.3.4.", 24, 48) == "from 1.2.3.0.");
  CHECK(cut(std::string(500, 'a'), 24, 48) == std::string(500, 'a'));
}

TEST_CASE("Redactor replaces what its expression finds, or its first group") {
  const auto replaced = [](const char* match, std::string_view text) {
    rules::TransformSpec spec;
    spec.match = match;
    spec.with = "#";
    return Redacted(spec, text);
  };
  CHECK(replaced("id=\\d+", "id=1 id=22 id=x") == "# # id=x");
  CHECK(replaced("id=(\\d+)", "id=1 id=22") == "id=# id=#");
  CHECK(replaced("(?<n>b)|c", "abc") == "a##");
  CHECK(replaced("x*", "axxb") == "a#b");
  CHECK(replaced("^a", "aaa") == "#aa");
  CHECK(replaced(".", "abc") == "###");
}

TEST_CASE("Redactor hides the rest of a text with more than it follows") {
  rules::TransformSpec spec;
  spec.match = "a";
  spec.with = "#";
  const std::string shown = Redacted(spec, std::string(1000, 'a') + "secret");
  CHECK(shown == std::string(RedactSpans::kSpansMax, '#'));
  CHECK(Redacted(spec, std::string(RedactSpans::kSpansMax - 1, 'a') + "b") ==
        std::string(RedactSpans::kSpansMax - 1, '#') + "b");
}

TEST_CASE("SplitUrlText takes a URL apart without decoding it") {
  struct Parts {
    const char* url;
    const char* host;  // null: not there
    const char* path;
    const char* query;
  };
  const Parts rows[] = {
      {"/a/b?x=1&y", nullptr, "/a/b", "x=1&y"},
      {"/a", nullptr, "/a", nullptr},
      {"/a?", nullptr, "/a", ""},
      {"/a?x#f?y", nullptr, "/a", "x"},
      {"http://h:80/p?q", "h:80", "/p", "q"},
      {"https://u:p@h/p", "h", "/p", nullptr},
      {"http://h?q", "h", "", "q"},
      {"/r?to=http://h/x", nullptr, "/r", "to=http://h/x"},
      {"/r/http://h/x", nullptr, "/r/http://h/x", nullptr},
      {"*", nullptr, "*", nullptr},
      {"h:443", nullptr, "h:443", nullptr},
      {"", nullptr, "", nullptr},
  };
  for (const Parts& row : rows) {
    INFO(row.url);
    const SplitUrl parts = SplitUrlText(row.url);
    const auto check = [](std::string_view part, const char* wanted) {
      CHECK((part.data() != nullptr) == (wanted != nullptr));
      if (wanted != nullptr) CHECK(part == wanted);
    };
    check(parts.host, row.host);
    check(parts.path, row.path);
    check(parts.query, row.query);
  }
}

TEST_CASE("QueryParameter finds the first parameter of a name") {
  CHECK(QueryParameter("a=1&b=2&a=3", "a") == "1");
  CHECK(QueryParameter("a=1&b=2", "b") == "2");
  CHECK(QueryParameter("%61=x%20y", "a") == "x%20y");
  CHECK(QueryParameter("a+b=1", "a b") == "1");
  CHECK(QueryParameter("a&b", "b").empty());
  CHECK(QueryParameter("a&b", "b").data() != nullptr);
  CHECK(QueryParameter("aa=1", "a").data() == nullptr);
  CHECK(QueryParameter("", "a").data() == nullptr);
  std::string many;
  for (size_t n = 0; n < kParametersMax; ++n) many += "x&";
  CHECK(QueryParameter(many + "a=1", "a").data() == nullptr);
}

}  // namespace parshall::records
