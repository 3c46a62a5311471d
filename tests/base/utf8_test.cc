#include "base/utf8.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace parshall {
namespace {

using namespace std::string_literals;

std::string Repaired(std::string_view text) {
  std::string out;
  AppendValidUtf8(text, &out);
  return out;
}

// R stands for U+FFFD in the wanted text.
std::string WithReplacements(std::string_view wanted) {
  std::string out;
  for (const char c : wanted) c == 'R' ? out += "\xEF\xBF\xBD" : out += c;
  return out;
}

TEST_CASE("AppendValidUtf8 replaces each maximal ill-formed subpart once") {
  struct Row {
    const char* name;
    std::string text;
    std::string want;
  };
  const Row rows[] = {
      {"empty", "", ""},
      {"ascii with NUL", "a\0b\x7F"s, "a\0b\x7F"s},
      {"first and last of each length",
       "\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
       "\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
      {"around the surrogates", "\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80"},
      {"Unicode Table 3-8: non-shortest forms", "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
       "RRRRRRRRA"},
      {"Unicode Table 3-9: surrogates", "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "RRRRRRRRA"},
      {"Unicode Table 3-10: other ill-formed", "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "RRRRRARRB"},
      {"Unicode Table 3-11: truncated", "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "RRRRA"},
      {"Unicode §3.9 example", "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64",
       "aRRRbRcRRd"},
      {"lone continuation", "\x80", "R"},
      {"latin-1", "caf\xE9 au lait", "cafR au lait"},
      {"latin-1 at the end", "caf\xE9", "cafR"},
      {"two of four bytes at the end", "x\xF0\x9F", "xR"},
      {"above U+10FFFF", "\xF5\x80\x80\x80", "RRRR"},
      {"overlong slash", "\xC1\xAF", "RR"},
      {"FE FF", "\xFE\xFF", "RR"},
      {"good between bad", "\xFF\xC3\xA9\xFF", "R\xC3\xA9R"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(Repaired(row.text) == WithReplacements(row.want));
    CHECK(IsValidUtf8(row.text) == (row.text == row.want));
  }
}

// The grammar once more, code point by code point: decode, then ask whether it had to be that long.
size_t SlowValidPrefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto first = static_cast<unsigned char>(text[at]);
    size_t size = 1;
    uint32_t code = first;
    if (first >= 0x80) {
      if (first >= 0xF0 && first <= 0xF7)
        size = 4, code = first & 7u;
      else if (first >= 0xE0)
        size = 3, code = first & 15u;
      else if (first >= 0xC0)
        size = 2, code = first & 31u;
      else
        return at;
      if (first > 0xF7 || at + size > text.size()) return at;
      for (size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next & 0xC0) != 0x80) return at;
        code = code << 6 | (next & 63u);
      }
      const uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
      if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return at;
    }
    at += size;
  }
  return at;
}

TEST_CASE("ValidPrefix agrees with decoding on random bytes, and repair gives valid text") {
  std::mt19937 random(3);
  constexpr unsigned char kInteresting[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                            0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
                                            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
  for (int i = 0; i < 100000; ++i) {
    const size_t ascii = random() % 40;
    std::vector<char> block(ascii, 'a');
    const size_t tail = random() % 10;
    for (size_t j = 0; j < tail; ++j) {
      block.push_back(static_cast<char>(kInteresting[random() % std::size(kInteresting)]));
    }
    const std::string_view text(block.data(), block.size());
    INFO("bytes: " << Catch::StringMaker<std::string>::convert(std::string(text)));
    REQUIRE(ValidPrefix(text) == SlowValidPrefix(text));
    const std::string repaired = Repaired(text);
    REQUIRE(SlowValidPrefix(repaired) == repaired.size());
    REQUIRE(repaired.size() <= 3 * text.size());
  }
}

TEST_CASE("ValidPrefix finds one bad byte at every place of a long text") {
  const std::string clean(100, 'x');
  for (size_t at = 0; at < clean.size(); ++at) {
    std::string text = clean;
    text[at] = '\xFF';
    CHECK(ValidPrefix(text) == at);
  }
}

}  // namespace
}  // namespace parshall
