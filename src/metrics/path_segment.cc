#include "metrics/path_segment.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace parshall::metrics {
namespace {

constexpr size_t kSegmentBytesMax = 64;
constexpr size_t kHexLeast = 8;
constexpr size_t kHashLeast = 32;
constexpr size_t kTokenLeast = 20;
constexpr size_t kTokenDigitsLeast = 3;
constexpr size_t kTokenTurnsLeast = 5;  // one to so many letters and digits
constexpr size_t kSuffixDigitsLeast = 5;

bool Digit(char c) { return c >= '0' && c <= '9'; }
bool Upper(char c) { return c >= 'A' && c <= 'Z'; }
bool Lower(char c) { return c >= 'a' && c <= 'z'; }
bool Hex(char c) { return Digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <typename Is>
bool All(std::string_view text, Is is) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

template <typename Is>
size_t Count(std::string_view text, Is is) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), is));
}

int HexValue(char c) { return Digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

std::string Decoded(std::string_view raw) {
  std::string text;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '%' && i + 2 < raw.size() && Hex(raw[i + 1]) && Hex(raw[i + 2])) {
      text.push_back(static_cast<char>(HexValue(raw[i + 1]) * 16 + HexValue(raw[i + 2])));
      i += 2;
    } else {
      text.push_back(raw[i]);
    }
  }
  return text;
}

bool MonthAndDay(std::string_view month, std::string_view day) {
  const int m = (month[0] - '0') * 10 + month[1] - '0';
  const int d = (day[0] - '0') * 10 + day[1] - '0';
  return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

bool IsDate(std::string_view text) {
  if (text.size() == 8 && All(text, Digit)) {
    const bool century = text.starts_with("19") || text.starts_with("20");
    return century && MonthAndDay(text.substr(4, 2), text.substr(6, 2));
  }
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
  if (!All(text.substr(0, 4), Digit) || !All(text.substr(5, 2), Digit) ||
      !All(text.substr(8, 2), Digit) || !MonthAndDay(text.substr(5, 2), text.substr(8, 2))) {
    return false;
  }
  return text.size() == 10 || text[10] == 'T' || text[10] == '-' || text[10] == '_';
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !Hex(text[i])) return false;
  }
  return true;
}

bool IsSize(std::string_view text) {
  const size_t x = text.find('x');
  return x != std::string_view::npos && All(text.substr(0, x), Digit) &&
         All(text.substr(x + 1), Digit);
}

bool IsIp(std::string_view text) {
  size_t parts = 0;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.size() > 3 || !All(part, Digit)) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

bool IsEmail(std::string_view text) {
  const size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && text.find('.', at) != std::string_view::npos &&
         text.find('@', at + 1) == std::string_view::npos && text.back() != '.';
}

// How often letters and digits turn from one kind into another: all the time in base64, seldom in
// words, whose capitals begin them and are not counted.
size_t Turns(std::string_view text) {
  size_t turns = 0;
  char before = 0;
  for (const char c : text) {
    if (!Digit(c) && !Upper(c) && !Lower(c)) continue;
    const bool same =
        (Digit(before) && Digit(c)) || (Upper(before) && !Digit(c)) || (Lower(before) && Lower(c));
    if (before != 0 && !same) ++turns;
    before = c;
  }
  return turns;
}

bool IsToken(std::string_view text) {
  if (text.size() < kTokenLeast) return false;
  const auto fits = [](char c) {
    return Digit(c) || Upper(c) || Lower(c) || c == '-' || c == '_' || c == '+' || c == '=' ||
           c == '.';
  };
  return All(text, fits) && Count(text, Upper) > 0 && Count(text, Lower) > 0 &&
         Count(text, Digit) >= kTokenDigitsLeast && Turns(text) * kTokenTurnsLeast >= text.size();
}

// The kind of a whole segment, or an empty text.
std::string_view KindOf(std::string_view text) {
  if (IsDate(text)) return ":date";
  if (All(text, Digit)) return ":id";
  if (IsUuid(text)) return ":uuid";
  if (text.size() >= kHexLeast && All(text, Hex) && Count(text, Digit) > 0) {
    return text.size() >= kHashLeast ? ":hash" : ":hex";
  }
  if (IsSize(text)) return ":size";
  if (IsIp(text)) return ":ip";
  if (IsEmail(text)) return ":email";
  return {};
}

// Tokens of base64 have + and = in them, and / would be the end of the segment.
bool IsTokenChar(char c) {
  return Digit(c) || Upper(c) || Lower(c) || c == '.' || c == '_' || c == '-' || c == '+' ||
         c == '=';
}

size_t ExtensionAt(std::string_view segment) {
  const size_t dot = segment.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::string_view::npos;
  const std::string_view extension = segment.substr(dot + 1);
  const bool good = !extension.empty() && extension.size() <= 5 &&
                    (Lower(extension[0]) || Upper(extension[0])) &&
                    All(extension, [](char c) { return Digit(c) || Upper(c) || Lower(c); });
  return good ? dot : std::string_view::npos;
}

}  // namespace

bool IsPlainSegment(std::string_view segment) {
  return All(segment, [](char c) {
    return Digit(c) || Upper(c) || Lower(c) || c == '.' || c == '_' || c == '~' || c == '+' ||
           c == '@' || c == '-';
  });
}

bool HasExtension(std::string_view segment) {
  return ExtensionAt(segment) != std::string_view::npos;
}

bool IsPathKind(std::string_view segment) {
  static constexpr std::array<std::string_view, 14> kKinds = {
      ":any",  ":file", ":date",  ":id",    ":uuid", ":hash",  ":hex",
      ":size", ":ip",   ":email", ":token", ":text", ":month", "*"};
  return std::find(kKinds.begin(), kKinds.end(), segment) != kKinds.end();
}

bool IsShownKind(std::string_view segment) {
  if (segment.starts_with(':')) return IsPathKind(segment.substr(0, ExtensionAt(segment)));
  const size_t colon = segment.find(':');
  return colon != std::string_view::npos && segment.substr(colon) == ":id" &&
         std::string_view("-_.").find(segment[colon - 1]) != std::string_view::npos;
}

bool IsYear(std::string_view segment) {
  return segment.size() == 4 && All(segment, Digit) &&
         (segment.starts_with("19") || segment.starts_with("20"));
}

bool IsMonthName(std::string_view segment) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  std::string small(segment.substr(0, 10));
  for (char& c : small) c = static_cast<char>(Upper(c) ? c | 0x20 : c);
  return std::any_of(kMonths.begin(), kMonths.end(), [&small](std::string_view month) {
    return small == month || small == month.substr(0, 3);
  });
}

std::string PathSegment(std::string_view raw) {
  const std::string text = Decoded(raw);
  if (const std::string_view kind = KindOf(text); !kind.empty() && kind != ":email") {
    return std::string(kind);
  }
  if (All(text, IsTokenChar) && !HasExtension(text) && IsToken(text)) return ":token";
  if (!IsPlainSegment(text)) return ":text";
  if (const size_t dot = ExtensionAt(text); dot != std::string::npos) {
    const std::string_view stem = std::string_view(text).substr(0, dot);
    std::string_view kind = KindOf(stem);
    if (kind.empty() && IsToken(stem)) kind = ":token";
    if (!kind.empty()) return std::string(kind).append(text, dot);
  }
  if (IsEmail(text)) return ":email";
  if (text.size() > kSegmentBytesMax) return IsToken(text) ? ":token" : ":text";
  const size_t digits_at = text.find_last_not_of("0123456789") + 1;
  const bool behind_word =
      digits_at > 1 && std::string_view("-_.").find(text[digits_at - 1]) != std::string_view::npos;
  if (behind_word && text.size() - digits_at >= kSuffixDigitsLeast) {
    return text.substr(0, digits_at).append(":id");
  }
  return text;
}

}  // namespace parshall::metrics
