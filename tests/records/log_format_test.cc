// Format strings of servers → rules: what each directive becomes, and what is refused and where.

#include "records/log_format.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/records/kit.h"
#include "tests/records/log_format_kit.h"

namespace parshall::records {
namespace {

using testing::LogFormatRule;
using testing::Padded;

// The fields that the format finds in the line, "no match", or the fault.
std::string FieldsOf(const std::string& server, const std::string& text, const std::string& line,
                     bool decode = false) {
  rules::RuleSet set = LogFormatRule(server, text, decode);
  std::vector<Error> doubts;
  const std::vector<Error> faults = ExpandLogFormats(&set, &doubts);
  if (!faults.empty()) return faults[0].ToString();
  Matcher matcher(testing::Compiled(set));
  const Padded padded(line);
  Record record;
  const Outcome outcome = matcher.Match(padded.view(), "stdin", &record);
  if (outcome != Outcome::kMatched) return std::string(OutcomeName(outcome));
  return testing::ShowFields(matcher.program(), record);
}

struct Row {
  std::string server;
  std::string format;
  std::string line;
  std::string fields;
};

}  // namespace

TEST_CASE("Every value of gunicorn becomes a field with its unit") {
  const Row rows[] = {
      {"gunicorn", R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")",
       R"(127.0.0.1 - jo hn [21/Nov/2026:09:26:05 +0000] "GET /x HTTP/1.1" 200 - "-" "a\"b")",
       R"(host="127.0.0.1" ident=null user="jo hn" time="21/Nov/2026:09:26:05 +0000" )"
       R"(request="GET /x HTTP/1.1" method="GET" path="/x" protocol="HTTP/1.1" status=200 size=0 )"
       R"(referer=null agent="a\"b")"},
      {"gunicorn", "default",
       R"( - - [21/Nov/2026:09:26:05 +0000] "GET /x HTTP/1.1" 200 12 "-" "Evil\")",
       R"(host="" ident=null user=null time="21/Nov/2026:09:26:05 +0000" )"
       R"(request="GET /x HTTP/1.1" method="GET" path="/x" protocol="HTTP/1.1" status=200 size=12 )"
       R"(referer=null agent="Evil\")"},
      {"gunicorn", "%(m)s %(U)s|%(q)s %(H)s B=%(B)s", "GET /a b|x=1 HTTP/1.1 B=17",
       R"(method="GET" path="/a b" query="x=1" protocol="HTTP/1.1" size=17)"},
      {"gunicorn", "T=%(T)s", "T=2", "duration=2"},
      {"gunicorn", "M=%(M)s", "M=250", "duration=0.25"},
      {"gunicorn", "D=%(D)s", "D=989", "duration=0.00098900000000000008"},
      {"gunicorn", "L=%(L)s", "L=0.000989", "duration=0.00098900000000000008"},
      // Of several, the finest.
      {"gunicorn", "T=%(T)s D=%(D)s M=%(M)s", "T=0 D=1500 M=1", "duration=0.0015"},
      {"gunicorn", "p=%(p)s %%", "p=<117> %", "pid=117"},
      {"gunicorn", "%({X-Forwarded-For}i)s|%({x-request-id}i)s|%({server}o)s|%({REMOTE_USER}e)s",
       "203.0.113.9, 10.0.0.1|-|gunicorn|bob",
       R"(forwarded_for="203.0.113.9, 10.0.0.1" request_id=null sent_http_server="gunicorn" )"
       R"(env_remote_user="bob")"},
      {"gunicorn", "%(h)s %(x)s", "",
       "f.yaml:3:16: log format of gunicorn, column 7: \"%(x)s\" is no value of gunicorn; it has "
       "%(x)s for x of h l u t r m U q H s B b f a T M D L p, and %({name}i)s, %({name}o)s, "
       "%({name}e)s"},
      {"gunicorn", "%(h)s %d", "",
       "f.yaml:3:16: log format of gunicorn, column 7: a % begins a value of gunicorn, %(h)s for "
       "example; a percent sign of its own is %%"},
      {"gunicorn", "%(h)s%(u)s", "",
       "f.yaml:3:15: log format of gunicorn, column 6: \"%(h)s\" and \"%(u)s\" have nothing "
       "between "
       "them that tells where the one ends and the other begins; put a blank or quotes between "
       "them"},
      {"gunicorn", "%(B)s %(b)s", "",
       "f.yaml:3:16: log format of gunicorn, column 7: \"%(b)s\" gives the field \"size\", and so "
       "does \"%(B)s\" at column 1; leave one of them out"},
      {"gunicorn", "%(s)s took %(D)s0 us", "",
       "f.yaml:3:26: log format of gunicorn, column 17: what follows \"%(D)s\" begins with a byte "
       "that can stand in its value, so nobody can tell where that ends; put a blank or quotes "
       "there"},
      {"gunicorn", "only text", "",
       "f.yaml:3:10: log format of gunicorn, column 1: the format has no value in it, so every "
       "line would be the same"},
  };
  for (const Row& row : rows) {
    INFO(row.format);
    CHECK(FieldsOf(row.server, row.format, row.line) == row.fields);
  }
}

TEST_CASE("nginx's variables, braces, escapes and lists are read") {
  const Row rows[] = {
      {"nginx", "combined",
       R"(203.0.113.9 - - [21/Nov/2026:09:26:05 +0000] "\x16\x03" 400 0 "-" "-")",
       R"(host="203.0.113.9" user=null time="21/Nov/2026:09:26:05 +0000" request="\x16\x03" )"
       R"(method=null path=null protocol=null status=400 size=0 referer=null agent=null)"},
      {"nginx", "${status}ms $request_time", "200ms 0.250", "status=200 duration=0.25"},
      {"nginx", "$time_iso8601 $msec", "2026-11-21T09:26:05+00:00 1795253976.123",
       R"(time_iso8601="2026-11-21T09:26:05+00:00" msec="1795253976.123")"},
      {"nginx", "$scheme://$host$request_uri $status", "https://a-b.example/x?y 200",
       R"(scheme="https" vhost="a-b.example" path="/x?y" status=200)"},
      {"nginx", "\"$uri$is_args$args\" $status", "\"/x?y=1\" 200", R"(uri="/x?y=1" status=200)"},
      {"nginx", "$status $upstream_response_time $upstream_addr", "502 0.000, 0.001 a:1, unix:/b",
       R"(status=502 upstream_response_time=0.001 upstream_tries=2 upstream_addr="a:1, unix:/b")"},
      {"nginx", "$upstream_response_time $upstream_response_length", "0.100, 0.200 : - 5, 6 : 7",
       "upstream_response_time=0.29999999999999999 upstream_tries=3 upstream_response_length=18"},
      {"nginx", "ut=\"$upstream_response_time\" $status", "ut=\"-\" 499",
       "upstream_response_time=null upstream_tries=null status=499"},
      {"nginx", "$upstream_response_time", "-, -",
       "upstream_response_time=null upstream_tries=null"},
      {"nginx", "$upstream_connect_time|$upstream_response_time", "0.5|0.001, 0.002",
       "upstream_connect_time=0.5 upstream_tries=1 upstream_response_time=0.0030000000000000001"},
      {"nginx",
       "$http_x_forwarded_for|$http_user_agent|$http_x_foo|$sent_http_etag|$cookie_a|$my_own",
       "1.2.3.4|x|y|z|c|d",
       R"(forwarded_for="1.2.3.4" agent="x" http_x_foo="y" sent_http_etag="z" cookie_a="c" )"
       R"(my_own="d")"},
      {"nginx", "$bytes_sent $status", "12 200", "size=12 status=200"},
      {"nginx", "$bytes_sent $body_bytes_sent", "12 5", "bytes_sent=12 size=5"},
      // A tab is never in a value, whatever stands in it.
      {"nginx", "$http_referer\t$http_user_agent\t$status", "a b\tc d\t200",
       R"(referer="a b" agent="c d" status=200)"},
      {"nginx", R"(log_format main escape=json '$remote_addr "$request" '
                       '"$http_user_agent" $status';)",
       R"(127.0.0.1 "GET /\"x HTTP/1.1" "a\\" 200)",
       R"(host="127.0.0.1" request="GET /\"x HTTP/1.1" method="GET" path="/\"x" )"
       R"(protocol="HTTP/1.1" agent="a\\" status=200)"},
      {"nginx", R"(escape=json {"s":$status,"a":"$http_user_agent"})", R"({"s":200,"a":"x\"y"})",
       R"(status=200 agent="x\"y")"},
      {"nginx", "escape=yaml $status", "",
       "f.yaml:3:10: log format of nginx, column 1: escape= is default, json or none, and this is "
       "\"yaml\""},
      {"nginx", "$status $", "",
       "f.yaml:3:18: log format of nginx, column 9: a $ begins a variable of nginx, and this has "
       "no "
       "name"},
      {"nginx", "$status ${request_time", "",
       "f.yaml:3:18: log format of nginx, column 9: the brace of \"${request_time\" is never "
       "closed"},
      {"nginx", "log_format main '$status", "",
       "f.yaml:3:26: log format of nginx, column 17: the quote that begins here is never closed"},
      {"nginx", "log_format main '$status' '$status';", "",
       "f.yaml:3:37: log format of nginx, column 28: \"$status\" gives the field \"status\", and "
       "so "
       "does \"$status\" at column 18; leave one of them out"},
  };
  for (const Row& row : rows) {
    INFO(row.format);
    CHECK(FieldsOf(row.server, row.format, row.line) == row.fields);
  }
}

TEST_CASE("Apache's directives, modifiers and quoting are read") {
  const Row rows[] = {
      {"apache", "vhost_combined",
       R"(a.example:80 ::1 - "" [21/Nov/2026:09:26:05 +0000] "GET /\"x HTTP/1.1" 200 - "-" "a\\")",
       R"(vhost="a.example" port=80 host="::1" ident=null user="""" )"
       R"(time="21/Nov/2026:09:26:05 +0000" request="GET /\"x HTTP/1.1" method="GET" path="/\"x" )"
       R"(protocol="HTTP/1.1" status=200 size=0 referer=null agent="a\\")"},
      {"apache", R"(LogFormat "%h \"%r\" %>s %b" mine)", R"(h "GET / HTTP/1.0" 304 -)",
       R"(host="h" request="GET / HTTP/1.0" method="GET" path="/" protocol="HTTP/1.0" status=304 )"
       R"(size=0)"},
      {"apache", "%D %T %I %O %X %k %P", "1054 0 149 144 + 3 77",
       R"(duration=0.001054 bytes_received=149 size=144 connection_status="+" )"
       R"(keepalive_requests=3 pid=77)"},
      {"apache", "%{ms}T %{us}T", "2 1999", "duration=0.0019989999999999999"},
      {"apache", "%{s}T", "2", "duration=2"},
      {"apache",
       "%400,501{Referer}i|%!200{User-agent}i|%{x}n|%{y}C|%{Z}e|%{SSL_PROTOCOL}x|%{etag}o",
       "-|a|b|c|d|e|f",
       R"(referer=null agent="a" note_x="b" cookie_y="c" env_z="d" ssl_protocol="e" )"
       R"(sent_http_etag="f")"},
      {"apache", "%s %>s %V %A %p %{remote}p %R %f %L", "302 200 v 127.0.0.1 80 9 - /srv/x y",
       R"(first_status=302 status=200 server_name="v" local_addr="127.0.0.1" port=80 remote_port=9 )"
       R"(handler=null filename="/srv/x" log_id="y")"},
      {"apache", "%m \"%U%q\" %H", "GET \"/a?b\" HTTP/1.1",
       R"(method="GET" path="/a?b" protocol="HTTP/1.1")"},
      {"apache", "[%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t] %>s", "[2026-11-21 09:26:05.123] 200",
       R"(time="2026-11-21 09:26:05" time_msec_frac=123 status=200)"},
      {"apache", "%{sec}t %{begin:msec}t", "1795253976 1795253976123",
       "f.yaml:3:18: log format of apache, column 9: \"%{begin:msec}t\" gives the field \"time\", "
       "and so does \"%{sec}t\" at column 1; leave one of them out"},
      {"apache", "%h\\t%>s", "a\t200", R"(host="a" status=200)"},
      {"apache", "%>s 100%%", "200 100%", "status=200"},
      {"apache", "%h %Z", "",
       "f.yaml:3:13: log format of apache, column 4: \"%Z\" is no directive of Apache's LogFormat"},
      {"apache", "%{%c}t", "",
       "f.yaml:3:10: log format of apache, column 1: the time format \"%c\" has \"%c\", which has "
       "no "
       "look to recognise it by"},
      {"apache", "%h %{Referer", "",
       "f.yaml:3:13: log format of apache, column 4: the brace behind this % is never closed"},
      {"apache", "%{min}T", "",
       "f.yaml:3:10: log format of apache, column 1: the unit of %{…}T is s, ms or us, and this is "
       "\"min\""},
      {"apache", "%h %", "",
       "f.yaml:3:13: log format of apache, column 4: a % begins a directive, %h for example; a "
       "percent sign of its own is %%"},
  };
  for (const Row& row : rows) {
    INFO(row.format);
    CHECK(FieldsOf(row.server, row.format, row.line) == row.fields);
  }
}

TEST_CASE("Formats with a name are known, others and other servers are refused") {
  const Row rows[] = {
      {"haproxy", "httplog",
       R"(127.0.0.1:43968 [21/Nov/2026:09:38:52.335] fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>")",
       R"(host="127.0.0.1" port=43968 time="21/Nov/2026:09:38:52.335" frontend="fe" backend="fe" )"
       R"(server=null request_time=null queue_time=null connect_time=null response_time=null )"
       R"(duration=0 status=400 size=0 request_cookie=null response_cookie=null )"
       R"(termination="PR--" active=1 frontend_active=1 backend_active=0 server_active=0 retries=0 )"
       R"(server_queue=0 backend_queue=0 request=null method=null path=null protocol=null)"},
      {"traefik", "common",
       R"(192.0.2.7 - - [21/Nov/2026:09:38:52 +0000] "GET /x HTTP/2.0" 200 1 "-" "curl" 42 "web@docker" "http://10.0.0.2:80" 7ms)",
       R"(host="192.0.2.7" ident=null user=null time="21/Nov/2026:09:38:52 +0000" )"
       R"(request="GET /x HTTP/2.0" method="GET" path="/x" protocol="HTTP/2.0" status=200 size=1 )"
       R"(referer=null agent="curl" request_count=42 router="web@docker" )"
       R"(server_url="http://10.0.0.2:80" duration=0.0070000000000000001)"},
      {"haproxy", "%ci", "",
       "f.yaml:3:10: of haproxy only formats with a name are known (httplog, tcplog), and this is "
       "\"%ci\""},
      {"ngnix", "$status", "",
       "f.yaml:3:10: the log formats of \"ngnix\" are not known (did you mean \"nginx\"?)"},
      {"nginx", "", "", "f.yaml:3:10: the log format of nginx is empty"},
  };
  for (const Row& row : rows) {
    INFO(row.format);
    CHECK(FieldsOf(row.server, row.format, row.line) == row.fields);
  }
}

TEST_CASE("decode takes each server's own escapes off, and nothing else") {
  CHECK(FieldsOf("nginx", "\"$request\" $status", R"("GET /\x22\x5Cq\xE9\n\xZZ HTTP/1.1" 200)",
                 true) ==
        "request=\"GET /\"\\q\xe9\\n\\xZZ HTTP/1.1\" method=\"GET\" path=\"/\"\\q\xe9\\n\\xZZ\" "
        "protocol=\"HTTP/1.1\" status=200");
  CHECK(FieldsOf("apache", "\"%{User-agent}i\" %>s", R"("a\"b\\c\xe9\td\q" 200)", true) ==
        "agent=\"a\"b\\c\xe9\td\\q\" status=200");
  CHECK(FieldsOf("gunicorn", "\"%(a)s\" %(s)s", R"("a\"b\\c\x22\" 200)", true) ==
        R"(agent="a"b\\c\x22\" status=200)");
  CHECK(FieldsOf("nginx", R"(escape=json "$http_user_agent" $status)",
                 R"("a\"b\\c\n\u001F\u20ac" 200)",
                 true) == "agent=\"a\"b\\c\n\x1f\\u20ac\" status=200");
}

TEST_CASE("decode is refused where nothing would be decoded") {
  CHECK(FieldsOf("haproxy", "httplog", "", true) ==
        "f.yaml:3:10: decode: the escapes of haproxy are not taken off; leave it out");
}

TEST_CASE("A format reads a key of a JSON event, and declared fields are the rule's own") {
  Matcher matcher(testing::ProgramOf(R"(
rules:
  - name: nested
    log_format: {gunicorn: '%(h)s "%(r)s" %(s)s "%(a)s"', decode: true}
    from: event
    fields:
      status: string
      agent: {as: browser}
)"));
  const Padded line(R"({"event":"h \"GET / HTTP/1.1\" 200 \"a\\\"b\"","n":1})");
  Record record;
  REQUIRE(matcher.Match(line.view(), "stdin", &record) == Outcome::kMatched);
  CHECK(
      testing::ShowFields(matcher.program(), record) ==
      R"(host="h" request="GET / HTTP/1.1" method="GET" path="/" protocol="HTTP/1.1" status="200" )"
      R"(browser="a\"b")");
}

TEST_CASE("What cannot be told apart for certain is a doubt with its column, and still read") {
  rules::RuleSet set = LogFormatRule("nginx", "$http_referer $http_user_agent $status");
  std::vector<Error> doubts;
  REQUIRE(ExpandLogFormats(&set, &doubts).empty());
  REQUIRE(doubts.size() == 1);
  CHECK(
      doubts[0].ToString() ==
      "f.yaml:3:10: log format of nginx, column 1: the value of \"$http_referer\" may hold \" \", "
      "which ends it here; the first place that lets the rest fit is taken. Quotes around it "
      "would make it certain");
  CHECK(FieldsOf("nginx", "$http_referer $http_user_agent $status", "- Mozilla/5.0 (X11) 200") ==
        "referer=null agent=\"Mozilla/5.0 (X11)\" status=200");
}

TEST_CASE("A custom nginx format of 14 values runs as a plan alone") {
  const std::string format =
      R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent )"
      R"("$http_referer" "$http_user_agent" "$http_x_forwarded_for" host=$host rt=$request_time )"
      R"(us="$upstream_status" ut="$upstream_response_time" rid=$request_id)";
  rules::RuleSet set = LogFormatRule("nginx", format);
  std::vector<Error> doubts;
  REQUIRE(ExpandLogFormats(&set, &doubts).empty());
  CHECK(doubts.empty());
  Matcher matcher(testing::Compiled(set));
  REQUIRE(matcher.program().rules[0].plan);
  const char* const lines[] = {
      R"(127.0.0.1 - - [21/Nov/2026:09:37:22 +0000] "GET / HTTP/1.1" 200 6 "-" "curl/7.88.1" "203.0.113.202, 10.0.0.1" host=app.example rt=0.003 us="200" ut="0.003" rid=149b)",
      R"(127.0.0.1 - bob [21/Nov/2026:09:37:22 +0000] "" 400 0 "-" "-" "-" host=_ rt=0.003 us="502, 200" ut="0.000, 0.001" rid=149b)"};
  for (const char* line : lines) {
    const Padded padded(line);
    Record record;
    CHECK(matcher.Match(padded.view(), "stdin", &record) == Outcome::kMatched);
  }
  CHECK(matcher.tally().rules[0].plan_matches == 2);
}

}  // namespace parshall::records
