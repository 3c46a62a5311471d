#include "records/unescape.h"

namespace parshall::records {
namespace {

using rules::Escapes;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that two hexadecimal digits stand for; -1: there are none.
int HexByte(std::string_view text) {
  if (text.size() < 2) return -1;
  const int high = HexDigit(text[0]);
  const int low = HexDigit(text[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int Letter(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return -1;
  }
}

struct Taken {
  int byte = -1;    // what the escape stands for; -1: it is none
  size_t size = 0;  // of the escape behind its backslash
};

// The escape behind a backslash.
Taken Escape(Escapes escapes, std::string_view rest) {
  if (rest.empty()) return {};
  const char first = rest[0];
  if (escapes == Escapes::kQuote) return first == '"' ? Taken{'"', 1} : Taken{};
  if (first == 'x' && escapes != Escapes::kJson) return {HexByte(rest.substr(1)), 3};
  if (escapes == Escapes::kHex) return {};
  if (first == '"' || first == '\\') return {first, 1};
  if (escapes == Escapes::kJson) {
    // nginx writes \u00XX for control characters, and nothing else that way.
    if (rest.starts_with("u00")) return {HexByte(rest.substr(3)), 5};
    if (first == '/') return {'/', 1};
    return first == 'v' ? Taken{} : Taken{Letter(first), 1};
  }
  return {Letter(first), 1};
}

}  // namespace

char* Unescape(Escapes escapes, std::string_view text, char* out) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      const Taken taken = Escape(escapes, text.substr(at + 1));
      if (taken.byte >= 0) {
        *out++ = static_cast<char>(taken.byte);
        at += taken.size;
        continue;
      }
    }
    *out++ = text[at];
  }
  return out;
}

}  // namespace parshall::records
