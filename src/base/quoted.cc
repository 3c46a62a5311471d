#include "base/quoted.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"

namespace parshall {

void AppendQuoted(std::string_view text, size_t bytes_max, std::string* out) {
  std::string valid;
  AppendValidUtf8(text.substr(0, bytes_max), &valid);
  out->push_back('"');
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(valid[i]);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\r') {
      out->append("\\r");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (c < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", c);
    } else if (c == 0xc2 && static_cast<unsigned char>(valid[i + 1]) < 0xa0) {
      // Two bytes in UTF-8; the second one is the code point.
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned char>(valid[++i]));
    } else {
      out->push_back(valid[i]);
    }
  }
  out->push_back('"');
}

std::string Quoted(std::string_view text) {
  constexpr size_t kShownMax = 100;
  std::string quoted;
  AppendQuoted(text, kShownMax, &quoted);
  if (text.size() > kShownMax) quoted.insert(quoted.size() - 1, "…");
  return quoted;
}

}  // namespace parshall
