#pragma once
// The text of a file before anybody has understood it: which line and column a byte stands in, and
// where a quote ends.

#include <cstddef>
#include <string_view>
#include <vector>

namespace parshall::rules {

// Both from 1; columns count characters, as editors do.
struct Place {
  int line = 1;
  int column = 1;
};

// Immutable. Views the text, which must outlive it.
class SourceText {
 public:
  explicit SourceText(std::string_view text);

  Place At(size_t offset) const;
  // The offset of a place given by a line and a column in bytes, both from 0.
  size_t Offset(int line, int column) const;

  // The offset of the quote that closes the one at `at` by YAML's rules, or npos.
  size_t QuoteEnd(size_t at) const;
  // The first quote from `begin` on that is never closed, or `otherwise`. Comments and quotes
  // inside of words are passed over.
  size_t OpenQuote(size_t begin, size_t otherwise) const;

  static bool Blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

 private:
  size_t InnerBefore(size_t offset) const;

  std::string_view text_;
  std::vector<size_t> starts_;  // of the lines
  std::vector<size_t> inner_;   // how many inner bytes of UTF-8 stand before each kStride-th byte
};

}  // namespace parshall::rules
