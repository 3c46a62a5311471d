#include "records/log_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/quoted.h"
#include "records/log_format_parts.h"
#include "rules/faults.h"

namespace parshall::records {
namespace {

struct Server {
  LogFormatServer shown;
  FormatResult<FormatParts> (*parse)(std::string_view, rules::Escapes*);  // null: by name only
};

constexpr std::array kServers = {
    Server{{"gunicorn", R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(D)s)"},
           ParseGunicornFormat},
    Server{{"nginx", R"($remote_addr - $remote_user [$time_local] "$request" $status )"
                     R"($body_bytes_sent "$http_referer" "$http_user_agent" $request_time)"},
           ParseNginxFormat},
    Server{{"apache", R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D)"},
           ParseApacheFormat},
    Server{{"haproxy", "httplog"}, nullptr},
    Server{{"envoy", "default"}, nullptr},
    Server{{"traefik", "common"}, nullptr},
};

std::vector<std::string_view> ServerNames() {
  std::vector<std::string_view> names;
  for (const Server& server : kServers) names.push_back(server.shown.name);
  return names;
}

// Text values of a format with `decode: true`; numbers and times have no escapes.
void Decode(rules::Escapes escapes, LogFormat* format) {
  for (rules::FieldSpec& field : format->fields) {
    const bool text =
        field.type == rules::FieldType::kString || field.type == rules::FieldType::kHttpRequest;
    if (text) field.escapes = escapes;
  }
}

Error At(const rules::LogFormatSpec& spec, const FormatFault& fault) {
  rules::Where where = spec.where;
  if (where.line > 0 && fault.column > 0) where.column += static_cast<int>(fault.column - 1);
  return Fail("log format of " + spec.server + ", column " + std::to_string(fault.column) + ": " +
                  fault.what,
              where.ToString());
}

}  // namespace

std::span<const LogFormatServer> LogFormatServers() {
  static const std::vector<LogFormatServer> shown = [] {
    std::vector<LogFormatServer> all;
    for (const Server& server : kServers) all.push_back(server.shown);
    return all;
  }();
  return shown;
}

Result<LogFormat> CompileLogFormat(const rules::LogFormatSpec& spec) {
  const auto server = std::find_if(kServers.begin(), kServers.end(), [&spec](const Server& one) {
    return one.shown.name == spec.server;
  });
  if (server == kServers.end()) {
    if (spec.server == "caddy") {
      return Fail(
          "caddy writes JSON, which the format caddy reads; there is nothing to say about it",
          spec.where.ToString());
    }
    return Fail("the log formats of " + Quoted(spec.server) + " are not known" +
                    rules::Hint(spec.server, ServerNames()),
                spec.where.ToString());
  }
  if (spec.text.empty()) {
    return Fail("the log format of " + spec.server + " is empty", spec.where.ToString());
  }
  if (const LogFormat* named = FindNamedFormat(spec.server, spec.text)) {
    if (!spec.decode) return *named;
    return Fail("decode: the escapes of " + spec.server + " are not taken off; leave it out",
                spec.where.ToString());
  }
  if (server->parse == nullptr) {
    return Fail("of " + spec.server + " only formats with a name are known (" +
                    NamedFormatsOf(spec.server) + "), and this is " + Quoted(spec.text),
                spec.where.ToString());
  }
  rules::Escapes escapes = rules::Escapes::kNone;
  FormatResult<FormatParts> parts = server->parse(spec.text, &escapes);
  if (const auto* fault = std::get_if<FormatFault>(&parts)) return At(spec, *fault);
  FormatResult<LogFormat> made = PatternOf(std::get<FormatParts>(std::move(parts)));
  if (const auto* fault = std::get_if<FormatFault>(&made)) return At(spec, *fault);
  LogFormat format = std::get<LogFormat>(std::move(made));
  if (spec.decode) Decode(escapes, &format);
  return format;
}

std::vector<Error> ExpandLogFormats(rules::RuleSet* set, std::vector<Error>* doubts) {
  std::vector<Error> faults;
  for (rules::RuleSpec& rule : set->rules) {
    if (!rule.log_format || !rule.pattern.empty()) continue;
    Result<LogFormat> compiled = CompileLogFormat(*rule.log_format);
    if (!compiled.ok()) {
      faults.push_back(compiled.error());
      continue;
    }
    rule.pattern = std::move(compiled->pattern);
    if (rule.timestamp.empty()) rule.timestamp = std::move(compiled->timestamp);
    for (rules::FieldSpec& field : compiled->fields) {
      const bool own = std::any_of(
          rule.fields.begin(), rule.fields.end(),
          [&field](const rules::FieldSpec& declared) { return declared.name == field.name; });
      if (own) continue;
      field.where = rule.log_format->where;
      rule.fields.push_back(std::move(field));
    }
    for (const std::string& doubt : compiled->doubts) {
      doubts->push_back(Fail("log format of " + rule.log_format->server + ", " + doubt,
                             rule.log_format->where.ToString()));
    }
  }
  return faults;
}

}  // namespace parshall::records
