// nginx's log_format: $remote_addr - $remote_user [$time_local] "$request" ….
//
// Taken is the format itself, with `escape=json ` or `escape=none ` before it, and also the whole
// directive out of nginx.conf: log_format main escape=json '$remote_addr … ' '"$request"';
// With escape=default nginx writes quotes, backslashes, control characters and bytes over 0x7e as
// \xHH, and what is not there as a dash (ngx_http_log_module.c).

#include <array>

#include "base/quoted.h"
#include "records/log_format_parts.h"
#include "rules/faults.h"

namespace parshall::records {
namespace {

using rules::Escapes;
using rules::FieldType;

constexpr std::string_view kCombined =
    R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent )"
    R"("$http_referer" "$http_user_agent")";

enum class Kind : uint8_t {
  kWord,  // no blank, no quote
  kSite,  // nor a slash
  kAddress,
  kFree,  // what clients send
  kPath,
  kRequest,
  kStatus,
  kSize,
  kInt,
  kBytes,
  kSeconds,
  kClfTime,
  kIsoTime,
  kEpoch,
  kTimes,  // of every upstream that was tried: 0.000, 0.001 : -
  kSizes,
  kList,  // their addresses, states
};

struct Variable {
  std::string_view name;
  std::string_view field;  // empty: as the variable
  Kind kind;
};

constexpr std::array kVariables = {
    Variable{"remote_addr", "host", Kind::kAddress},
    Variable{"remote_port", "", Kind::kInt},
    Variable{"remote_user", "user", Kind::kFree},
    Variable{"realip_remote_addr", "", Kind::kAddress},
    Variable{"binary_remote_addr", "", Kind::kFree},
    Variable{"proxy_protocol_addr", "", Kind::kAddress},
    Variable{"proxy_protocol_port", "", Kind::kInt},
    Variable{"time_local", "time", Kind::kClfTime},
    Variable{"time_iso8601", "", Kind::kIsoTime},
    Variable{"msec", "", Kind::kEpoch},
    Variable{"request", "request", Kind::kRequest},
    Variable{"request_method", "method", Kind::kWord},
    Variable{"request_uri", "path", Kind::kPath},
    Variable{"uri", "", Kind::kPath},
    Variable{"document_uri", "", Kind::kPath},
    Variable{"server_protocol", "protocol", Kind::kWord},
    Variable{"request_length", "", Kind::kBytes},
    Variable{"request_time", "duration", Kind::kSeconds},
    Variable{"request_id", "", Kind::kWord},
    Variable{"request_completion", "", Kind::kWord},
    Variable{"status", "status", Kind::kStatus},
    Variable{"body_bytes_sent", "size", Kind::kSize},
    Variable{"bytes_sent", "", Kind::kBytes},
    Variable{"connection", "", Kind::kInt},
    Variable{"connection_requests", "", Kind::kInt},
    Variable{"connection_time", "", Kind::kSeconds},
    Variable{"connections_active", "", Kind::kInt},
    Variable{"connections_reading", "", Kind::kInt},
    Variable{"connections_waiting", "", Kind::kInt},
    Variable{"connections_writing", "", Kind::kInt},
    Variable{"content_length", "", Kind::kBytes},
    Variable{"gzip_ratio", "", Kind::kSeconds},  // 2.54: a number, not a time; see Make()
    Variable{"pipe", "", Kind::kWord},
    Variable{"pid", "", Kind::kInt},
    Variable{"worker_pid", "", Kind::kInt},
    Variable{"server_port", "", Kind::kInt},
    Variable{"server_addr", "", Kind::kAddress},
    Variable{"server_name", "", Kind::kSite},
    Variable{"host", "vhost", Kind::kSite},
    Variable{"hostname", "", Kind::kSite},
    Variable{"scheme", "", Kind::kSite},
    Variable{"https", "", Kind::kWord},
    Variable{"is_args", "", Kind::kWord},
    Variable{"args", "", Kind::kFree},
    Variable{"query_string", "", Kind::kFree},
    Variable{"ssl_protocol", "", Kind::kWord},
    Variable{"ssl_cipher", "", Kind::kWord},
    Variable{"ssl_session_reused", "", Kind::kWord},
    Variable{"ssl_server_name", "", Kind::kSite},
    Variable{"http2", "", Kind::kWord},
    Variable{"upstream_addr", "", Kind::kList},
    Variable{"upstream_status", "", Kind::kList},
    Variable{"upstream_response_time", "", Kind::kTimes},
    Variable{"upstream_connect_time", "", Kind::kTimes},
    Variable{"upstream_header_time", "", Kind::kTimes},
    Variable{"upstream_queue_time", "", Kind::kTimes},
    Variable{"upstream_first_byte_time", "", Kind::kTimes},
    Variable{"upstream_session_time", "", Kind::kTimes},
    Variable{"upstream_response_length", "", Kind::kSizes},
    Variable{"upstream_bytes_received", "", Kind::kSizes},
    Variable{"upstream_bytes_sent", "", Kind::kSizes},
    Variable{"upstream_cache_status", "", Kind::kWord},
    // Kubernetes' ingress controller sets these.
    Variable{"proxy_upstream_name", "", Kind::kWord},
    Variable{"proxy_alternative_upstream_name", "", Kind::kWord},
    Variable{"req_id", "", Kind::kWord},
    Variable{"namespace", "", Kind::kWord},
    Variable{"ingress_name", "", Kind::kWord},
    Variable{"service_name", "", Kind::kWord},
    Variable{"service_port", "", Kind::kWord},
    Variable{"geoip_country_code", "", Kind::kWord},
};

// Of each server that was tried: "a, b"; after an internal redirect of one more group: "a, b : c".
// A second redirect in one request is not taken.
Domain ListDomain(std::string_view item, ByteSet bytes) {
  const std::string one(item);
  const std::string group = one + "(?:, " + one + ")*";
  Domain domain;
  domain.bytes = bytes;
  domain.list = true;
  domain.exact = group + "(?: : " + group + ")?";
  return domain;
}

FormatPiece Make(const Variable& variable, Domain::Quotes quotes, Escapes escapes) {
  const std::string_view field = variable.field.empty() ? variable.name : variable.field;
  Domain free = FreeDomain(quotes);
  if (escapes == Escapes::kHex) free.bytes = free.bytes & AnyBut("\t");
  if (escapes == Escapes::kNone) free.bytes = AnyByte();
  FormatPiece piece;
  switch (variable.kind) {
    case Kind::kWord:
      return TextValue(field, WordDomain());
    case Kind::kSite:
      piece = TextValue(field, WordDomain());
      piece.domain.bytes = piece.domain.bytes & AnyBut("/");
      return piece;
    case Kind::kAddress:
      return TextValue(field, AddressDomain());
    case Kind::kFree:
      return TextValue(field, free);
    case Kind::kPath:
      piece = TextValue(field, free);
      piece.domain.begins = '/';
      return piece;
    case Kind::kRequest:
      return RequestValue(free);
    case Kind::kStatus:
      return StatusValue(field);
    case Kind::kSize:
      return SizeValue(field);
    case Kind::kInt:
      return NumberValue(field, FieldType::kInt, 1.0, DigitsDomain());
    case Kind::kBytes:
      return NumberValue(field, FieldType::kBytes, 1.0, DigitsDomain());
    case Kind::kSeconds:
      piece = NumberValue(field,
                          variable.name == "gzip_ratio" ? FieldType::kFloat : FieldType::kDuration,
                          1.0, DecimalDomain());
      // nginx writes 0.001; what imitates nginx also writes 10.
      piece.domain.exact = R"(\d+(?:\.\d+)?)";
      return piece;
    case Kind::kClfTime:
      return TimeValue(field, "clf", ClfTimeDomain());
    case Kind::kIsoTime:
      return TimeValue(field, "rfc3339", IsoTimeDomain());
    case Kind::kEpoch:
      return TimeValue(field, "epoch", DecimalDomain());
    case Kind::kTimes:
      piece = NumberValue(field, FieldType::kDuration, 1.0,
                          ListDomain(R"((?:\d+(?:\.\d+)?|-))", DecimalDomain().bytes));
      break;
    case Kind::kSizes:
      piece = NumberValue(field, FieldType::kBytes, 1.0,
                          ListDomain(R"((?:\d+|-))", DigitsDomain().bytes));
      break;
    case Kind::kList:
      piece = TextValue(field, ListDomain(R"([^, "]+)", AnyBut(", \"")));
      return piece;
  }
  piece.field.sum = true;
  return piece;
}

bool NameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Of a variable that is not in the table: those whose names begin with what they are.
FormatPiece Prefixed(std::string_view name, const Domain& free) {
  if (name.starts_with("http_")) return TextValue(HeaderField(name.substr(5)), free);
  return TextValue(FieldName("", name), free);
}

// nginx has hundreds of variables, and `set` and `map` make more: an unknown one is a text.
FormatPiece ValueOf(std::string_view name, Escapes escapes) {
  const Domain::Quotes quotes =
      escapes == Escapes::kJson ? Domain::Quotes::kTaken : Domain::Quotes::kNever;
  for (const Variable& variable : kVariables) {
    if (variable.name == name) return Make(variable, quotes, escapes);
  }
  const Variable free{name, "", Kind::kFree};
  return Prefixed(name, Make(free, quotes, escapes).domain);
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The format inside of a directive: quoted strings, put together, with nginx.conf's escapes.
// `columns` says where each byte stood.
FormatResult<std::string> OutOfDirective(std::string_view text, size_t at, std::string* escape,
                                         std::vector<size_t>* columns) {
  std::string format;
  bool named = false;
  while (at < text.size()) {
    if (IsBlank(text[at])) {
      ++at;
      continue;
    }
    if (text[at] == ';') break;
    const char quote = text[at];
    if (quote != '\'' && quote != '"') {
      size_t end = at;
      while (end < text.size() && !IsBlank(text[end]) && text[end] != ';') ++end;
      const std::string_view word = text.substr(at, end - at);
      if (word.starts_with("escape=")) {
        *escape = word.substr(7);
      } else if (named) {
        for (size_t n = at; n < end; ++n) {
          format += text[n];
          columns->push_back(n + 1);
        }
      }
      named = true;
      at = end;
      continue;
    }
    size_t end = at + 1;
    for (; end < text.size() && text[end] != quote; ++end) {
      char byte = text[end];
      if (byte == '\\' && end + 1 < text.size()) {
        const char after = text[end + 1];
        if (after == quote || after == '\\' || after == '\'' || after == '"') byte = text[++end];
        if (after == 't' || after == 'n' || after == 'r') {
          byte = after == 't' ? '\t' : after == 'n' ? '\n' : '\r';
          ++end;
        }
      }
      format += byte;
      columns->push_back(end + 1);
    }
    if (end >= text.size()) {
      return FormatFault{at + 1, "the quote that begins here is never closed"};
    }
    at = end + 1;
  }
  return format;
}

}  // namespace

FormatResult<FormatParts> ParseNginxFormat(std::string_view text, Escapes* escapes) {
  std::string escape = "default";
  std::string format(text);
  std::vector<size_t> columns;
  if (text == "combined") {
    format = kCombined;
  } else if (text.starts_with("log_format ")) {
    FormatResult<std::string> inside = OutOfDirective(text, 11, &escape, &columns);
    if (const auto* fault = std::get_if<FormatFault>(&inside)) return *fault;
    format = std::get<std::string>(inside);
  } else if (text.starts_with("escape=")) {
    const size_t end = text.find(' ');
    escape = text.substr(7, end == std::string_view::npos ? end : end - 7);
    format = end == std::string_view::npos ? "" : text.substr(end + 1);
    for (size_t n = 0; n < format.size(); ++n)
      columns.push_back(text.size() - format.size() + n + 1);
  }
  if (escape != "default" && escape != "json" && escape != "none") {
    return FormatFault{1, "escape= is default, json or none, and this is " + Quoted(escape)};
  }
  *escapes = escape == "json" ? Escapes::kJson : escape == "none" ? Escapes::kNone : Escapes::kHex;
  const auto column = [&columns](size_t at) { return at < columns.size() ? columns[at] : at + 1; };
  FormatParts parts;
  bool tries = false;
  const std::string_view view = format;
  for (size_t at = 0; at < view.size();) {
    const size_t dollar = view.find('$', at);
    parts.Literal(view.substr(at, dollar - at), column(at));
    if (dollar == std::string_view::npos) break;
    const bool braces = view.substr(dollar).starts_with("${");
    const size_t begin = dollar + (braces ? 2 : 1);
    size_t end = begin;
    while (end < view.size() && NameByte(view[end])) ++end;
    if (end == begin) {
      return FormatFault{column(dollar), "a $ begins a variable of nginx, and this has no name"};
    }
    if (braces && (end == view.size() || view[end] != '}')) {
      return FormatFault{
          column(dollar),
          "the brace of " + Quoted(view.substr(dollar, end - dollar)) + " is never closed"};
    }
    const std::string_view name = view.substr(begin, end - begin);
    if (braces) ++end;
    at = end;
    // $uri$is_args$args is one thing: a path with its query.
    const bool query = name == "is_args" || name == "args" || name == "query_string";
    if (query && !parts.pieces.empty() && !parts.pieces.back().literal &&
        parts.pieces.back().domain.begins == '/') {
      continue;
    }
    FormatPiece piece = ValueOf(name, *escapes);
    piece.domain.no_quote = *escapes == Escapes::kHex;
    // One of the lists says how many servers were tried.
    if (piece.field.sum && !tries) {
      piece.field.count_as = "upstream_tries";
      tries = true;
    }
    piece.text = view.substr(dollar, end - dollar);
    piece.column = column(dollar);
    parts.Value(std::move(piece));
  }
  return parts;
}

}  // namespace parshall::records
