#include "metrics/label_text.h"

#include <catch2/catch.hpp>

namespace parshall::metrics {
namespace {

TEST_CASE("LabelValue makes valid UTF-8 of at most 1,024 bytes") {
  using std::string;
  const string long_ascii(5000, 'x');
  const string almost(1022, 'x');
  struct Row {
    const char* name;
    string raw;
    string shown;
  };
  const Row rows[] = {
      {"plain", "GET", "GET"},
      {"empty", "", ""},
      {"NUL is a character", string("a\0b", 3), string("a\0b", 3)},
      {"umlaut", "\xC3\xA4", "\xC3\xA4"},
      {"latin-1", "\xE4!", "\xEF\xBF\xBD!"},
      {"overlong", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"cut", long_ascii, string(1024, 'x')},
      {"just fits", string(1024, 'x'), string(1024, 'x')},
      {"cut before a character that does not fit", almost + "\xE2\x82\xAC", almost},
      {"the whole character fits", almost.substr(1) + "\xE2\x82\xAC",
       almost.substr(1) + "\xE2\x82\xAC"},
      {"cut before a replacement that does not fit", almost + "\xFF\xFF\xFF", almost},
      {"cut in a long one of umlauts", string(1023, 'x') + "\xC3\xA4\xC3\xA4", string(1023, 'x')},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    string scratch;
    CHECK(LabelValue(row.raw, &scratch) == row.shown);
  }
}

TEST_CASE("AppendLabel escapes what would end the value") {
  std::string text;
  AppendLabel("a", "say \"hi\" \\ \n\r\t", &text);
  AppendLabel("b", "", &text);
  CHECK(text == "a=\"say \\\"hi\\\" \\\\ \\n\r\t\",b=\"\"");
}

TEST_CASE("AppendHelp escapes backslashes and newlines, and quotes for OpenMetrics only") {
  std::string text;
  AppendHelp("a \"b\" \\ \n \xFF", false, &text);
  CHECK(text == "a \"b\" \\\\ \\n \xEF\xBF\xBD");
  text.clear();
  AppendHelp("a \"b\"", true, &text);
  CHECK(text == "a \\\"b\\\"");
}

TEST_CASE("Metric and label names are told from what is none") {
  for (const char* name : {"a", "http_requests_total", "a:b", "_x", "A9"})
    CHECK(IsMetricName(name));
  for (const char* name : {"", "9a", "a-b", "a b", "\xC3\xA4"}) CHECK_FALSE(IsMetricName(name));
  for (const char* name : {"a", "_x", "A9"}) CHECK(IsLabelName(name));
  for (const char* name : {"", "9a", "a:b", "__a", "a.b"}) CHECK_FALSE(IsLabelName(name));
}

}  // namespace
}  // namespace parshall::metrics
