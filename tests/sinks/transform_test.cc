#include "records/transform.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "sinks/record_json.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;
using testing::ProgramOf;
using testing::RulesOf;
using testing::ShowFields;
using testing::ShowMembers;

// What a rule with these transforms makes of a line: its own keys and its fields, or why not.
std::string Made(const std::string& rule, std::string_view text,
                 const std::vector<std::string>& wanted = {}, bool all_fields = true) {
  Matcher matcher(ProgramOf("rules:\n  - name: r\n" + rule, wanted), all_fields);
  const Padded line(text);
  Record record;
  const Outcome outcome = matcher.Match(line.view(), "stdin", &record);
  if (outcome == Outcome::kDropped) {
    return "dropped: " + matcher.program()
                             .rules[0]
                             .transforms->reasons[static_cast<size_t>(matcher.drop_reason())];
  }
  if (outcome == Outcome::kUnmatched) return "unmatched";
  std::string shown = ShowMembers(record);
  return (shown == "{}" ? "" : shown + " ") + ShowFields(matcher.program(), record);
}

const std::string kAccess = R"yaml(
    pattern: '^(?P<host>\S*) "(?P<request>[^"]*)" (?P<status>\S+)(?: (?P<took>[\d.]+))?$'
    fields: {request: http_request, status: {type: int, null: '-'}, took: duration}
    transforms:
)yaml";

std::string Text(const std::string& steps, std::string_view line) {
  return Made(kAccess + "      - " + steps, line);
}

std::string Event(const std::string& steps, std::string_view line,
                  const std::vector<std::string>& wanted = {}) {
  return Made("    json: true\n    transforms:\n      - " + steps, line, wanted);
}

std::string CompileFaults(const std::string& yaml) {
  return testing::ShowFaults(CompileRules(RulesOf(yaml), {}).faults);
}

}  // namespace

TEST_CASE("keep: and drop: decide by the fields of a record") {
  const std::string line = R"(h "GET /a HTTP/1.1" 404 1.5)";
  struct Row {
    const char* step;
    const char* line;
    bool dropped;
  };
  const Row rows[] = {
      {"{drop: {status: 404}, reason: r}", line.c_str(), true},
      {"{drop: {status: [200, 404]}, reason: r}", line.c_str(), true},
      {"{drop: {status: 200}, reason: r}", line.c_str(), false},
      {"{drop: {status: 404, method: HEAD}, reason: r}", line.c_str(), false},
      {"{drop: {path: {match: '^/a'}}, reason: r}", line.c_str(), true},
      {"{drop: {path: {match: '/b'}}, reason: r}", line.c_str(), false},
      {"{drop: {status: {min: 404}}, reason: r}", line.c_str(), true},
      {"{drop: {status: {min: 404.5}}, reason: r}", line.c_str(), false},
      {"{drop: {status: {max: 404}}, reason: r}", line.c_str(), true},
      {"{drop: {took: {min: 1, max: 2}}, reason: r}", line.c_str(), true},
      {"{drop: {took: {max: 1}}, reason: r}", line.c_str(), false},
      {"{drop: {status: '*'}, reason: r}", line.c_str(), true},
      {"{drop: {status: '*'}, reason: r}", R"(h "GET /a" -)", false},       // null passes no test
      {"{drop: {took: {min: 0}}, reason: r}", R"(h "GET /a" 200)", false},  // nor does absent
      {"{keep: {took: '*'}, reason: r}", R"(h "GET /a" 200)", true},
      {"{keep: {status: {min: 200, max: 499}}, reason: r}", line.c_str(), false},
      {"{keep: {status: {min: 200, max: 399}}, reason: r}", line.c_str(), true},
      {"{drop: {status: {min: 0}}, reason: r}", R"(h "GET /a" abc)", false},  // rejected, a text
  };
  for (const Row& row : rows) {
    INFO(row.step << "  " << row.line);
    CHECK((Text(row.step, row.line) == "dropped: r") == row.dropped);
  }
  CHECK(Event("{drop: {lvl: debug}, reason: r}", R"({"lvl":"debug"})") == "dropped: r");
  CHECK(Event("{drop: {a.b: {min: 5}}, reason: r}", R"({"a":{"b":7}})") == "dropped: r");
  CHECK(Event("{drop: {a.b: {min: 5}}, reason: r}", R"({"a":{"b":"7"}})") ==
        R"({"a":{"b":"7"}} a.b="7")");
}

TEST_CASE("Steps are applied in the order in which they stand") {
  const std::string line = R"(h "GET /a?token=1 HTTP/1.1" 200)";
  CHECK(Text("{redact: {field: path, preset: query_secrets}}\n"
             "      - {drop: {path: '/a?token=1'}, reason: r}",
             line) != "dropped: r");
  CHECK(Text("{drop: {path: '/a?token=1'}, reason: r}\n"
             "      - {redact: {field: path, preset: query_secrets}}",
             line) == "dropped: r");
  CHECK(Text("{rename: {host: client}}\n      - {drop: {client: h}, reason: r}", line) ==
        "dropped: r");
}

TEST_CASE("rename:, remove: and add: settle names") {
  CHECK(Text("{rename: {host: client, status: code}}", R"(h "GET /a" 200)") ==
        R"(client="h" request="GET /a" method="GET" path="/a" protocol=null code=200)");
  CHECK(Text("{remove: [request, method, path, protocol]}\n      - {add: {env: '1', x: ''}}",
             R"(h "GET /a" 200)") ==
        R"(host="h" ="GET /a" ="GET" ="/a" =null status=200 env="1" x="")");
  // Names can be handed on.
  CHECK(Text("{remove: [host, method, protocol]}\n      - {rename: {request: host}}",
             R"(h "GET /a" 200)") == R"(="h" host="GET /a" ="GET" path="/a" =null status=200)");
}

TEST_CASE("What is redacted in one field is redacted in all that share its text") {
  const std::string line = R"(h "GET /a?token=SECRET&x=j@x.org HTTP/1.1" 200)";
  const std::string all_gone =
      R"(host="h" request="GET /a?token=[redacted]&x=j@x.org HTTP/1.1" method="GET")"
      R"( path="/a?token=[redacted]&x=j@x.org" protocol="HTTP/1.1" status=200)";
  CHECK(Text("{redact: {field: path, preset: query_secrets}}", line) == all_gone);
  CHECK(Text("{redact: {field: request, preset: query_secrets}}", line) == all_gone);
  // A second redaction of another field still finds the first one's parts.
  CHECK(Text("{redact: {field: path, preset: query_secrets}}\n"
             "      - {redact: {field: request, preset: email}}",
             line) ==
        R"(host="h" request="GET /a?token=[redacted]&x=[email] HTTP/1.1" method="GET")"
        R"( path="/a?token=[redacted]&x=[email]" protocol="HTTP/1.1" status=200)");
  // Parts that were split off before, too.
  CHECK(Text("{split: {field: path, query: q, params: {token: t}}}\n"
             "      - {redact: {field: request, preset: query_secrets}}",
             line)
            .find("SECRET") == std::string::npos);
  // A part that the replaced bytes reach into becomes the whole replacement.
  CHECK(Text("{redact: {field: request, match: 'T /a[^ ]*', with: '#'}}", line) ==
        R"(host="h" request="GE# HTTP/1.1" method="GE#" path="#" protocol="HTTP/1.1" status=200)");
}

TEST_CASE("A number that is redacted becomes a text") {
  CHECK(Text("{redact: {field: status, match: '0', with: 'x'}}", R"(h "GET /a" 200)") ==
        R"(host="h" request="GET /a" method="GET" path="/a" protocol=null status="2xx")");
  CHECK(Event("{redact: {field: card, preset: card}}", R"({"card":4111111111111111})") ==
        R"({"card":"[card]"} card="[card]")");
}

TEST_CASE("split: takes a URL apart, also in its own place") {
  const std::string line = R"(h "GET http://e.org/a?x=1&y=%20 HTTP/1.1" 200)";
  const std::string rest =
      R"(host="h" request="GET http://e.org/a?x=1&y=%20 HTTP/1.1" method="GET")";
  CHECK(
      Text("{split: path}", line) ==
      rest +
          R"( path="http://e.org/a?x=1&y=%20" protocol="HTTP/1.1" status=200 url_path="/a" url_query="x=1&y=%20")");
  CHECK(Text("{split: {field: path, host: site, path: path, params: {y: why, z: zed}}}", line) ==
        rest + R"( path="/a" protocol="HTTP/1.1" status=200 site="e.org" why="%20" zed=null)");
  CHECK(
      Text("{split: path}", R"(h "" 200)") ==
      R"(host="h" request="" method=null path=null protocol=null status=200 url_path=null url_query=null)");
  CHECK(Event("{split: {field: u, path: u, query: q}}", R"({"u":"/a?b","v":1})") ==
        R"({"u":"/a","v":1} u="/a" q="b")");
}

TEST_CASE("The keys of an event are changed where they stand, the rest stays byte for byte") {
  struct Row {
    const char* step;
    const char* line;
    const char* keys;
  };
  const Row rows[] = {
      {"{rename: {b: x}}", R"({"a": 1.0, "b": {"c" : 2}, "d": 3})",
       R"({"a":1.0,"x":{"c" : 2},"d":3})"},
      {"{rename: {b: a}}", R"({"a":1,"b":2})", R"({"a":2})"},
      {"{rename: {b.c: x}}", R"({"b":{"c":[1],"d":2},"x":0})", R"({"b":{"d":2},"x":[1]})"},
      {"{rename: {b: 'say \"hi\"'}}", R"({"b":2})", R"({"say \"hi\"":2})"},
      {"{remove: [a, b.c, zz]}", R"({"a":1,"b":{"c":2,"c2":3},"d":4})", R"({"b":{"c2":3},"d":4})"},
      {"{remove: [b.c, b.d]}", R"({"b":{"c":2,"d":3}})", R"({"b":{}})"},
      {"{remove: a}", R"({"a":1,"b":2,"\u0061":3})", R"({"b":2})"},
      {"{redact: {field: u, match: '\\d+', with: '#'}}", R"({"u":"a1\n2","v":"3"})",
       R"({"u":"a#\n#","v":"3"})"},
      {"{redact: {field: u, match: '\\d+', with: '\"'}}", R"({"u":"a1"})", R"({"u":"a\""})"},
      {"{redact: {field: r.u, match: '\\d+', with: '#'}}", R"({"r":{"u":"a1","v":[2]},"u":"3"})",
       R"({"r":{"u":"a#","v":[2]},"u":"3"})"},
      // The last of a key's values counts; the others would show what was to be hidden.
      {"{redact: {field: u, match: '\\d+', with: '#'}}", R"({"u":"1","u":"2"})", R"({"u":"#"})"},
      {"{redact: {field: r.u, match: '\\d+', with: '#'}}",
       R"({"r":{"u":"1"},"r":{"u":"2","u":"3"}})", R"({"r":{"u":"#"}})"},
      // An object or a list is redacted with all that is in it, but for its keys.
      {"{redact: {field: r, preset: email}}",
       R"({"r":{"a@b.cc":["x a@b.cc",{"k":"\u0061@b.cc"}],"n":1}})",
       R"({"r":{"a@b.cc":["x [email]",{"k":"[email]"}],"n":1}})"},
      {"{redact: {field: r, preset: email}}", R"({"r":{"n":null}})", R"({"r":{"n":null}})"},
      {"{redact: {field: u, match: x}}", R"({"v":1})", R"({"v":1})"},
      {"{add: {b: c}}", R"({"a":1,"b":2})", R"({"a":1})"},
  };
  for (const Row& row : rows) {
    INFO(row.step << "  " << row.line);
    const std::string made = Event(row.step, row.line);
    CHECK(made.substr(0, std::string_view(row.keys).size()) == row.keys);
    CHECK((made.size() == std::string_view(row.keys).size() ||
           made[std::string_view(row.keys).size()] == ' '));
  }
}

TEST_CASE("Metrics read what the transforms leave, also below a redacted object") {
  CHECK(Event("{redact: {field: r, match: '\\d+', with: '#'}}", R"({"r":{"u":"a1"}})", {"r.u"}) ==
        R"({"r":{"u":"a#"}} r=null r.u="a#")");
  CHECK(Event("{rename: {a: b}}", R"({"a":"x"})", {"a", "b"}) == R"({"b":"x"} b="x")");
  CHECK(Event("{remove: a}", R"({"a":"x","b":1})", {"a"}) == R"({"b":1} ="x")");
}

TEST_CASE("The text that fields were taken from is redacted with them") {
  const std::string rule = R"yaml(
    from: event
    pattern: '^(?P<request>.*)$'
    fields: {request: http_request}
    transforms:
      - {redact: {field: path, preset: query_secrets}}
)yaml";
  CHECK(
      Made(rule, R"({"event":"GET /a?token=S HTTP/1.1","l":1})") ==
      R"({"event":"GET /a?token=[redacted] HTTP/1.1","l":1} request="GET /a?token=[redacted] HTTP/1.1")"
      R"( method="GET" path="/a?token=[redacted]" protocol="HTTP/1.1")");
  // Escapes are taken off first; a request that is none is redacted as a whole.
  CHECK(Made(rule, R"({"event":"GET /a?\u0074oken=S HTTP/1.1"})").find("=S") == std::string::npos);
  CHECK(Made(rule, R"({"event":"GET /a b?token=S HTTP/1.1"})").find("=S") == std::string::npos);
}

TEST_CASE("Without records, what metrics see is the same") {
  const std::string rule = kAccess + "      - {redact: {field: path, preset: query_secrets}}\n";
  const std::string line = R"(h "GET /a?token=S HTTP/1.1" 200)";
  CHECK(Made(rule, line, {"path"}, false) == Made(rule, line, {"path"}, true));
}

TEST_CASE("sample: decides by the text of a field, the same in every run") {
  const auto program = ProgramOf(
      "rules:\n  - {name: r, pattern: '^(?P<id>\\S+) (?P<n>.*)$', sample: {one_in: 10, by: id}}\n");
  Matcher matcher(program);
  int kept = 0;
  for (int id = 0; id < 10000; ++id) {
    bool first = false;
    for (const char* rest : {" a", " b"}) {
      const Padded line(std::to_string(id) + rest);
      Record record;
      REQUIRE(matcher.Match(line.view(), "", &record) == Outcome::kMatched);
      if (*(rest + 1) == 'a') first = record.sampled_out;
      CHECK(record.sampled_out == first);
    }
    kept += first ? 0 : 1;
  }
  CHECK(kept == 963);  // by the hash, which must not change
}

TEST_CASE("Transforms of fields that are not there are faults with their place") {
  const std::string head =
      "rules:\n- name: a\n  pattern: '^(?P<t>\\S+) (?P<host>\\S+) (?P<n>\\d+)$'\n"
      "  fields: {t: {type: time}}\n  transforms:\n";
  struct Row {
    const char* step;
    const char* faults;
  };
  const Row rows[] = {
      {"  - rename: {hst: x}",
       "test.yaml:6:14: rule \"a\": there is no field \"hst\" to transform (did you mean "
       "\"host\"?)\n"},
      {"  - remove: host\n  - drop: {host: x}\n    reason: r",
       "test.yaml:7:12: rule \"a\": the field \"host\" was renamed or removed by a transform "
       "before "
       "this\n"},
      {"  - rename: {host: n}",
       "test.yaml:6:14: rule \"a\": there is a field \"n\" already; rename or remove it first\n"},
      {"  - add: {n: x}",
       "test.yaml:6:11: rule \"a\": there is a field \"n\" already; rename or remove it first\n"},
      {"  - keep: {n: {min: 1}}\n    reason: r",
       "test.yaml:6:12: rule \"a\": min: and max: are for numbers, and the field \"n\" is a text; "
       "give it the type int or float\n"},
      {"  - keep: {n: {match: '('}}\n    reason: r",
       "test.yaml:6:12: the pattern is not a valid RE2 expression: missing ): (, at byte 1 of the "
       "pattern\n"},
      {"  - redact: {field: host, match: '(?=x)'}",
       "test.yaml:6:5: RE2 cannot do look-ahead (?=…), found at byte 1 of the pattern: (?=x)\n"},
      {"  - redact: {field: t, preset: email}",
       "test.yaml:6:21: rule \"a\": the field \"t\" gives @timestamp, which could not be read any "
       "more; remove it, or redact another\n"},
      {"  - split: {field: host, path: n}",
       "test.yaml:6:20: rule \"a\": there is a field \"n\" already; rename or remove it first\n"},
  };
  for (const Row& row : rows) {
    INFO(row.step);
    CHECK(CompileFaults(head + row.step + "\n") == row.faults);
  }
  CHECK(
      CompileFaults("rules:\n- name: a\n  pattern: '^(?P<x>.)$'\n  sample: {one_in: 2, by: y}\n") ==
      "test.yaml:4:11: rule \"a\": there is no field \"y\" to transform (known here: x)\n");
}

TEST_CASE("Whatever comes in, no secret goes out, and all views are readable") {
  // Every text is checked by the address sanitizer through a whole record's JSON.
  const auto program = ProgramOf(R"yaml(
rules:
  - name: text
    pattern: '^(?P<all>(?P<host>\S*) "(?P<request>[^"]*)" (?P<rest>.*))$'
    fields: {request: http_request}
    transforms:
      - redact: {field: path, preset: query_secrets}
      - redact: {field: [all, host], preset: ip}
      - split: {field: path, path: path, query: q, params: {a: a}}
      - redact: {field: q, match: 'x+', with: 'a longer text than it was'}
      - redact: {field: rest, preset: email}
      - redact: {field: all, preset: card}
      - add: {env: test}
  - name: event
    json: true
    transforms:
      - redact: {field: [a.b, c], preset: query_secrets}
      - redact: {field: a, match: 'x+', with: '"'}
      - rename: {c: d, a.e: f}
      - remove: [g, a.h]
)yaml");
  Matcher matcher(program);
  std::mt19937_64 random(7);
  const std::string_view parts[] = {
      "token=TOPSECRET",  "&",    "?",         "/p",   "x",       "xx",
      ",10.1.2.3,",       "GET ", " HTTP/1.1", "\"",   " ",       "j@x.org",
      "4111111111111111", "a=1",  "\xff",      "\\\"", "\\u0061", "%"};
  const std::string_view json[] = {
      "\"a\":", "\"b\":", "\"c\":", "\"e\":", "\"h\":", "\"g\":", "{", "}", ","};
  const auto pick = [&](const auto& list) { return std::string(list[random() % std::size(list)]); };
  size_t matched = 0;
  sinks::RecordJson writer(program);
  for (int n = 0; n < 60000; ++n) {
    std::string text;
    if (n % 2 == 0) {
      text = pick(parts) + " \"GET /p?" + pick(parts) + pick(parts) + pick(parts) + "\" " +
             pick(parts);
    } else {
      text = "{";
      for (size_t k = random() % 4 + 1; k > 0; --k) {
        text += pick(json) + (random() % 3 == 0 ? "{" + pick(json) + "\"?" + pick(parts) + "\"}"
                                                : "\"?" + pick(parts) + pick(parts) + "\"");
        text += k > 1 ? "," : "}";
      }
    }
    const Padded line(text);
    Record record;
    const Outcome outcome = matcher.Match(line.view(), "", &record);
    if (outcome != Outcome::kMatched) continue;
    ++matched;
    Buffer out;
    writer.Append(record, {.read_at = {}, .source = {}, .envelope = {}, .envelope_moment = {}},
                  &out);
    const std::string_view made = out.view();
    INFO(text << "\n" << made);
    if (record.rule == 0) CHECK(made.find("?token=TOPSECRET") == std::string_view::npos);
    if (record.rule == 0) CHECK(made.find("10.1.2.3") == std::string_view::npos);
    CHECK(nlohmann::json::accept(made));
  }
  CHECK(matched > 20000);
}

TEST_CASE("user_agent: says what an agent is, of lines and of events") {
  const std::string rule =
      "    pattern: '^\"(?P<agent>[^\"]*)\"$'\n    fields: {agent: {null: '-'}}\n    transforms:\n"
      "      - user_agent: ";
  const std::string firefox =
      "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0";
  CHECK(Made(rule + "agent\n", '"' + firefox + '"') ==
        "agent=\"" + firefox +
            "\" agent_family=\"Firefox\" agent_major=\"115\" agent_os=\"Linux\" "
            "agent_device=\"desktop\"");
  CHECK(Made(rule + "{field: agent, family: f}\n", "\"curl/8.1\"") ==
        "agent=\"curl/8.1\" f=\"curl\"");
  CHECK(Made(rule + "agent\n", "\"what is it\"") ==
        "agent=\"what is it\" agent_family=\"Other\" agent_major=null agent_os=\"Other\" "
        "agent_device=\"other\"");
  CHECK(Made(rule + "agent\n", "\"-\"") ==
        "agent=null agent_family=null agent_major=null agent_os=null agent_device=null");
  CHECK(Event("user_agent: {field: ua, family: f, os: o}\n", R"({"ua": "curl/8.1"})") ==
        R"({"ua":"curl/8.1"} ua="curl/8.1" f="curl" o="Other")");
  CHECK(Event("user_agent: {field: ua, family: f}\n", R"({"x": 1})") == R"({"x":1} f=null)");
  // The steps before it have their say, and it has for those behind it.
  CHECK(Made(rule + "{field: agent, device: d}\n      - drop: {d: bot}\n        reason: bots\n",
             "\"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\"") ==
        "dropped: bots");
  CHECK(
      Made(rule + "{field: agent, family: f}\n", "\"curl/8.1\"", {"f"}, false).find("f=\"curl\"") !=
      std::string::npos);
  CHECK(CompileFaults("rules:\n  - name: r\n    pattern: '(?P<a>.)'\n    transforms:\n"
                      "      - user_agent: agent\n")
            .find("there is no field \"agent\" to transform") != std::string::npos);
  CHECK(CompileFaults("rules:\n  - name: r\n    pattern: '(?P<a>.)'\n    transforms:\n"
                      "      - user_agent: {field: a, os: a}\n")
            .find("there is a field \"a\" already") != std::string::npos);
}

}  // namespace parshall::records
