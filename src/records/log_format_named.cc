// Formats that have a name and one look: HAProxy's httplog, tcplog and clf, Envoy's default,
// Traefik's common.

#include <array>
#include <string>
#include <utility>

#include "records/log_format_parts.h"

namespace parshall::records {
namespace {

using rules::FieldSpec;
using rules::FieldType;

FieldSpec Text(std::string_view name, std::string_view null = "-") {
  FieldSpec field;
  field.name = name;
  field.nulls = {std::string(null)};
  return field;
}

FieldSpec Number(std::string_view name, FieldType type, double unit = 1.0,
                 std::string_view null = "-") {
  FieldSpec field = Text(name, null);
  field.type = type;
  field.unit = unit;
  return field;
}

FieldSpec Size() {
  FieldSpec field = Number("size", FieldType::kBytes);
  field.fallback = "0";
  return field;
}

// HAProxy writes -1 for a phase that was not reached. logasap writes the plus of a line that was
// logged before the end.
FieldSpec Millis(std::string_view name) { return Number(name, FieldType::kDuration, 1e-3, "-1"); }

FieldSpec Clf(std::string_view name) {
  FieldSpec field = Number(name, FieldType::kTime);
  field.format = "clf";
  field.nulls.clear();
  return field;
}

FieldSpec Rfc3339(std::string_view name) {
  FieldSpec field = Clf(name);
  field.format = "rfc3339";
  return field;
}

// What both of HAProxy's formats begin with, and the connections and queues that both tell of.
const std::string kHaproxyHead =
    R"re(^(?P<host>[^ "]*):(?P<port>\d+) \[(?P<time>\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] )re"
    R"re((?P<frontend>[^ /"]+) (?P<backend>[^ /"]+)/(?P<server>[^ "]+) )re";
const std::string kHaproxyCounts =
    R"re((?P<active>\d+)/(?P<frontend_active>\d+)/(?P<backend_active>\d+)/)re"
    R"re((?P<server_active>\d+)/\+?(?P<retries>\d+) (?P<server_queue>\d+)/(?P<backend_queue>\d+))re";

void AddHaproxyCounts(LogFormat* format) {
  for (const char* name : {"active", "frontend_active", "backend_active", "server_active",
                           "retries", "server_queue", "backend_queue"}) {
    format->fields.push_back(Number(name, FieldType::kInt));
  }
}

// docs.haproxy.org, "HTTP log format": captured headers stand between braces, each list only if the
// frontend captures any; what is not printable, and quotes, are written #XX. A line that was longer
// than `len` is cut, so the request may have no closing quote.
LogFormat Httplog() {
  LogFormat format;
  format.pattern =
      kHaproxyHead +
      R"re((?P<request_time>-1|\d+)/(?P<queue_time>-1|\d+)/(?P<connect_time>-1|\d+)/)re"
      R"re((?P<response_time>-1|\d+)/\+?(?P<duration>-1|\d+) )re"
      R"re((?P<status>-1|\d{3}) \+?(?P<size>\d+) (?P<request_cookie>[^ "]+) )re"
      R"re((?P<response_cookie>[^ "]+) (?P<termination>[-A-Za-z]{4}) )re" +
      kHaproxyCounts +
      R"re( (?:\{(?P<request_headers>[^}]*)\} )?(?:\{(?P<response_headers>[^}]*)\} )?)re"
      R"re("(?P<request>[^"]*)"?$)re";
  FieldSpec request = Number("request", FieldType::kHttpRequest, 1.0, "<BADREQ>");
  format.fields = {Text("host"),
                   Number("port", FieldType::kInt),
                   Clf("time"),
                   Text("server", "<NOSRV>"),
                   Millis("request_time"),
                   Millis("queue_time"),
                   Millis("connect_time"),
                   Millis("response_time"),
                   Millis("duration"),
                   Number("status", FieldType::kInt, 1.0, "-1"),
                   Size(),
                   Text("request_cookie"),
                   Text("response_cookie"),
                   std::move(request)};
  AddHaproxyCounts(&format);
  format.timestamp = {"time"};
  return format;
}

// docs.haproxy.org, "TCP log format".
LogFormat Tcplog() {
  LogFormat format;
  format.pattern = kHaproxyHead +
                   R"re((?P<queue_time>-1|\d+)/(?P<connect_time>-1|\d+)/\+?(?P<duration>-1|\d+) )re"
                   R"re(\+?(?P<size>\d+) (?P<termination>[-A-Za-z]{2}) )re" +
                   kHaproxyCounts + "$";
  format.fields = {Text("host"),         Number("port", FieldType::kInt),
                   Clf("time"),          Text("server", "<NOSRV>"),
                   Millis("queue_time"), Millis("connect_time"),
                   Millis("duration"),   Size()};
  AddHaproxyCounts(&format);
  format.timestamp = {"time"};
  return format;
}

// envoyproxy.io, "Default format string". Inside of its quotes Envoy writes what the client sent as
// it came, so only the request, which the client cannot put a quote into, is safe from the left.
LogFormat EnvoyDefault() {
  LogFormat format;
  format.pattern =
      R"re(^\[(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\] "(?P<request>[^"]*)" )re"
      R"re((?P<status>\d+) (?P<response_flags>[-A-Za-z,]+) )re"
      R"re((?:(?P<response_code_details>[^" ]+) (?P<connection_termination_details>[^" ]+) )re"
      R"re("(?P<upstream_failure>[^"]*)" )?)re"
      R"re((?P<bytes_received>\d+) (?P<size>\d+) (?P<duration>\d+|-) (?P<upstream_service_time>\d+|-) )re"
      R"re("(?P<forwarded_for>[^"]*)" "(?P<agent>.*?)" "(?P<request_id>[^"]*)" )re"
      R"re("(?P<authority>[^"]*)" "(?P<upstream_host>[^"]*)"(?: .*)?$)re";
  format.fields = {Rfc3339("time"),
                   Number("request", FieldType::kHttpRequest, 1.0, "- - -"),
                   Number("status", FieldType::kInt, 1.0, "0"),
                   Text("response_flags"),
                   Text("response_code_details"),
                   Text("connection_termination_details"),
                   Text("upstream_failure"),
                   Number("bytes_received", FieldType::kBytes),
                   Size(),
                   Number("duration", FieldType::kDuration, 1e-3),
                   Number("upstream_service_time", FieldType::kDuration, 1e-3),
                   Text("forwarded_for"),
                   Text("agent"),
                   Text("request_id"),
                   Text("authority"),
                   Text("upstream_host")};
  format.timestamp = {"time"};
  return format;
}

// doc.traefik.io, "CLF": combined, then the number of the request, router, server and milliseconds.
LogFormat TraefikCommon() {
  LogFormat format;
  format.pattern =
      R"re(^(?P<host>[^ "]*) (?P<ident>[^ "]+) (?P<user>.*?) \[(?P<time>\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] )re"
      R"re("(?P<request>(?:[^"\\]|\\.|\\|")*?)" (?P<status>\d{3}|-) (?P<size>\d+|-) )re"
      R"re("(?P<referer>(?:[^"\\]|\\.|\\|")*?)" "(?P<agent>(?:[^"\\]|\\.|\\|")*?)" )re"
      R"re((?P<request_count>\d+) (?:"(?P<router>[^"]*)"|-) (?:"(?P<server_url>[^"]*)"|-) (?P<duration>\d+)ms$)re";
  format.fields = {Text("host"),
                   Text("ident"),
                   Text("user"),
                   Clf("time"),
                   Number("request", FieldType::kHttpRequest),
                   Number("status", FieldType::kInt),
                   Size(),
                   Text("referer"),
                   Text("agent"),
                   Number("request_count", FieldType::kInt),
                   Text("router"),
                   Text("server_url"),
                   Number("duration", FieldType::kDuration, 1e-3)};
  format.timestamp = {"time"};
  return format;
}

struct Named {
  std::string_view server;
  std::string_view name;
  const LogFormat& (*format)();
};

template <LogFormat (*make)()>
const LogFormat& Once() {
  static const LogFormat format = make();
  return format;
}

constexpr std::array kNamed = {
    Named{"haproxy", "httplog", Once<Httplog>},
    Named{"haproxy", "tcplog", Once<Tcplog>},
    Named{"envoy", "default", Once<EnvoyDefault>},
    Named{"traefik", "common", Once<TraefikCommon>},
};

}  // namespace

const LogFormat* FindNamedFormat(std::string_view server, std::string_view name) {
  for (const Named& named : kNamed) {
    if (named.server == server && named.name == name) return &named.format();
  }
  return nullptr;
}

std::string NamedFormatsOf(std::string_view server) {
  std::string names;
  for (const Named& named : kNamed) {
    if (named.server != server) continue;
    names += (names.empty() ? "" : ", ") + std::string(named.name);
  }
  return names;
}

}  // namespace parshall::records
