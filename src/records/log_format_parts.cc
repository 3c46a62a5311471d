#include "records/log_format_parts.h"

#include <array>
#include <cstdio>

namespace parshall::records {
namespace {

using rules::FieldType;

ByteSet Digits() {
  ByteSet set;
  set.AddRange('0', '9');
  return set;
}

ByteSet SetOf(std::string_view bytes) {
  ByteSet set;
  for (const char byte : bytes) set.Add(static_cast<unsigned char>(byte));
  return set;
}

ByteSet Letters() {
  ByteSet set;
  set.AddRange('a', 'z');
  set.AddRange('A', 'Z');
  return set;
}

}  // namespace

ByteSet AnyByte() { return ByteSet::All() - ByteSet::Of('\n'); }
ByteSet AnyBut(std::string_view without) { return AnyByte() - SetOf(without); }

Domain DigitsDomain() { return {.bytes = Digits(), .exact = R"(\d+)"}; }

Domain DecimalDomain() {
  return {.bytes = Digits() | SetOf("."), .exact = R"(\d+\.\d+)", .counts = {{'.', 1}}};
}

Domain StatusDomain() { return {.bytes = Digits(), .exact = R"(\d{3})", .fixed_width = true}; }

Domain ClfTimeDomain() {
  return {.bytes = Digits() | Letters() | SetOf("/: +-"),
          .exact = R"(\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})",
          .counts = {{' ', 1}, {':', 3}, {'/', 2}},
          .fixed_width = true};
}

Domain IsoTimeDomain() {
  return {.bytes = Digits() | SetOf("T:+-"),
          .exact = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)",
          .counts = {{'T', 1}, {':', 3}},
          .fixed_width = true};
}

Domain WordDomain() { return {.bytes = AnyBut(" \t\"")}; }

Domain AddressDomain() { return {.bytes = Digits() | SetOf("abcdefABCDEFunix:.%")}; }

Domain FreeDomain(Domain::Quotes quotes) { return {.bytes = AnyBut("\""), .quotes = quotes}; }

std::string LiteralExpression(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (byte < 0x20 || byte >= 0x7f) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned>(byte));
      out += hex.data();
    } else {
      if (!word && c != ' ' && c != '"' && c != '_' && c != '/' && c != ':' && c != '=' &&
          c != ',' && c != '<' && c != '>' && c != ';' && c != '-') {
        out += '\\';
      }
      out += c;
    }
  }
  return out;
}

void FormatParts::Literal(std::string_view text, size_t column) {
  if (text.empty()) return;
  if (!pieces.empty() && pieces.back().literal) {
    pieces.back().text += text;
    return;
  }
  FormatPiece piece;
  piece.literal = true;
  piece.text = text;
  piece.column = column;
  pieces.push_back(std::move(piece));
}

void FormatParts::Value(FormatPiece piece) { pieces.push_back(std::move(piece)); }

FormatPiece TextValue(std::string_view field, Domain domain) {
  FormatPiece piece;
  piece.field.name = field;
  piece.field.nulls = {"-"};
  piece.domain = std::move(domain);
  // A null's dash can stand wherever a text can. Where a look is exact, it is an alternative.
  if (piece.domain.exact.empty()) piece.domain.bytes.Add('-');
  return piece;
}

FormatPiece NumberValue(std::string_view field, FieldType type, double unit, Domain domain) {
  FormatPiece piece = TextValue(field, std::move(domain));
  piece.field.type = type;
  piece.field.unit = unit;
  return piece;
}

FormatPiece TimeValue(std::string_view field, std::string_view format, Domain domain) {
  FormatPiece piece = TextValue(field, std::move(domain));
  piece.field.type = FieldType::kTime;
  piece.field.format = format;
  piece.field.nulls.clear();  // a request has always a time
  return piece;
}

FormatPiece StatusValue(std::string_view field) {
  return NumberValue(field, FieldType::kInt, 1.0, StatusDomain());
}

FormatPiece SizeValue(std::string_view field) {
  FormatPiece piece = NumberValue(field, FieldType::kBytes, 1.0, DigitsDomain());
  piece.field.fallback = "0";
  return piece;
}

FormatPiece RequestValue(Domain domain) {
  FormatPiece piece = TextValue("request", std::move(domain));
  piece.field.type = FieldType::kHttpRequest;
  return piece;
}

std::string FieldName(std::string_view prefix, std::string_view name) {
  std::string field(prefix);
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      field += static_cast<char>(c - 'A' + 'a');
    } else {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      field += plain ? c : '_';
    }
  }
  return field;
}

std::string HeaderField(std::string_view header) {
  const std::string name = FieldName("", header);
  if (name == "referer") return name;
  if (name == "user_agent") return "agent";
  if (name == "x_forwarded_for") return "forwarded_for";
  if (name == "x_request_id") return "request_id";
  return "http_" + name;
}

}  // namespace parshall::records
