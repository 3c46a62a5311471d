// gunicorn's access_log_format: %(h)s %({user-agent}i)s. gunicorn/glogging.py: a quote in a value
// is written \", nothing else is escaped; what is not there is a dash; behind a unix socket the
// host is empty.

#include <array>

#include "base/quoted.h"
#include "records/log_format_parts.h"

namespace parshall::records {
namespace {

using rules::FieldType;

constexpr std::string_view kDefault =
    R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";
constexpr std::string_view kCommon = R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s)";

Domain Free() { return FreeDomain(Domain::Quotes::kLoose); }

FormatPiece Seconds(double unit, Domain domain) {
  return NumberValue("duration", FieldType::kDuration, unit, std::move(domain));
}

struct Atom {
  std::string_view name;
  FormatPiece (*make)();
};

constexpr std::array kAtoms = {
    Atom{"h", [] { return TextValue("host", WordDomain()); }},
    Atom{"l", [] { return TextValue("ident", WordDomain()); }},
    Atom{"u", [] { return TextValue("user", Free()); }},
    Atom{"t", [] { return TimeValue("time", "clf", ClfTimeDomain()); }},
    Atom{"r", [] { return RequestValue(Free()); }},
    Atom{"m", [] { return TextValue("method", WordDomain()); }},
    // Decoded: blanks and whatever else the client has escaped.
    Atom{"U", [] { return TextValue("path", Free()); }},
    Atom{"q", [] { return TextValue("query", Free()); }},
    Atom{"H", [] { return TextValue("protocol", WordDomain()); }},
    Atom{"s", [] { return StatusValue("status"); }},
    Atom{"B", [] { return SizeValue("size"); }},
    Atom{"b", [] { return SizeValue("size"); }},
    Atom{"f", [] { return TextValue("referer", Free()); }},
    Atom{"a", [] { return TextValue("agent", Free()); }},
    Atom{"T", [] { return Seconds(1.0, DigitsDomain()); }},
    Atom{"M", [] { return Seconds(1e-3, DigitsDomain()); }},
    Atom{"D", [] { return Seconds(1e-6, DigitsDomain()); }},
    Atom{"L", [] { return Seconds(1.0, DecimalDomain()); }},
    Atom{"p", [] { return NumberValue("pid", FieldType::kInt, 1.0, DigitsDomain()); }},
};

// {x-request-id}i, {server}o, {REMOTE_USER}e.
bool Variable(std::string_view name, FormatPiece* piece) {
  const size_t close = name.rfind('}');
  if (name.size() < 4 || name[0] != '{' || close != name.size() - 2) return false;
  const std::string_view key = name.substr(1, close - 1);
  switch (name.back()) {
    case 'i':
      *piece = TextValue(HeaderField(key), Free());
      return true;
    case 'o':
      *piece = TextValue(FieldName("sent_http_", key), Free());
      return true;
    case 'e':
      *piece = TextValue(FieldName("env_", key), Free());
      return true;
    default:
      return false;
  }
}

}  // namespace

FormatResult<FormatParts> ParseGunicornFormat(std::string_view text, rules::Escapes* escapes) {
  *escapes = rules::Escapes::kQuote;
  if (text == "default" || text == "combined") text = kDefault;
  if (text == "common") text = kCommon;
  FormatParts parts;
  size_t at = 0;
  while (at < text.size()) {
    const size_t percent = text.find('%', at);
    parts.Literal(text.substr(at, percent - at), at + 1);
    if (percent == std::string_view::npos) break;
    const std::string_view rest = text.substr(percent);
    const size_t column = percent + 1;
    if (rest.starts_with("%%")) {
      parts.Literal("%", column);
      at = percent + 2;
      continue;
    }
    const size_t close = rest.find(")s");
    if (!rest.starts_with("%(") || close == std::string_view::npos) {
      return FormatFault{column,
                         "a % begins a value of gunicorn, %(h)s for example; a percent "
                         "sign of its own is %%"};
    }
    const std::string_view name = rest.substr(2, close - 2);
    FormatPiece piece;
    bool known = Variable(name, &piece);
    for (const Atom& atom : kAtoms) {
      if (atom.name != name) continue;
      piece = atom.make();
      known = true;
    }
    if (!known) {
      return FormatFault{column, Quoted(rest.substr(0, close + 2)) +
                                     " is no value of gunicorn; it has %(x)s for x of "
                                     "h l u t r m U q H s B b f a T M D L p, and "
                                     "%({name}i)s, %({name}o)s, %({name}e)s"};
    }
    piece.text = rest.substr(0, close + 2);
    piece.column = column;
    // The brackets are the value's own.
    if (name == "t") parts.Literal("[", column);
    if (name == "p") parts.Literal("<", column);
    parts.Value(std::move(piece));
    if (name == "t") parts.Literal("]", column);
    if (name == "p") parts.Literal(">", column);
    at = percent + close + 2;
  }
  return parts;
}

}  // namespace parshall::records
