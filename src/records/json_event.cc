#include "records/json_event.h"

#include <simdjson.h>

#include <array>
#include <cstring>

#include "records/plan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall::records {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

const char* SkipBlanks(const char* at, const char* end) {
  while (at < end && IsBlank(*at)) ++at;
  return at;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of \uXXXX, `at` behind the u; -1 when the four digits are not there.
int HexUnit(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int unit = 0;
  for (int n = 0; n < 4; ++n) {
    const int digit = HexDigit(at[n]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHighSurrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// What a scan has seen, beyond syntax.
struct Seen {
  bool high_bytes = false;      // bytes over 0x7f: the line's UTF-8 must be checked
  bool lone_surrogate = false;  // a \ud800 without its other half
  bool escapes = false;         // backslashes
};

// The next byte that a string scan must look at: a quote, a backslash or a control character, or
// `end`.
const char* NextSpecial(const char* at, const char* end, Seen* seen) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  int high = 0;
  for (; at < end; at += 16) {  // may read behind `end`: padding is promised
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const int mask = _mm_movemask_epi8(special);
    high |= _mm_movemask_epi8(bytes);
    if (mask != 0) {
      at += __builtin_ctz(static_cast<unsigned>(mask));
      break;
    }
  }
  if (high != 0) seen->high_bytes = true;
  return at < end ? at : end;
#else
  for (; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) break;
    if (byte >= 0x80) seen->high_bytes = true;
  }
  return at;
#endif
}

// `at` stands on the opening quote. Returns the place behind the closing one, or null.
const char* SkipString(const char* at, const char* end, Seen* seen) {
  ++at;
  while (true) {
    at = NextSpecial(at, end, seen);
    if (at >= end) return nullptr;
    if (*at == '"') return at + 1;
    if (*at != '\\' || end - at < 2) return nullptr;
    seen->escapes = true;
    switch (at[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        at += 2;
        break;
      case 'u': {
        const int unit = HexUnit(at + 2, end);
        if (unit < 0) return nullptr;
        at += 6;
        if (IsHighSurrogate(unit) && end - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
            IsLowSurrogate(HexUnit(at + 2, end))) {
          at += 6;
        } else if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
          seen->lone_surrogate = true;
        }
        break;
      }
      default:
        return nullptr;
    }
  }
}

const char* SkipDigits(const char* at, const char* end) {
  while (at < end && IsDigit(*at)) ++at;
  return at;
}

const char* SkipNumber(const char* at, const char* end) {
  if (at < end && *at == '-') ++at;
  if (at >= end || !IsDigit(*at)) return nullptr;
  at = *at == '0' ? at + 1 : SkipDigits(at, end);
  if (at < end && *at == '.') {
    const char* fraction = ++at;
    at = SkipDigits(at, end);
    if (at == fraction) return nullptr;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    const char* exponent = at;
    at = SkipDigits(at, end);
    if (at == exponent) return nullptr;
  }
  return at;
}

const char* SkipWord(const char* at, const char* end, std::string_view word) {
  if (static_cast<size_t>(end - at) < word.size() ||
      std::memcmp(at, word.data(), word.size()) != 0) {
    return nullptr;
  }
  return at + word.size();
}

const char* SkipScalar(const char* at, const char* end, JsonKind* kind, Seen* seen) {
  switch (*at) {
    case '"':
      *kind = JsonKind::kString;
      return SkipString(at, end, seen);
    case 't':
      *kind = JsonKind::kTrue;
      return SkipWord(at, end, "true");
    case 'f':
      *kind = JsonKind::kFalse;
      return SkipWord(at, end, "false");
    case 'n':
      *kind = JsonKind::kNull;
      return SkipWord(at, end, "null");
    default:
      *kind = JsonKind::kNumber;
      return SkipNumber(at, end);
  }
}

// An array or an object, `at` on its bracket. No recursion: one flag a level.
const char* SkipContainer(const char* at, const char* end, Seen* seen) {
  std::array<bool, kJsonDepthMax> in_object;
  size_t depth = 0;
  enum { kValue, kValueOrClose, kKey, kKeyOrClose, kCommaOrClose } expected = kValue;
  while (true) {
    at = SkipBlanks(at, end);
    if (at >= end) return nullptr;
    switch (expected) {
      case kValueOrClose:
        if (*at == ']') {
          ++at;
          --depth;
          expected = kCommaOrClose;
          break;
        }
        [[fallthrough]];
      case kValue:
        if (*at == '{' || *at == '[') {
          if (depth == kJsonDepthMax) return nullptr;
          in_object[depth++] = *at == '{';
          expected = *at == '{' ? kKeyOrClose : kValueOrClose;
          ++at;
          continue;
        } else {
          JsonKind ignored;
          at = SkipScalar(at, end, &ignored, seen);
          if (at == nullptr) return nullptr;
        }
        expected = kCommaOrClose;
        break;
      case kKeyOrClose:
        if (*at == '}') {
          ++at;
          --depth;
          expected = kCommaOrClose;
          break;
        }
        [[fallthrough]];
      case kKey:
        if (*at != '"' || (at = SkipString(at, end, seen)) == nullptr) return nullptr;
        at = SkipBlanks(at, end);
        if (at >= end || *at != ':') return nullptr;
        ++at;
        expected = kValue;
        continue;
      case kCommaOrClose:
        if (*at == ',') {
          ++at;
          expected = in_object[depth - 1] ? kKey : kValue;
          continue;
        }
        if (*at != (in_object[depth - 1] ? '}' : ']')) return nullptr;
        ++at;
        --depth;
        break;
    }
    if (depth == 0) return at;
  }
}

const char* SkipValue(const char* at, const char* end, JsonKind* kind, Seen* seen) {
  if (at >= end) return nullptr;
  if (*at == '{' || *at == '[') {
    *kind = *at == '{' ? JsonKind::kObject : JsonKind::kArray;
    return SkipContainer(at, end, seen);
  }
  return SkipScalar(at, end, kind, seen);
}

// Calls visit(member) for each member of the object at `at`; returns the place behind it, or null
// for bad syntax.
template <typename Visit>
const char* ForEachMember(const char* at, const char* end, Seen* seen, Visit visit) {
  if (at >= end || *at != '{') return nullptr;
  at = SkipBlanks(at + 1, end);
  if (at < end && *at == '}') return at + 1;
  while (true) {
    JsonMember member;
    if (at >= end || *at != '"') return nullptr;
    seen->escapes = false;
    const char* key_end = SkipString(at, end, seen);
    if (key_end == nullptr) return nullptr;
    member.key = {at, static_cast<size_t>(key_end - at)};
    member.key_escaped = seen->escapes;
    seen->escapes = false;
    at = SkipBlanks(key_end, end);
    if (at >= end || *at != ':') return nullptr;
    at = SkipBlanks(at + 1, end);
    const char* value_end = SkipValue(at, end, &member.kind, seen);
    if (value_end == nullptr) return nullptr;
    member.value = {at, static_cast<size_t>(value_end - at)};
    member.value_escaped = seen->escapes;
    visit(member);
    at = SkipBlanks(value_end, end);
    if (at >= end) return nullptr;
    if (*at == '}') return at + 1;
    if (*at != ',') return nullptr;
    at = SkipBlanks(at + 1, end);
  }
}

char* AppendUtf8(char* out, int code) {
  const auto byte = [](int value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    *out++ = byte(code);
  } else if (code < 0x800) {
    *out++ = byte(0xc0 | (code >> 6));
    *out++ = byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = byte(0xe0 | (code >> 12));
    *out++ = byte(0x80 | ((code >> 6) & 0x3f));
    *out++ = byte(0x80 | (code & 0x3f));
  } else {
    *out++ = byte(0xf0 | (code >> 18));
    *out++ = byte(0x80 | ((code >> 12) & 0x3f));
    *out++ = byte(0x80 | ((code >> 6) & 0x3f));
    *out++ = byte(0x80 | (code & 0x3f));
  }
  return out;
}

// Raw JSON text in which each half of a surrogate pair is replaced by \ufffd (strict parsers refuse
// such halves, and Python's json.dumps writes them), and each line end by a blank.
std::string Repaired(std::string_view raw) {
  std::string text;
  text.reserve(raw.size() + kPaddingBytes);  // which may be read behind a member, as behind a line
  for (size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      text += raw[i] == '\n' ? ' ' : raw[i];
      ++i;
      continue;
    }
    if (raw[i + 1] != 'u') {
      text.append(raw, i, 2);
      i += 2;
      continue;
    }
    const char* end = raw.data() + raw.size();
    const int unit = HexUnit(raw.data() + i + 2, end);
    const bool pair = IsHighSurrogate(unit) && i + 7 < raw.size() && raw[i + 6] == '\\' &&
                      raw[i + 7] == 'u' && IsLowSurrogate(HexUnit(raw.data() + i + 8, end));
    if (pair) {
      text.append(raw, i, 12);
      i += 12;
    } else {
      if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
        text += "\\ufffd";
      } else {
        text.append(raw, i, 6);
      }
      i += 6;
    }
  }
  return text;
}

bool KeyIs(std::string_view raw_key, std::string_view name) {
  const std::string_view inner = raw_key.substr(1, raw_key.size() - 2);
  if (inner == name) return true;
  if (inner.find('\\') == std::string_view::npos) return false;
  std::string text(raw_key.size() + 16, '\0');
  char* end = UnescapeJson(raw_key, text.data());
  return std::string_view(text.data(), static_cast<size_t>(end - text.data())) == name;
}

}  // namespace

bool JsonEventParser::Parse(std::string_view line) {
  members_.clear();
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const char* const end = line.data() + line.size();
  const char* at = SkipBlanks(line.data(), end);
  Seen seen;
  bool line_end = false;  // out of a container's wrapping: a record must stay on one line
  at = ForEachMember(at, end, &seen, [this, &line_end](const JsonMember& member) {
    members_.push_back(member);
    const bool nested = member.kind == JsonKind::kObject || member.kind == JsonKind::kArray;
    line_end = line_end || (nested && member.value.find('\n') != std::string_view::npos);
  });
  if (at == nullptr || SkipBlanks(at, end) != end) return false;
  if (seen.high_bytes && !simdjson::validate_utf8(line.data(), line.size())) return false;
  if (seen.lone_surrogate || line_end) {
    repaired_.clear();
    repaired_.reserve(members_.size() * 2);
    for (JsonMember& member : members_) {
      member.key = repaired_.emplace_back(Repaired(member.key));
      member.value = repaired_.emplace_back(Repaired(member.value));
    }
  }
  return true;
}

char* UnescapeJson(std::string_view raw, char* out) {
  const char* at = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  while (at < end) {
#if defined(__SSE2__)
    if (end - at >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
      const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
      const int plain = mask == 0 ? 16 : __builtin_ctz(static_cast<unsigned>(mask));
      at += plain;
      out += plain;
      if (mask == 0) continue;
    }
#endif
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    const char c = at[1];
    at += 2;
    switch (c) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        const int unit = HexUnit(at, end);
        at += 4;
        if (!IsHighSurrogate(unit) && !IsLowSurrogate(unit)) {
          out = AppendUtf8(out, unit);
          break;
        }
        const int low = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? HexUnit(at + 2, end) : -1;
        if (IsHighSurrogate(unit) && IsLowSurrogate(low)) {
          out = AppendUtf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
          at += 6;
        } else {
          std::memcpy(out, kReplacement.data(), kReplacement.size());
          out += kReplacement.size();
        }
        break;
      }
      default:
        *out++ = c;  // " \ /
    }
  }
  return out;
}

bool FindJsonPath(std::string_view object, std::string_view path, JsonMember* found) {
  bool direct = false;
  JsonMember through;
  size_t through_size = 0;
  Seen seen;
  const char* const end = object.data() + object.size();
  ForEachMember(SkipBlanks(object.data(), end), end, &seen, [&](const JsonMember& member) {
    if (KeyIs(member.key, path)) {
      *found = member;
      direct = true;
      return;
    }
    if (member.kind != JsonKind::kObject) return;
    for (size_t dot = path.find('.'); dot != std::string_view::npos;
         dot = path.find('.', dot + 1)) {
      if (KeyIs(member.key, path.substr(0, dot))) {
        through = member;
        through_size = dot + 1;
      }
    }
  });
  if (direct) return true;
  return through_size > 0 && FindJsonPath(through.value, path.substr(through_size), found);
}

}  // namespace parshall::records
