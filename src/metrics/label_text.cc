#include "metrics/label_text.h"

#include <cstdint>

#include "base/utf8.h"

namespace parshall::metrics {
namespace {

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

void AppendEscaped(std::string_view text, bool quotes, std::string* out) {
  for (const char c : text) {
    if (c == '\\') {
      out->append("\\\\");
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '"' && quotes) {
      out->append("\\\"");
    } else {
      out->push_back(c);
    }
  }
}

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool IsName(std::string_view name, bool colons) {
  if (name.empty()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool digit = c >= '0' && c <= '9';
    if (!(IsNameStart(c) || (digit && i > 0) || (c == ':' && colons))) return false;
  }
  return true;
}

}  // namespace

std::string_view LabelValue(std::string_view raw, std::string* scratch) {
  if (raw.size() <= kLabelBytesMax && IsValidUtf8(raw)) return raw;
  // Repair never shortens, and no character is longer than 4 bytes: what stands behind these bytes
  // cannot reach the part that is kept.
  scratch->clear();
  AppendValidUtf8(raw.substr(0, kLabelBytesMax + 4), scratch);
  if (scratch->size() > kLabelBytesMax) {
    size_t end = kLabelBytesMax;
    while (IsContinuation((*scratch)[end])) --end;
    scratch->resize(end);
  }
  return *scratch;
}

void AppendLabel(std::string_view name, std::string_view value, std::string* out) {
  if (!out->empty()) out->push_back(',');
  out->append(name);
  out->append("=\"");
  AppendEscaped(value, true, out);
  out->push_back('"');
}

void AppendLabelEscaped(std::string_view text, std::string* out) { AppendEscaped(text, true, out); }

std::string UnescapeLabel(std::string_view escaped) {
  std::string text;
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\' || i + 1 == escaped.size()) {
      text.push_back(escaped[i]);
    } else {
      ++i;
      text.push_back(escaped[i] == 'n' ? '\n' : escaped[i]);
    }
  }
  return text;
}

void AppendHelp(std::string_view text, bool quotes, std::string* out) {
  std::string valid_text;
  AppendValidUtf8(text, &valid_text);
  AppendEscaped(valid_text, quotes, out);
}

bool IsMetricName(std::string_view name) { return IsName(name, true); }

bool IsLabelName(std::string_view name) { return IsName(name, false) && !name.starts_with("__"); }

}  // namespace parshall::metrics
