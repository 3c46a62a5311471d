#include "records/unmatched.h"

#include <algorithm>

namespace parshall::records {
namespace {

bool Digit(char c) { return c >= '0' && c <= '9'; }
// Bytes over 0x7f are letters of other scripts.
bool Letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) > 0x7f;
}
bool Blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

// Behind the quote that closes the one at `at`; `at` itself if none does.
size_t BehindQuoted(std::string_view line, size_t at) {
  for (size_t end = at + 1; end < line.size(); ++end) {
    if (line[end] == '\\') {
      ++end;
    } else if (line[end] == line[at]) {
      return end + 1;
    }
  }
  return at;
}

}  // namespace

std::string ShapeOf(std::string_view line) {
  line = line.substr(0, kShapedBytesMax);
  std::string shape;
  for (size_t at = 0; at < line.size() && shape.size() < kShapeBytesMax;) {
    const char c = line[at];
    if (Digit(c) || Letter(c)) {
      bool digits = false;
      bool letters = false;
      for (; at < line.size() && (Digit(line[at]) || Letter(line[at])); ++at) {
        digits = digits || Digit(line[at]);
        letters = letters || Letter(line[at]);
      }
      const bool word = letters && !digits;
      if (word && shape.ends_with("a ")) {
        shape.pop_back();
      } else {
        shape += word ? 'a' : letters ? 'x' : '0';
      }
    } else if (Blank(c)) {
      while (at < line.size() && Blank(line[at])) ++at;
      shape += ' ';
    } else if (c == '"') {
      const size_t end = BehindQuoted(line, at);
      shape += end > at ? "\"\"" : "\"";
      at = end > at ? end : at + 1;
    } else {
      shape += c;
      ++at;
    }
  }
  if (shape.size() > kShapeBytesMax) shape.resize(kShapeBytesMax);
  return shape;
}

void UnmatchedStore::Add(std::string_view line, std::string_view source, uint64_t lines,
                         int64_t now_ms) {
  std::string shape = ShapeOf(line);
  const std::lock_guard lock(mutex_);
  lines_ += lines;
  auto known = shapes_.find(shape);
  if (known == shapes_.end()) {
    if (shapes_.size() == kShapesMax) {
      other_lines_ += lines;
      return;
    }
    UnmatchedShape row{.shape = shape,
                       .sample = std::string(line.substr(0, kSampleBytesMax)),
                       .source = std::string(source)};
    known = shapes_.emplace(std::move(shape), std::move(row)).first;
  }
  known->second.lines += lines;
  known->second.last_ms = now_ms;
}

UnmatchedLines UnmatchedStore::Snapshot() const {
  UnmatchedLines all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [shape, row] : shapes_) all.shapes.push_back(row);
    all.other_lines = other_lines_;
    all.lines = lines_;
  }
  std::sort(all.shapes.begin(), all.shapes.end(),
            [](const UnmatchedShape& a, const UnmatchedShape& b) {
              return a.lines != b.lines ? a.lines > b.lines : a.shape < b.shape;
            });
  return all;
}

}  // namespace parshall::records
