#include "records/json_event.h"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/records/by_nlohmann.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using namespace std::string_literals;
using nlohmann::json;
using testing::ByNlohmann;
using testing::Padded;

// The members put together again, as the record has them; "refused" when the line is no event.
std::string Rebuilt(JsonEventParser& parser, const Padded& line) {
  if (!parser.Parse(line.view())) return "refused";
  std::string text = "{";
  for (const JsonMember& member : parser.members()) {
    if (text.size() > 1) text += ',';
    text.append(member.key).append(":").append(member.value);
  }
  return text + "}";
}

std::string Rebuilt(std::string_view line) {
  JsonEventParser parser;
  return Rebuilt(parser, Padded(line));
}

std::string FromBase64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  return out;
}

std::vector<json> Lines(const std::string& path) {
  std::istringstream lines(testing::ReadWhole(path));
  std::vector<json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  REQUIRE(!all.empty());
  return all;
}

// Our parser against both others on one text. What may differ is what json_event.h says: numbers
// beyond 64 bits and doubles are taken, so are halves of surrogate pairs (repaired); nesting over
// kJsonDepthMax and all that is no object are refused.
void HoldAgainstOthers(JsonEventParser& parser, simdjson::dom::parser& dom,
                       const std::string& text) {
  const Padded line(text);
  const std::string rebuilt = Rebuilt(parser, line);
  const bool accepted = rebuilt != "refused";
  const ByNlohmann theirs(text);
  simdjson::dom::element element;
  const simdjson::padded_string padded(text);
  const bool simdjson_object =
      dom.parse(padded).get(element) == simdjson::SUCCESS && element.is_object();
  INFO(text);
  if (simdjson_object) REQUIRE(accepted);
  // nlohmann_json takes a NUL for the end of the text, whatever follows.
  const bool whole = text.find('\0') == std::string::npos;
  if (whole && theirs.accepted && theirs.value.is_object()) REQUIRE(accepted);
  if (!accepted) return;
  if (theirs.accepted) {
    REQUIRE(theirs.value.is_object());
  } else {
    REQUIRE((theirs.lone_surrogate || theirs.number_too_large));
  }
  INFO(rebuilt);
  const ByNlohmann again(rebuilt);
  if (!again.accepted) {
    REQUIRE(again.number_too_large);
  } else if (theirs.accepted) {
    REQUIRE(again.value == theirs.value);
  }
  const auto error = dom.parse(simdjson::padded_string(rebuilt)).error();
  if (error != simdjson::SUCCESS) REQUIRE(error == simdjson::NUMBER_ERROR);
}

}  // namespace

TEST_CASE("An event is one JSON object, its members are its text") {
  struct Row {
    const char* name;
    std::string line;
    std::string rebuilt;
  };
  const Row rows[] = {
      {"empty object", "{}", "{}"},
      {"blanks", " \t{ \"a\" : 1 ,\r\"b\" : [ 1 , 2 ] } \r", "{\"a\":1,\"b\":[ 1 , 2 ]}"},
      {"all kinds", R"({"s":"x","n":-1.5e+3,"t":true,"f":false,"z":null,"o":{"a":[]},"a":[{}]})",
       R"({"s":"x","n":-1.5e+3,"t":true,"f":false,"z":null,"o":{"a":[]},"a":[{}]})"},
      {"duplicate keys", R"({"a":1,"a":2})", R"({"a":1,"a":2})"},
      {"empty key", R"({"":0})", R"({"":0})"},
      {"escapes", R"({"\u0061\n\"":"\\\/\b\f\n\r\t\u00e9"})",
       R"({"\u0061\n\"":"\\\/\b\f\n\r\t\u00e9"})"},
      {"integer over 64 bits", R"({"a":123456789012345678901234567890})",
       R"({"a":123456789012345678901234567890})"},
      {"number over a double", R"({"a":1e999})", R"({"a":1e999})"},
      {"one byte order mark", "\xef\xbb\xbf{\"a\":1}", R"({"a":1})"},
      {"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf{\"a\":1}", "refused"},
      {"pair of surrogates", R"({"a":"\ud83d\ude00"})", R"({"a":"\ud83d\ude00"})"},
      {"high half", R"({"a":"x\ud83dy","b":"z"})", R"({"a":"x\ufffdy","b":"z"})"},
      {"low half in the key", R"({"\uDE00":"z"})", R"({"\ufffd":"z"})"},
      {"two high halves", R"({"a":"\ud83d\ud83d\ude00"})", R"({"a":"\ufffd\ud83d\ude00"})"},
      {"half in an array", R"({"a":["\\\ud83d",{"\ude00":1}]})",
       R"({"a":["\\\ufffd",{"\ufffd":1}]})"},
      {"no surrogate but a backslash", R"({"a":"\\ud83d"})", R"({"a":"\\ud83d"})"},
      {"line ends as blanks", "{\"a\":\n{\"b\":\n[1,\n2]\n}\n,\n\"c\":3}\n",
       R"({"a":{"b": [1, 2] },"c":3})"},
      {"UTF-8", "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}", "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}"},
      {"DEL and U+2028 are no control characters", "{\"a\":\"\x7f\xe2\x80\xa8\"}",
       "{\"a\":\"\x7f\xe2\x80\xa8\"}"},

      {"empty", "", "refused"},
      {"blank", " ", "refused"},
      {"array", "[1]", "refused"},
      {"string", "\"a\"", "refused"},
      {"number", "1", "refused"},
      {"open", "{", "refused"},
      {"open key", "{\"a", "refused"},
      {"no colon", "{\"a\"", "refused"},
      {"no value", "{\"a\":", "refused"},
      {"no value but a close", "{\"a\":}", "refused"},
      {"comma at the end", "{\"a\":1,}", "refused"},
      {"comma at the start", "{,\"a\":1}", "refused"},
      {"two commas", "{\"a\":1,,\"b\":2}", "refused"},
      {"no comma", "{\"a\":1 \"b\":2}", "refused"},
      {"more behind", "{} {}", "refused"},
      {"a brace too many", "{}}", "refused"},
      {"wrong bracket", "{\"a\":[1}", "refused"},
      {"wrong brace", "{\"a\":{]}", "refused"},
      {"single quotes", "{'a':1}", "refused"},
      {"key without quotes", "{a:1}", "refused"},
      {"number as a key", "{1:1}", "refused"},
      {"comment", "{/**/}", "refused"},
      {"NaN", "{\"a\":NaN}", "refused"},
      {"Infinity", "{\"a\":-Infinity}", "refused"},
      {"leading zero", "{\"a\":01}", "refused"},
      {"plus", "{\"a\":+1}", "refused"},
      {"point without digit", "{\"a\":1.}", "refused"},
      {"point first", "{\"a\":.1}", "refused"},
      {"exponent without digit", "{\"a\":1e}", "refused"},
      {"minus alone", "{\"a\":-}", "refused"},
      {"hex", "{\"a\":0x1}", "refused"},
      {"word cut", "{\"a\":tru", "refused"},
      {"word with more", "{\"a\":truee}", "refused"},
      {"capital", "{\"a\":True}", "refused"},
      {"escape \\x", R"({"a":"\x41"})", "refused"},
      {"escape \\u too short", R"({"a":"\u12"})", "refused"},
      {"escape at the end", "{\"a\":\"\\", "refused"},
      {"tab in a string", "{\"a\":\"\t\"}", "refused"},
      {"line end in a string", "{\"a\":\"\n\"}", "refused"},
      {"NUL in a string", "{\"a\":\"\0\"}"s, "refused"},
      {"NUL behind", "{}\0"s, "refused"},
      {"vertical tab", "{\v}", "refused"},
      {"no-break space", "{\xc2\xa0}", "refused"},
      {"Latin-1", "{\"a\":\"\xe9\"}", "refused"},
      {"overlong", "{\"a\":\"\xc0\xaf\"}", "refused"},
      {"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", "refused"},
      {"half a sequence in a key", "{\"\xf0\x9f\":1}", "refused"},
  };
  for (const Row& row : rows) {
    INFO(row.name << ": " << row.line);
    CHECK(Rebuilt(row.line) == row.rebuilt);
  }
}

TEST_CASE("A parser forgets the line before") {
  JsonEventParser parser;
  const Padded first(R"({"a":"\ud800","b":2})");
  const Padded bad("{\"a\":1,");
  const Padded second(R"({"c":3})");
  CHECK(Rebuilt(parser, first) == R"({"a":"\ufffd","b":2})");
  CHECK(Rebuilt(parser, bad) == "refused");
  CHECK(Rebuilt(parser, second) == R"({"c":3})");
  CHECK(Rebuilt(parser, first) == R"({"a":"\ufffd","b":2})");
}

// A rule's pattern runs over a member's text with vector loads.
TEST_CASE("Behind each member the padding can be read, repaired or not") {
  JsonEventParser parser;
  for (const char* line :
       {R"({"e":"\ud800","a":"x"})", R"({"a":{"x":"y"},"b":"z"})",
        "{\"a\":[\n],\"b\":\"z\",\"c\":\"a longer text than a short string\"}"}) {
    const Padded padded(line);
    REQUIRE(parser.Parse(padded.view()));
    // What stands there means nothing; that it can be read is for the address sanitizer to say.
    size_t read = 0;
    for (const JsonMember& member : parser.members()) {
      for (size_t n = 0; n < kPaddingBytes; ++n) {
        const volatile char* behind = member.value.data() + member.value.size() + n;
        // Of a member of the line itself, the line's own padding ends later.
        if (member.value.data() < padded.begin() || member.value.data() > padded.end() ||
            behind < padded.end() + kPaddingBytes) {
          static_cast<void>(*behind);
          ++read;
        }
      }
    }
    CHECK(read >= kPaddingBytes);
  }
}

TEST_CASE("The cases of JSONTestSuite are taken or refused as it says") {
  JsonEventParser parser;
  simdjson::dom::parser dom;
  size_t taken = 0, refused = 0, objects = 0;
  for (const json& item : Lines(PARSHALL_TEST_DATA "/json/jsontestsuite.jsonl")) {
    const std::string bytes = FromBase64(item["bytes_b64"].get<std::string>());
    const std::string name = item["id"].get<std::string>();
    INFO(name);
    REQUIRE(bytes.size() == item["size"].get<size_t>());
    const bool accepted = Rebuilt(bytes) != "refused";
    const bool is_object = item["is_object"].get<bool>();
    if (name.starts_with("jts-y_") && is_object) {
      CHECK(accepted);
      ++objects;
    }
    if (name.starts_with("jts-n_")) CHECK_FALSE(accepted);
    accepted ? ++taken : ++refused;
    HoldAgainstOthers(parser, dom, bytes);
    // Inside of an object, the valid ones are valid and the others are not.
    const std::string inside = "{\"a\":" + bytes + "}";
    if (name.starts_with("jts-y_")) CHECK(Rebuilt(inside) != "refused");
    HoldAgainstOthers(parser, dom, inside);
  }
  CHECK(taken > 5);
  CHECK(refused > 50);
  CHECK(objects > 0);
}

TEST_CASE("Events agree with simdjson and nlohmann_json, also when they are damaged") {
  std::vector<std::string> seeds = {
      R"({"a":"\ud83d\ude00\u00e9\\\"","b":[1,-2.5e-3,true,false,null,{}],"c":{"d":{"e":[[]]}}})",
      R"({"event":"GET /x","n":12345678901234567890,"f":1e400,"u":"é😀","\u0061":""})",
      "{ \"a\" :\t1 ,\r \"b\": [ ] }",
      R"({"a":"\ud800","b":"\udc00\ud800"})",
  };
  for (const json& item : Lines(PARSHALL_TEST_DATA "/json/events.jsonl")) {
    const std::string line = item["input_line"].get<std::string>();
    if (line.size() < 600) seeds.push_back(line);
  }
  for (const json& item : Lines(PARSHALL_TEST_DATA "/json/jsontestsuite.jsonl")) {
    const std::string bytes = FromBase64(item["bytes_b64"].get<std::string>());
    if (bytes.size() < 200) seeds.push_back("{\"a\":" + bytes + "}");
  }
  static const std::string kTokens[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "\\",
                                        "\\u",
                                        "\\ud800",
                                        "\\udc00",
                                        "1",
                                        "-",
                                        "0",
                                        ".5",
                                        "e",
                                        "E+9",
                                        "true",
                                        "null",
                                        "\"a\":",
                                        " ",
                                        "\t",
                                        "\n",
                                        "\r",
                                        "\xc3\xa9",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        "\xf0\x9f",
                                        std::string(1, '\0'),
                                        "\x1f",
                                        "\x7f",
                                        "\\\"",
                                        "\\\\",
                                        "\\/",
                                        "\\x",
                                        "99999999999999999999",
                                        "{\"a\":{}}",
                                        "[[[["};
  JsonEventParser parser;
  simdjson::dom::parser dom;
  std::mt19937_64 random(20261121);
  const auto below = [&random](size_t bound) { return static_cast<size_t>(random() % bound); };
  size_t accepted = 0;
  constexpr size_t kInputs = 200'000;
  for (size_t n = 0; n < kInputs; ++n) {
    std::string text = seeds[below(seeds.size())];
    if (text.size() > 160 && below(4) != 0) {  // most work on short ones
      const size_t from = below(text.size() - 100);
      text = "{\"x\":\"y\"," + text.substr(from, 100) + "}";
    }
    for (size_t wounds = below(3); wounds > 0; --wounds) {
      const size_t at = below(text.size() + 1);
      switch (below(5)) {
        case 0:
          text.insert(at, kTokens[below(std::size(kTokens))]);
          break;
        case 1:
          text.erase(at, 1 + below(3));
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(random());
          break;
        case 3:
          text.resize(at);
          break;
        default:
          text.insert(at, text.substr(below(text.size() + 1), below(12)));
      }
    }
    HoldAgainstOthers(parser, dom, text);
    const Padded line(text);
    if (parser.Parse(line.view())) ++accepted;
  }
  // The damage must leave both kinds, or the test proves nothing.
  CHECK(accepted > kInputs / 20);
  CHECK(accepted < kInputs * 9 / 10);
}

TEST_CASE("Nesting is followed to its bound and refused beyond it") {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK(Rebuilt(nested(kJsonDepthMax)) == nested(kJsonDepthMax));
  CHECK(Rebuilt(nested(kJsonDepthMax + 1)) == "refused");
  CHECK(Rebuilt(nested(100'000)) == "refused");
  CHECK(Rebuilt("{\"a\":" + std::string(100'000, '[')) == "refused");
  std::string objects;
  for (int n = 0; n < 100'000; ++n) objects += "{\"a\":";
  CHECK(Rebuilt(objects) == "refused");
  CHECK(Rebuilt(objects + "1" + std::string(100'000, '}')) == "refused");
  // Wide is not deep.
  std::string wide = "{\"a\":[";
  for (int n = 0; n < 50'000; ++n) wide += "[],";
  CHECK(Rebuilt(wide + "[]]}") == wide + "[]]}");
}

TEST_CASE("UnescapeJson gives the text that nlohmann_json reads") {
  std::mt19937_64 random(9);
  static const std::string kParts[] = {"a",
                                       "0123456789abcdef",
                                       "\\\"",
                                       "\\\\",
                                       "\\/",
                                       "\\b",
                                       "\\f",
                                       "\\n",
                                       "\\r",
                                       "\\t",
                                       "\\u0000",
                                       "é",
                                       "\\u00E9",
                                       "\\u20ac",
                                       "\\ud83d\\ude00",
                                       "\\uFFFF",
                                       "\\u007f",
                                       "\xf0\x9f\x98\x80",
                                       " ",
                                       "\\u0041"};
  for (int n = 0; n < 30'000; ++n) {
    std::string raw = "\"";
    for (size_t parts = random() % 12; parts > 0; --parts) {
      raw += kParts[random() % std::size(kParts)];
    }
    raw += '"';
    const Padded padded(raw);
    const std::unique_ptr<char[]> out(new char[raw.size() + 16]);  // what is promised to be enough
    const char* end = UnescapeJson(padded.view(), out.get());
    INFO(raw);
    REQUIRE(end - out.get() <= static_cast<ptrdiff_t>(raw.size()));
    REQUIRE(std::string(out.get(), static_cast<size_t>(end - out.get())) ==
            json::parse(raw).get<std::string>());
  }
}

TEST_CASE("UnescapeJson repairs halves of surrogate pairs") {
  const auto text = [](const std::string& raw) {
    const Padded padded(raw);
    std::string out(raw.size() + 16, '\0');
    out.resize(static_cast<size_t>(UnescapeJson(padded.view(), out.data()) - out.data()));
    return out;
  };
  CHECK(text(R"("\ud800")") == "\xef\xbf\xbd");
  CHECK(text(R"("\udc00x")") == "\xef\xbf\xbdx");
  CHECK(text(R"("\ud800\ud800\udc00")") == "\xef\xbf\xbd\xf0\x90\x80\x80");
  CHECK(text(R"("\ud800\u0041")") == "\xef\xbf\xbd\x41");
  CHECK(text(R"("")").empty());
}

TEST_CASE("FindJsonPath follows dots, and a key with dots of its own wins") {
  struct Row {
    const char* object;
    const char* path;
    const char* value;  // empty: not there
  };
  const Row rows[] = {
      {R"({"a":1})", "a", "1"},
      {R"({"a":{"b":{"c":[1]}}})", "a.b.c", "[1]"},
      {R"({"a":{"b":2}})", "a", R"({"b":2})"},
      {R"({"a":{"b":2},"a.b":3})", "a.b", "3"},
      {R"({"a.b":3,"a":{"b":2}})", "a.b", "3"},
      {R"({"a":{"b.c":4}})", "a.b.c", "4"},
      {R"({"a.b":{"c":5}})", "a.b.c", "5"},
      {R"({"a":1,"a":2})", "a", "2"},
      {R"({"\u0061":{"\u0062":6}})", "a.b", "6"},
      {R"({"a":{"b":null}})", "a.b", "null"},
      {R"({"a":[{"b":1}]})", "a.b", ""},
      {R"({"a":"b"})", "a.b", ""},
      {R"({"a":{"b":1}})", "a.c", ""},
      {R"({"a":{"":1}})", "a.", "1"},
      {R"({})", "a", ""},
      {R"({ "a" : { "b" : "x" } })", "a.b", "\"x\""},
  };
  for (const Row& row : rows) {
    INFO(row.object << " " << row.path);
    const Padded object(row.object);
    JsonMember member;
    const bool found = FindJsonPath(object.view(), row.path, &member);
    CHECK(found == (row.value[0] != '\0'));
    if (found) CHECK(member.value == row.value);
  }
}

}  // namespace parshall::records
