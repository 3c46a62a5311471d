#include "rules/source_text.h"

#include <algorithm>

namespace parshall::rules {
namespace {

// A file may be one line of 1 MiB with a node every other byte, so counting must not begin at its
// start.
constexpr size_t kStride = 64;

// Whether the byte is the second or a later one of a UTF-8 sequence.
bool Inner(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

SourceText::SourceText(std::string_view text) : text_(text) {
  starts_.push_back(0);
  size_t inner = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % kStride == 0) inner_.push_back(inner);
    inner += Inner(text[i]);
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
  inner_.push_back(inner);  // for the end, which At() may be asked for
}

size_t SourceText::InnerBefore(size_t offset) const {
  const size_t block = offset / kStride;
  if (block * kStride >= text_.size()) return inner_.back();
  size_t inner = inner_[block];
  for (size_t i = block * kStride; i < offset; ++i) inner += Inner(text_[i]);
  return inner;
}

Place SourceText::At(size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const size_t start = *(next - 1);
  const size_t characters = offset - start - (InnerBefore(offset) - InnerBefore(start));
  return {static_cast<int>(next - starts_.begin()), static_cast<int>(characters) + 1};
}

size_t SourceText::Offset(int line, int column) const {
  if (line < 0 || column < 0) return 0;
  const size_t index = std::min(static_cast<size_t>(line), starts_.size() - 1);
  return std::min(starts_[index] + static_cast<size_t>(column), text_.size());
}

size_t SourceText::QuoteEnd(size_t at) const {
  const char quote = text_[at];
  for (size_t i = at + 1; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      if (quote == '"' || i + 1 >= text_.size() || text_[i + 1] != quote) return i;
      ++i;
    }
  }
  return std::string_view::npos;
}

size_t SourceText::OpenQuote(size_t begin, size_t otherwise) const {
  for (size_t i = begin; i < text_.size(); ++i) {
    const char before = i == 0 ? ' ' : text_[i - 1];
    const bool begins =
        Blank(before) || std::string_view("[{,:").find(before) != std::string_view::npos;
    if (text_[i] == '#' && Blank(before)) {
      i = std::min(text_.find('\n', i), text_.size());
    } else if (begins && (text_[i] == '\'' || text_[i] == '"')) {
      const size_t end = QuoteEnd(i);
      if (end == std::string_view::npos) return i;
      i = end;
    }
  }
  return otherwise;
}

}  // namespace parshall::rules
