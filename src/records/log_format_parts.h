#pragma once
// A format string taken apart: literals, and the values between them. The files of the servers make
// this, log_format_pattern.cc makes an expression of it.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "records/byte_set.h"
#include "records/log_format.h"
#include "rules/rule.h"

namespace parshall::records {

// The texts that a server may write for a value. Plain data.
struct Domain {
  // How a quote inside of the value is written.
  enum class Quotes : uint8_t {
    kNever,  // not at all: as \x22, or the value has none
    kTaken,  // a backslash takes the next byte with it, and is itself written as two
    kLoose,  // \" for a quote; but a backslash stands for itself
  };

  // Bytes that can stand in it (quotes behind a backslash are not counted in). A null's "-" is
  // always possible and not counted in either.
  ByteSet bytes;
  Quotes quotes = Quotes::kNever;
  // The exact expression, for values of a fixed look; empty: any row of `bytes`.
  std::string exact = {};
  // How often a byte stands in every value of a fixed look; a byte of `bytes` that is not named
  // here may stand in it any number of times.
  std::vector<std::pair<char, int>> counts = {};
  bool fixed_width = false;
  bool list = false;      // `exact` is items with ", " or " : " between them; `bytes` are an item's
  std::string also = {};  // an expression for a value of another look, tried first
  bool no_quote = false;  // it surely has no quote, so a line with one there is another format's
  char begins = 0;        // every value but a null begins with this byte: "/" of a path
};

// Any byte but a line's end.
ByteSet AnyByte();
// The same without these.
ByteSet AnyBut(std::string_view without);

// Domains of values that look the same with all servers.
Domain DigitsDomain();   // 12
Domain DecimalDomain();  // 0.001
Domain StatusDomain();   // 200
Domain ClfTimeDomain();  // 21/Nov/2026:09:26:05 +0000
Domain IsoTimeDomain();  // 2026-11-21T09:26:05+00:00
Domain WordDomain();     // no blank, no quote
Domain AddressDomain();  // 203.0.113.9, ::1, unix:
Domain FreeDomain(Domain::Quotes quotes);

struct FormatPiece {
  bool literal = false;
  std::string text;        // of a literal; of a value the directive as it was written, for messages
  rules::FieldSpec field;  // of a value; without a name it is recognised, but not kept
  Domain domain;
  size_t column = 0;  // in the format, from 1
};

struct FormatParts {
  std::vector<FormatPiece> pieces;

  void Literal(std::string_view text, size_t column);  // joins with a literal before it
  void Value(FormatPiece piece);
};

// What a directive is: its field, without the name's group.
FormatPiece TextValue(std::string_view field, Domain domain);
FormatPiece NumberValue(std::string_view field, rules::FieldType type, double unit, Domain domain);
FormatPiece TimeValue(std::string_view field, std::string_view format, Domain domain);
FormatPiece StatusValue(std::string_view field);
FormatPiece SizeValue(std::string_view field);  // a "-" is 0, as the common log format writes it
FormatPiece RequestValue(Domain domain);

// "User-Agent" → "agent", "X-Request-Id" → "request_id", "X-Foo" → "http_x_foo".
std::string HeaderField(std::string_view header);
// `prefix` and the name in small letters, with _ for what no field's name has.
std::string FieldName(std::string_view prefix, std::string_view name);

// An expression that matches these bytes and nothing else.
std::string LiteralExpression(std::string_view text);

// A fault of the format: "column 14: …". CompileLogFormat gives it its place.
struct FormatFault {
  size_t column = 0;
  std::string what;
};
template <typename T>
using FormatResult = std::variant<T, FormatFault>;

// The servers. `escapes` is set to what their values are written with.
FormatResult<FormatParts> ParseGunicornFormat(std::string_view text, rules::Escapes* escapes);
FormatResult<FormatParts> ParseNginxFormat(std::string_view text, rules::Escapes* escapes);
FormatResult<FormatParts> ParseApacheFormat(std::string_view text, rules::Escapes* escapes);

// Formats that a server has under a name and nobody changes ("httplog" of haproxy). Null: there is
// none of that name.
const LogFormat* FindNamedFormat(std::string_view server, std::string_view name);
// "httplog, tcplog"; empty: the server has none.
std::string NamedFormatsOf(std::string_view server);

// Parts → expression. Faults: two values with nothing between them that could tell them apart.
FormatResult<LogFormat> PatternOf(FormatParts parts);

}  // namespace parshall::records
