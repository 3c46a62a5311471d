// The event scanner by index, and the unescaping 64 bytes at a time, against the scanners that go
// byte by byte.
#include "records/json_scan.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "records/json_event.h"
#include "records/plan.h"

namespace parshall::records {
namespace {

std::string Padded(const std::string& text) {
  return text + std::string(kPaddingBytes, '"');  // which must not be taken for a quote of the text
}

std::vector<std::string> Texts(const JsonMember* members, size_t count) {
  std::vector<std::string> texts;
  for (size_t n = 0; n < count; ++n) {
    texts.emplace_back(members[n].key);
    texts.emplace_back(members[n].value);
    texts.push_back(std::to_string(static_cast<int>(members[n].kind)) +
                    (members[n].key_escaped ? "k" : "") + (members[n].value_escaped ? "v" : ""));
  }
  return texts;
}

// Blanks behind an event make it too long for the index.
bool ParseSlowly(const std::string& line, std::vector<std::string>* texts) {
  const std::string padded = Padded(line + std::string(kIndexedBytesMax, ' '));
  JsonEventParser parser;
  if (!parser.Parse(std::string_view(padded).substr(0, line.size() + kIndexedBytesMax)))
    return false;
  *texts = Texts(parser.members().data(), parser.members().size());
  return true;
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t Below(size_t limit) { return engine_() % limit; }
  const char* Pick(const std::vector<const char*>& from) { return from[Below(from.size())]; }

 private:
  std::mt19937 engine_;
};

std::string RandomString(Random* random, const std::vector<const char*>& pieces, size_t most) {
  std::string text = "\"";
  for (size_t n = random->Below(most); n > 0; --n) text += random->Pick(pieces);
  return text + '"';
}

std::string RandomEvent(Random* random) {
  static const std::vector<const char*> kPieces = {
      "a",        "bc", " ", "\\\"", "\\\\", "0123456789abcdef0123456789abcdef",
      "\\\\\\\"", ":",  ",", "{"};
  static const std::vector<const char*> kRare = {"\\n",     "\\u00e9", "\xc3\xa9", "\t",
                                                 "\\ud800", "\xff",    "\\",       "\""};
  static const std::vector<const char*> kValues = {
      "1",  "-0.5e3", "true", "false", "null", "[]", "{}", "[1, \"]\\\"\"]", "{\"a\": {\"b\": 2}}",
      "01", "nul",    "[1",   "\"\"",  "+1"};
  std::string event = random->Below(8) == 0 ? " {" : "{";
  for (size_t n = random->Below(6); n > 0; --n) {
    event += RandomString(random, kPieces, 4);
    event += random->Below(2) == 0 ? ": " : " :";
    event += random->Below(3) == 0 ? random->Pick(kValues) : RandomString(random, kPieces, 12);
    if (n > 1) event += random->Below(2) == 0 ? ", " : ",";
  }
  event += '}';
  if (random->Below(4) == 0) {
    event.insert(random->Below(event.size() + 1), random->Pick(kRare));
  }
  if (random->Below(4) == 0) event.erase(random->Below(event.size()), 1);
  return event;
}

}  // namespace

TEST_CASE(
    "The index finds the members that the byte-wise scanner finds, or leaves the line to it") {
  if (!HasAvx2()) return;
  Random random(20261121);
  size_t indexed = 0;
  size_t valid = 0;
  for (int round = 0; round < 60'000; ++round) {
    const std::string line = RandomEvent(&random);
    CAPTURE(line);
    std::vector<std::string> expected;
    const bool is_event = ParseSlowly(line, &expected);
    valid += is_event ? 1 : 0;
    const std::string padded = Padded(line);
    JsonMember members[kIndexedMembersMax];
    JsonSeen seen;
    const int count = ScanEventAvx2(padded.data(), padded.data() + line.size(), members, &seen);
    if (count == kNotIndexed) continue;
    ++indexed;
    // UTF-8 is the caller's to check.
    if (!is_event && seen.high_bytes) continue;
    REQUIRE(is_event);
    REQUIRE(Texts(members, static_cast<size_t>(count)) == expected);
  }
  CHECK(valid > 20'000);
  CHECK(indexed > 15'000);
}

TEST_CASE("The index says when there are bytes over 0x7f") {
  if (!HasAvx2()) return;
  for (const char* line : {"{\"a\":\"\xc3\xa9\"}", "{\"\xff\":1}"}) {
    const std::string padded = Padded(line);
    JsonMember members[kIndexedMembersMax];
    JsonSeen seen;
    REQUIRE(ScanEventAvx2(padded.data(), padded.data() + std::string(line).size(), members,
                          &seen) == 1);
    CHECK(seen.high_bytes);
  }
}

TEST_CASE("Sixty-four bytes at a time give the text that a byte at a time gives") {
  if (!HasVbmi2()) return;
  Random random(7);
  const std::vector<const char*> pieces = {
      "a", "0123456789abcdef0123456789abcdef", "\\\"", "\\\\", "\\/", "\\\\\\\"", "xy", "\xc3\xa9"};
  const std::vector<const char*> others = {"\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\t"};
  for (int round = 0; round < 30'000; ++round) {
    std::string raw = RandomString(&random, pieces, 16);
    if (round % 3 == 0) {
      raw.insert(raw.size() - 1, random.Pick(others));
      raw.insert(raw.size() - 1, RandomString(&random, pieces, 8).substr(1));
      raw.pop_back();
    }
    CAPTURE(raw);
    const std::string padded = Padded(raw);
    const std::string_view view = std::string_view(padded).substr(0, raw.size());
    std::string expected(raw.size() + 16, '\0');
    expected.resize(static_cast<size_t>(UnescapeJson(view, expected.data()) - expected.data()));
    std::string text(raw.size() + 64, '\0');
    text.resize(static_cast<size_t>(UnescapeJsonVbmi2(view, text.data()) - text.data()));
    REQUIRE(text == expected);
  }
}

}  // namespace parshall::records
