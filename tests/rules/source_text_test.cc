#include "rules/source_text.h"

#include <catch2/catch.hpp>
#include <string>

namespace parshall::rules {
namespace {

constexpr size_t kNone = std::string_view::npos;

TEST_CASE("SourceText counts lines and characters as a plain scan does") {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += i % 7 == 0 ? "é" : i % 31 == 0 ? "\n" : i % 5 == 0 ? "€" : "x";
  }
  for (const size_t size :
       {size_t{0}, size_t{63}, size_t{64}, size_t{65}, size_t{128}, text.size()}) {
    const std::string_view part = std::string_view(text).substr(0, size);
    const SourceText source(part);
    int line = 1;
    int column = 1;
    for (size_t at = 0; at <= part.size(); ++at) {
      const bool inner = at < part.size() && (static_cast<unsigned char>(part[at]) & 0xC0) == 0x80;
      if (!inner && at < part.size()) {
        INFO(size << " " << at);
        CHECK(source.At(at).line == line);
        CHECK(source.At(at).column == column);
        ++column;
      }
      if (at < part.size() && part[at] == '\n') {
        ++line;
        column = 1;
      }
    }
    CHECK(source.At(part.size() + 9).line == line);
  }
}

TEST_CASE("SourceText turns lines and byte columns into offsets inside of the text") {
  const SourceText source("ab\ncd");
  CHECK(source.Offset(0, 1) == 1);
  CHECK(source.Offset(1, 1) == 4);
  CHECK(source.Offset(1, 99) == 5);
  CHECK(source.Offset(9, 0) == 3);
  CHECK(source.Offset(-1, -1) == 0);
}

TEST_CASE("SourceText finds the end of a quote") {
  struct Row {
    const char* text;
    size_t end;
  };
  const Row rows[] = {
      {"'a'", 2},      {"'a''b' c", 5},    {"''", 1},         {"''''", 3},
      {"'a", kNone},   {"'a''", kNone},    {R"("a")", 2},     {R"("a\"b")", 5},
      {R"("a\\")", 4}, {R"("a\")", kNone}, {R"("a\)", kNone}, {R"("'")", 2},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(SourceText(row.text).QuoteEnd(0) == row.end);
  }
}

}  // namespace
}  // namespace parshall::rules
