// Apache's LogFormat: %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" (mod_log_config, mod_logio).
//
// Taken is the format, with or without the backslashes that httpd.conf needs before quotes, and
// also the whole directive: LogFormat "%h … \"%r\"" combined. Since 2.0.46 Apache writes what
// comes from a client with \" \\ and \xHH.

#include <array>

#include "base/quoted.h"
#include "base/timestamp.h"
#include "records/log_format_parts.h"

namespace parshall::records {
namespace {

using rules::FieldType;

struct Nickname {
  std::string_view name;
  std::string_view format;
};
// As Apache's documentation has them; Debian's write %O, which looks the same, for %b.
constexpr std::array kNicknames = {
    Nickname{"common", R"(%h %l %u %t "%r" %>s %b)"},
    Nickname{"combined", R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
    Nickname{"vhost_combined", R"(%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
};

struct Directive {
  size_t column = 0;
  std::string modifiers;      // "<", ">", "!200,304"
  std::string_view argument;  // in braces
  bool has_argument = false;
  std::string letters;        // "s", "^ti"
  bool first_of_two = false;  // %s in a format that has %>s as well
};

Domain Free() { return FreeDomain(Domain::Quotes::kTaken); }

FormatPiece Int(std::string_view field) {
  return NumberValue(field, FieldType::kInt, 1.0, DigitsDomain());
}

FormatPiece Fraction(std::string_view field, std::string_view digits) {
  Domain domain = StatusDomain();  // a number of fixed width, too
  domain.exact = digits;
  FormatPiece piece = NumberValue(field, FieldType::kInt, 1.0, std::move(domain));
  piece.field.nulls.clear();
  return piece;
}

FormatPiece Bytes(std::string_view field) {
  return NumberValue(field, FieldType::kBytes, 1.0, DigitsDomain());
}

FormatPiece Duration(double unit) {
  return NumberValue("duration", FieldType::kDuration, unit, DigitsDomain());
}

// The expression of a strftime format; false at a conversion of no fixed look.
bool StrftimeLook(std::string_view format, Domain* domain, size_t* bad) {
  struct Look {
    char conversion;
    std::string_view exact;
  };
  constexpr std::array kLooks = {Look{'d', R"(\d\d)"},          Look{'m', R"(\d\d)"},
                                 Look{'y', R"(\d\d)"},          Look{'H', R"(\d\d)"},
                                 Look{'I', R"(\d\d)"},          Look{'M', R"(\d\d)"},
                                 Look{'S', R"(\d\d)"},          Look{'e', R"([ \d]\d)"},
                                 Look{'Y', R"(\d{4})"},         Look{'j', R"(\d{3})"},
                                 Look{'b', "[A-Za-z]{3}"},      Look{'h', "[A-Za-z]{3}"},
                                 Look{'a', "[A-Za-z]{3}"},      Look{'B', "[A-Za-z]+"},
                                 Look{'A', "[A-Za-z]+"},        Look{'p', "[AP]M"},
                                 Look{'z', R"([+-]\d{4})"},     Look{'Z', "[A-Z]+"},
                                 Look{'s', R"(\d+)"},           Look{'T', R"(\d\d:\d\d:\d\d)"},
                                 Look{'R', R"(\d\d:\d\d)"},     Look{'F', R"(\d{4}-\d\d-\d\d)"},
                                 Look{'D', R"(\d\d/\d\d/\d\d)"}};
  domain->bytes = AnyBut("\"[]\t");
  for (size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    if (c != '%') {
      domain->exact += LiteralExpression(format.substr(at, 1));
      continue;
    }
    ++at;
    bool known = false;
    for (const Look& look : kLooks) {
      if (at >= format.size() || look.conversion != format[at]) continue;
      domain->exact += look.exact;
      known = true;
    }
    if (!known) {
      *bad = at - 1;
      return false;
    }
  }
  const char last = format.empty() ? '%' : format.back();
  domain->fixed_width = last != 's' && last != 'B' && last != 'A' && last != 'Z';
  return !format.empty();
}

FormatResult<FormatPiece> Time(const Directive& directive, FormatParts* parts) {
  std::string_view format = directive.argument;
  if (!directive.has_argument) return TimeValue("time", "clf", ClfTimeDomain());
  for (const std::string_view moment : {"begin:", "end:"}) {
    if (format.starts_with(moment)) format.remove_prefix(moment.size());
  }
  if (format.empty()) return TimeValue("time", "clf", ClfTimeDomain());
  if (format == "sec") return TimeValue("time", "epoch", DigitsDomain());
  if (format == "msec") return TimeValue("time", "epoch_ms", DigitsDomain());
  if (format == "usec") return Int("time_usec");
  if (format == "msec_frac") return Fraction("time_msec_frac", R"(\d{3})");
  if (format == "usec_frac") return Fraction("time_usec_frac", R"(\d{6})");
  Domain domain;
  size_t bad = 0;
  if (!StrftimeLook(format, &domain, &bad)) {
    return FormatFault{directive.column, "the time format " + Quoted(format) + " has " +
                                             Quoted(format.substr(bad, 2)) +
                                             ", which has no look to recognise it by"};
  }
  const auto has = [format](std::string_view any) {
    for (size_t at = 0; at + 1 < format.size(); ++at) {
      if (format[at] == '%' && any.find(format[at + 1]) != std::string_view::npos) return true;
    }
    return false;
  };
  const bool whole = (has("dejFD") && has("YyFD")) || has("s");
  bool first = true;
  for (const FormatPiece& piece : parts->pieces) first = first && piece.field.name != "time";
  if (whole && first && StrptimeFault(format).empty()) {
    return TimeValue("time", format, std::move(domain));
  }
  // A part of a time that is written in pieces: kept as it is.
  FormatPiece piece = TextValue(has("HIMSTR") ? "time_of_day"
                                : has("zZ")   ? "time_zone"
                                              : "date",
                                std::move(domain));
  piece.field.nulls.clear();
  return piece;
}

FormatResult<FormatPiece> ValueOf(const Directive& directive, FormatParts* parts) {
  const std::string_view argument = directive.argument;
  const bool with = directive.has_argument;
  if (directive.letters == "^ti") return TextValue(FieldName("trailer_", argument), Free());
  if (directive.letters == "^to") return TextValue(FieldName("sent_trailer_", argument), Free());
  FormatPiece user;
  Domain state;
  switch (directive.letters[0]) {
    case 'a':
      return TextValue(argument == "c" ? "peer" : "host", AddressDomain());
    case 'A':
      return TextValue("local_addr", AddressDomain());
    case 'h':
      return TextValue(argument == "c" ? "peer" : "host", WordDomain());
    case 'l':
      return TextValue("ident", WordDomain());
    case 'u':
      user = TextValue("user", Free());
      user.domain.also = "\"\"";  // an empty name is logged as two quotes
      return user;
    case 't':
      return Time(directive, parts);
    case 'r':
      return RequestValue(Free());
    case 's':
      // Of a request that was redirected internally, %s is the first and %>s the last.
      return StatusValue(directive.first_of_two ? "first_status" : "status");
    case 'b':
    case 'B':
      return SizeValue("size");
    case 'O':
      return Bytes("bytes_sent");
    case 'I':
      return Bytes("bytes_received");
    case 'S':
      return Bytes("bytes_transferred");
    case 'D':
      return Duration(1e-6);
    case 'T':
      if (argument == "ms") return Duration(1e-3);
      if (argument == "us") return Duration(1e-6);
      if (with && argument != "s") {
        return FormatFault{directive.column,
                           "the unit of %{…}T is s, ms or us, and this is " + Quoted(argument)};
      }
      return Duration(1.0);
    case 'm':
      return TextValue("method", WordDomain());
    case 'U':
      return TextValue("path", Free());
    case 'q':
      return TextValue("query", Free());
    case 'H':
      return TextValue("protocol", WordDomain());
    case 'f':
      return TextValue("filename", Free());
    case 'R':
      return TextValue("handler", WordDomain());
    case 'k':
      return Int("keepalive_requests");
    case 'L':
      return TextValue("log_id", WordDomain());
    case 'p':
      return Int(argument == "remote"  ? "remote_port"
                 : argument == "local" ? "local_port"
                                       : "port");
    case 'P':
      if (argument == "tid") return Int("tid");
      return argument == "hextid" ? TextValue("tid", WordDomain()) : Int("pid");
    case 'v':
      return TextValue("vhost", WordDomain());
    case 'V':
      return TextValue("server_name", WordDomain());
    case 'X':
      state = StatusDomain();
      state.exact = "[-+X]";
      user = TextValue("connection_status", state);
      user.field.nulls.clear();
      return user;
    case 'i':
      return TextValue(HeaderField(argument), Free());
    case 'o':
      return TextValue(FieldName("sent_http_", argument), Free());
    case 'e':
      return TextValue(FieldName("env_", argument), Free());
    case 'n':
      return TextValue(FieldName("note_", argument), Free());
    case 'C':
      return TextValue(FieldName("cookie_", argument), Free());
    case 'x':
    case 'c':
      // mod_ssl's %{SSL_PROTOCOL}x.
      return TextValue(FieldName("", argument), Free());
    default:
      return FormatFault{directive.column, Quoted("%" + directive.letters) +
                                               " is no directive of Apache's LogFormat"};
  }
}

// Reads the directive whose % stands at `at`; returns the place behind it.
FormatResult<size_t> ReadDirective(std::string_view text, size_t at, Directive* directive) {
  size_t next = at + 1;
  const auto modifier = [](char c) {
    return c == '<' || c == '>' || c == '!' || c == ',' || (c >= '0' && c <= '9');
  };
  const auto take_modifiers = [&] {
    while (next < text.size() && modifier(text[next])) directive->modifiers += text[next++];
  };
  take_modifiers();
  if (next < text.size() && text[next] == '{') {
    const size_t close = text.find('}', next);
    if (close == std::string_view::npos) {
      return FormatFault{directive->column, "the brace behind this % is never closed"};
    }
    directive->argument = text.substr(next + 1, close - next - 1);
    directive->has_argument = true;
    next = close + 1;
    take_modifiers();
  }
  if (next >= text.size()) {
    return FormatFault{directive->column,
                       "a % begins a directive, %h for example; a percent sign of its own is %%"};
  }
  const size_t letters = text[next] == '^' ? 3 : 1;
  directive->letters = text.substr(next, letters);
  return next + letters;
}

}  // namespace

FormatResult<FormatParts> ParseApacheFormat(std::string_view text, rules::Escapes* escapes) {
  *escapes = rules::Escapes::kBackslash;
  for (const Nickname& nickname : kNicknames) {
    if (text == nickname.name) text = nickname.format;
  }
  size_t at = 0;
  bool directive_quotes = false;
  if (text.starts_with("LogFormat ")) {
    at = text.find('"');
    if (at == std::string_view::npos) {
      return FormatFault{1, "LogFormat needs its format in double quotes"};
    }
    ++at;
    directive_quotes = true;
  }
  FormatParts parts;
  for (; at < text.size(); ++at) {
    const size_t column = at + 1;
    const char c = text[at];
    if (directive_quotes && c == '"') return parts;
    if (c == '\\' && at + 1 < text.size()) {
      const char after = text[++at];
      const char byte = after == 'n' ? '\n' : after == 't' ? '\t' : after == 'r' ? '\r' : after;
      const bool known = byte != after || after == '"' || after == '\\';
      if (!known) parts.Literal("\\", column);
      parts.Literal(std::string_view(&byte, 1), column);
      continue;
    }
    if (c != '%') {
      parts.Literal(text.substr(at, 1), column);
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == '%') {
      parts.Literal("%", column);
      ++at;
      continue;
    }
    Directive directive;
    directive.column = column;
    FormatResult<size_t> behind = ReadDirective(text, at, &directive);
    if (const auto* fault = std::get_if<FormatFault>(&behind)) return *fault;
    const size_t end = std::get<size_t>(behind);
    directive.first_of_two = directive.letters == "s" && text.find("%>s") != std::string::npos &&
                             directive.modifiers.find('>') == std::string::npos;
    // %U%q is one thing: a path with its query.
    const bool query_of_path = directive.letters == "q" && !parts.pieces.empty() &&
                               parts.pieces.back().field.name == "path";
    FormatResult<FormatPiece> made = ValueOf(directive, &parts);
    if (const auto* fault = std::get_if<FormatFault>(&made)) return *fault;
    FormatPiece piece = std::get<FormatPiece>(std::move(made));
    piece.text = text.substr(at, end - at);
    piece.column = column;
    // %400,501{Referer}i: a dash for other states.
    const bool conditional = directive.modifiers.find_first_of("0123456789!") != std::string::npos;
    if (conditional && piece.field.nulls.empty()) piece.field.nulls = {"-"};
    at = end - 1;
    if (query_of_path) continue;
    const bool brackets = directive.letters == "t" && !directive.has_argument && !conditional;
    if (brackets) parts.Literal("[", column);
    parts.Value(std::move(piece));
    if (brackets) parts.Literal("]", column);
  }
  if (directive_quotes) return FormatFault{text.size(), "the quote of LogFormat is never closed"};
  return parts;
}

}  // namespace parshall::records
