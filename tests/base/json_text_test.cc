#include "base/json_text.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace parshall {
namespace {

// What must come out, byte by byte, on top of the UTF-8 repair that has its own test.
std::string Reference(std::string_view text) {
  std::string valid;
  AppendValidUtf8(text, &valid);
  std::string out;
  for (const char c : valid) {
    static const char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    const char* const from = "\"\\\b\f\n\r\t";
    const char* const to = "\"\\bfnrt";
    if (const char* found = std::strchr(from, c); c != '\0' && found != nullptr) {
      out += {'\\', to[found - from]};
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

// Text and room as large as promised and no larger.
std::string Escaped(std::string_view text, size_t alignment = 0) {
  const std::unique_ptr<char[]> in(new char[alignment + text.size() + 64]);
  char* const begin = in.get() + alignment;
  if (!text.empty()) std::memcpy(begin, text.data(), text.size());
  std::memset(begin + text.size(), '"', 64);
  const std::unique_ptr<char[]> out(new char[JsonTextBytesMax(text.size())]);
  const char* end = AppendJsonText(out.get(), {begin, text.size()});
  return {out.get(), static_cast<size_t>(end - out.get())};
}

}  // namespace

TEST_CASE("AppendJsonText escapes what JSON asks for and nothing else") {
  using namespace std::string_literals;
  struct Row {
    std::string text;
    std::string want;
  };
  const Row rows[] = {
      {"", ""},
      {"plain / ' text", "plain / ' text"},
      {"\"\\", "\\\"\\\\"},
      {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
      {"\0\x01\x1f\x7f"s, "\\u0000\\u0001\\u001f\x7f"},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"},
      {"\xe9", "\xef\xbf\xbd"},
      {"\xf0\x9f\"", "\xef\xbf\xbd\\\""},
      {"\xe2\x80\xa8", "\xe2\x80\xa8"},
  };
  for (const Row& row : rows) CHECK(Escaped(row.text) == row.want);
}

TEST_CASE("AppendJsonText takes every text of one and two bytes as the reference does") {
  for (unsigned first = 0; first < 256; ++first) {
    std::string text(1, static_cast<char>(first));
    REQUIRE(Escaped(text) == Reference(text));
    text += ' ';
    for (unsigned second = 0; second < 256; ++second) {
      text[1] = static_cast<char>(second);
      if (Escaped(text) != Reference(text)) FAIL(first << " " << second);
    }
  }
}

TEST_CASE("AppendJsonText does so at every length, alignment and place in a vector") {
  std::mt19937_64 random(8);
  static const std::string kPieces[] = {"a",
                                        "plain",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "\xc3\xa9",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xff",
                                        "\xf0\x9f",
                                        "\xed\xa0\x80",
                                        "\x80",
                                        std::string(1, '\0')};
  for (size_t size = 0; size <= 80; ++size) {
    for (int round = 0; round < 60; ++round) {
      std::string text;
      while (text.size() < size) {
        text += random() % 3 ? kPieces[random() % 2] : kPieces[random() % std::size(kPieces)];
      }
      text.resize(size);
      const size_t alignment = random() % 64;
      const std::string got = Escaped(text, alignment);
      if (got != Reference(text)) {
        INFO(size << " " << alignment);
        REQUIRE(got == Reference(text));
      }
    }
    // One special byte in an otherwise plain text, at each place.
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = "\"\xff\n\xc3"[at % 4];
      if (Escaped(text, at % 16) != Reference(text)) FAIL(size << " " << at);
    }
  }
}

TEST_CASE("AppendJsonText takes random bytes as the reference does") {
  std::mt19937_64 random(3);
  for (int n = 0; n < 20'000; ++n) {
    std::string text(random() % 300, '\0');
    // A few high bytes next to each other make and break sequences.
    for (char& c : text)
      c = static_cast<char>(random() % 4 ? random() % 128 : 0xc0 + random() % 64);
    for (size_t i = 1; i < text.size(); i += 2) {
      if (random() % 2) text[i] = static_cast<char>(0x80 + random() % 64);
    }
    const std::string got = Escaped(text);
    if (got != Reference(text)) REQUIRE(got == Reference(text));
  }
}

// The compiler's own checks know nothing of vector loads: a page that cannot be read does.
TEST_CASE("AppendJsonText reads at most 64 bytes behind the text and writes only into its room") {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto guarded = [page] {
    void* const pages =
        ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(::mprotect(static_cast<char*>(pages) + page, page, PROT_NONE) == 0);
    return static_cast<char*>(pages) + page;  // the first byte that must not be touched
  };
  char* const in_end = guarded();
  char* const out_end = guarded();
  for (const char fill : {'x', '"', '\x01', '\xff', '\xc3', '\xf0'}) {
    for (size_t size = 0; size <= 130; ++size) {
      char* const in = in_end - 64 - size;
      std::memset(in, fill, size);
      std::memset(in + size, '#', 64);
      char* const out = out_end - JsonTextBytesMax(size);
      char* const end = AppendJsonText(out, {in, size});
      REQUIRE(std::string(out, end) == Reference(std::string(size, fill)));
    }
  }
  ::munmap(in_end - page, 2 * page);
  ::munmap(out_end - page, 2 * page);
}

}  // namespace parshall
