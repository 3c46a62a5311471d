#include "records/logfmt.h"

#include <algorithm>
#include <cstring>

#include "base/json_text.h"
#include "records/plan.h"

namespace parshall::records {
namespace {

bool KeyStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

bool KeyByte(char c) {
  return KeyStart(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

// -12.5: written as a number it means the same to every reader. Longer ones, and those with an
// exponent, are more often an id than a quantity.
bool PlainNumber(std::string_view text) {
  constexpr size_t kDigitsMax = 15;  // all that a double keeps
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (text.size() - (point != std::string_view::npos) > kDigitsMax) return false;
  if (!digits(whole) || (whole.size() > 1 && whole[0] == '0')) return false;
  return point == std::string_view::npos || digits(text.substr(point + 1));
}

// One thread; writes one event.
class Event {
 public:
  explicit Event(char* out) : begin_(out), out_(out) { *out_++ = '{'; }

  void Key(std::string_view key) {
    if (out_ > begin_ + 1) *out_++ = ',';
    *out_++ = '"';
    out_ = std::copy(key.begin(), key.end(), out_);  // its bytes need no escapes
    *out_++ = '"';
    *out_++ = ':';
  }
  void Raw(std::string_view value) { out_ = std::copy(value.begin(), value.end(), out_); }
  void Text(std::string_view text) {
    *out_++ = '"';
    out_ = AppendJsonText(out_, text);
    *out_++ = '"';
  }
  std::string_view End() {
    *out_++ = '}';
    return {begin_, static_cast<size_t>(out_ - begin_)};
  }

 private:
  char* begin_;
  char* out_;
};

// "a \"quoted\" value": the text without its escapes in *text, which has room. Returns the place
// behind the closing quote, or npos.
size_t QuotedValue(std::string_view line, size_t at, std::vector<char>* text, size_t* size) {
  *size = 0;
  for (++at; at < line.size(); ++at) {
    char c = line[at];
    if (c == '"') return at + 1;
    if (c == '\\' && at + 1 < line.size()) {
      const char after = line[++at];
      c = after == 'n' ? '\n' : after == 't' ? '\t' : after == 'r' ? '\r' : after;
      if (c == after && after != '"' && after != '\\') (*text)[(*size)++] = '\\';
    }
    (*text)[(*size)++] = c;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view LogfmtToJson(std::string_view line, std::vector<char>* room) {
  if (line.empty() || !KeyStart(line[0])) return {};
  size_t key_end = 0;
  while (key_end < line.size() && KeyByte(line[key_end])) ++key_end;
  if (key_end == line.size() || line[key_end] != '=') return {};
  // In the worst case each byte is a word of its own: ,"a":true for "a ". The text of a quoted
  // value stands behind that while it is put together.
  const size_t json_max = JsonTextBytesMax(line.size()) + line.size() * 4 + 64;
  const size_t whole = json_max + kPaddingBytes;
  if (room->size() < whole) room->resize(whole);
  std::vector<char> text;
  Event event(room->data());
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    const size_t begin = at;
    if (!KeyStart(line[at])) return {};
    while (at < line.size() && KeyByte(line[at])) ++at;
    event.Key(line.substr(begin, at - begin));
    if (at == line.size() || line[at] == ' ' || line[at] == '\t') {
      event.Raw("true");
      continue;
    }
    if (line[at] != '=') return {};
    ++at;
    if (at < line.size() && line[at] == '"') {
      size_t size = 0;
      if (text.size() < line.size() + kPaddingBytes) text.resize(line.size() + kPaddingBytes);
      at = QuotedValue(line, at, &text, &size);
      if (at == std::string_view::npos) return {};
      if (at < line.size() && line[at] != ' ' && line[at] != '\t') return {};
      event.Text({text.data(), size});
      continue;
    }
    const size_t value_at = at;
    while (at < line.size() && line[at] != ' ' && line[at] != '\t') ++at;
    const std::string_view value = line.substr(value_at, at - value_at);
    if (value.find('"') != std::string_view::npos) return {};
    if (PlainNumber(value) || value == "true" || value == "false") {
      event.Raw(value);
    } else {
      event.Text(value);
    }
  }
  return event.End();
}

}  // namespace parshall::records
