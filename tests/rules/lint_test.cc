#include "rules/lint.h"

#include <catch2/catch.hpp>

#include "rules/group_text.h"
#include "rules/reader.h"

namespace parshall::rules {
namespace {

std::string Warnings(const std::string& text) {
  const ReadOutcome outcome = ReadRules({RuleFile{"r.yaml", text}});
  for (const Error& error : outcome.faults) FAIL_CHECK(error.ToString());
  std::string all;
  for (const Error& error : Lint(outcome.rules)) all += error.ToString() + "\n";
  return all;
}

TEST_CASE("GroupNames finds the named groups of an expression") {
  struct Row {
    const char* pattern;
    std::vector<std::string> names;
  };
  const Row rows[] = {
      {"^(?P<a>x) (?<b_2>[^ ]*)$", {"a", "b_2"}},
      {"(?P<a>(?P<b>x))", {"a", "b"}},
      {"\\(?P<a>x", {}},
      {"[(?P<a>]", {}},
      {"[](?P<a>](?P<b>x)", {"b"}},
      {"[^](?P<a>](?P<b>x)", {"b"}},
      {"[[:alpha:](?P<a>](?P<b>x)", {"b"}},
      {"[\\](?P<a>](?P<b>x)", {"b"}},
      {"(?<=x)(?<!y)(?:z)(?i)", {}},
      {"(?P<", {}},
      {"(?P<a", {}},
      {"(?<", {}},
      {"\\", {}},
      {"[", {}},
      {"", {}},
  };
  for (const Row& row : rows) {
    INFO(row.pattern);
    CHECK(GroupNames(row.pattern) == row.names);
  }
}

TEST_CASE("Lint is silent about a sound rule set") {
  CHECK(Warnings(R"yaml(
rules:
  - name: access
    pattern: '^(?P<time>\S+) "(?P<request>[^"]*)" (?P<status>\d+) (?P<size>\d+) ((?P<us>\d+)us|(?P<took>\d+))$'
    event: request
    timestamp: time
    fields:
      {request: http_request, size: {type: bytes, as: bytes},
      us: {type: duration, unit: us, as: took}, took: {type: duration, unit: s}}
    examples: [{line: 'x "GET / HTTP/1.1" 200 3 4'}]
  - name: some
    json: true
    when: {logger: a}
    fields: {anything: int}
    timestamp: ts
    examples: [{line: '{}'}]
  - name: all
    json: true
    examples: [{line: '{}'}]
  - name: text
    pattern: x
    examples: [{line: x}]
metrics:
  - {name: d, kind: gauge, help: h, value: took}
  - {name: a_total, kind: counter, help: h, event: request, labels: {m: method, s: status}}
  - {name: b, kind: gauge, help: h, rules: access, value: bytes, when: {path: '*', took: '*'}}
  - {name: c, kind: gauge, help: h, rules: [some, text], value: workers, labels: {x: y}}
)yaml") == "");
}

TEST_CASE("Lint is silent about fields that something uses and labels that have a bound") {
  const char* const rules[] = {
      // In no record, but looked at.
      "pattern: '(?P<x>a)(?P<t>b)', timestamp: t, fields: {x: {record: false}, t: {record: false}}",
      "pattern: '(?P<x>a)', when: {x: a}, fields: {x: {record: false}}",
      "pattern: '(?P<x>a)(?P<t>b)', fields: {t: {type: time, record: false}}",
      "pattern: '(?P<x>a)(?P<u>b)', fields: {u: {record: false}}, sample: {one_in: 2, by: u}",
      "pattern: '(?P<x>a)(?P<u>b)', fields: {u: {record: false}}, transforms: [{keep: {u: b}, "
      "reason: r}]",
      // Removed, but looked at before.
      "pattern: '(?P<x>a)(?P<u>b)', transforms: [{drop: {u: c}, reason: r}, {remove: u}]",
      "pattern: '(?P<x>a)(?P<r>b)', fields: {r: http_request}, transforms: [{remove: r}]",
      "pattern: '(?P<x>a)(?P<u>b)', timestamp: u, transforms: [{remove: u}]",
      "pattern: '(?P<x>a)(?P<u>b)', transforms: [{split: {field: u, host: h}}, {remove: u}]",
      "json: true, fields: {x: {record: false}}",
      // Not free.
      "pattern: '(?P<x>[A-Z]+|-|[^ ]{3})'",
      "pattern: '(?P<x>.*)', fields: {x: int}",
  };
  for (const char* rule : rules) {
    INFO(rule);
    CHECK(Warnings(std::string("rules: [{name: a, examples: [{line: ab}], ") + rule +
                   "}]\nmetrics: [{name: a_total, kind: counter, help: h, labels: {l: x}}]") == "");
  }
  const char* const bounds[] = {"values: [a]", "match: a.*", "limit: 999", "template: path"};
  for (const char* bound : bounds) {
    INFO(bound);
    CHECK(
        Warnings(std::string("rules: [{name: a, examples: [{line: ab}], pattern: "
                             "'(?P<path>.*)'}]\nmetrics: [{name: a_total, kind: counter, help: h, "
                             "labels: {l: {field: path, ") +
                 bound + "}}}]") == "");
  }
}

TEST_CASE("TakesFreeText tells runs of anything from what names its bytes") {
  for (const char* free :
       {".*", ".+?", "[^\"]*", "\\S+", "(?:[^\"\\\\]|\\\\.)*", "[^ ]{3,}", "a|\\D+"}) {
    INFO(free);
    CHECK(TakesFreeText(free));
  }
  for (const char* bound : {"", "a", "[a-z]+", "\\d+", "\\w*", "[^ ]{3}", ".?", "\\.*", "[.]*",
                            "[[:alpha:]]+", "(?:GET|POST)+", "\\[^"}) {
    INFO(bound);
    CHECK_FALSE(TakesFreeText(bound));
  }
}

TEST_CASE("Lint warns of what is hardly meant") {
  struct Row {
    const char* text;
    const char* warnings;
  };
  const Row rows[] = {
      {"rules: [{name: a, pattern: x}]",
       "r.yaml:1:9: rule \"a\" has no examples, so nothing proves that it works\n"},
      {"rules: [{name: a, pattern: '(?P<status>x)', fields: {staus: int}, examples: [{line: x}]}]",
       "r.yaml:1:54: rule \"a\": the pattern has no group \"staus\" for this field (did you mean "
       "\"status\"?)\n"},
      {"rules: [{name: a, pattern: '(?P<t>x)', timestamp: [t, time], examples: [{line: x}]}]",
       "r.yaml:1:9: rule \"a\": timestamp: there is no field \"time\" (known here: t)\n"},
      {"rules:\n"
       "  - {name: a, json: true, examples: [{line: '{}'}]}\n"
       "  - {name: b, json: true, when: {x: y}, examples: [{line: '{}'}]}\n"
       "  - {name: c, pattern: x, from: e, examples: [{line: '{}'}]}\n"
       "  - {name: d, pattern: x, examples: [{line: '{}'}]}\n",
       "r.yaml:3:5: rule \"b\" is never tried: \"a\" in r.yaml:2:5 takes every JSON event before "
       "it\n"
       "r.yaml:4:5: rule \"c\" is never tried: \"a\" in r.yaml:2:5 takes every JSON event before "
       "it\n"},
      {"rules:\n"
       "  - {name: a, json: true, fallback: true, examples: [{line: '{}'}]}\n"
       "  - {name: b, json: true, fallback: true, when: {x: y}, examples: [{line: '{}'}]}\n"
       "  - {name: c, json: true, when: {x: y}, examples: [{line: '{}'}]}\n",
       "r.yaml:3:5: rule \"b\" is never tried: \"a\" in r.yaml:2:5 takes every JSON event before "
       "it\n"},
      {"metrics: [{name: a_total, kind: counter, help: h}]",
       "r.yaml:1:11: metric \"a_total\" is never fed: no rule that keeps its lines gives records "
       "of "
       "its event and rules\n"},
      {"rules: [{name: a, pattern: x, examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, event: request}]",
       "r.yaml:2:11: metric \"a_total\" is never fed: no rule that keeps its lines gives records "
       "of "
       "its event and rules\n"},
      {"rules: [{name: a, pattern: x, drop: true, examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, rules: a}]",
       "r.yaml:2:11: metric \"a_total\" is never fed: no rule that keeps its lines gives records "
       "of "
       "its event and rules\n"},
      {"rules: [{name: a, pattern: '(?P<size>x)', examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, value: sise}]",
       "r.yaml:2:11: metric \"a_total\" is never fed: no rule gives the field \"sise\" (did you "
       "mean "
       "\"size\"?)\n"},
      {"rules: [{name: a, pattern: '(?P<size>x)', fields: {size: {type: int, as: bytes}}, "
       "examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, when: {size: '*'}}]",
       "r.yaml:2:11: metric \"a_total\" is never fed: no rule gives the field \"size\" (known "
       "here: "
       "bytes)\n"},
      {"rules: [{name: a, pattern: '(?P<size>x)', examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, labels: {method: method, s: size}}]",
       "r.yaml:2:60: metric \"a_total\": label \"method\" is always \"other\": no rule gives the "
       "field \"method\" (known here: size)\n"},
      {"rules: [{name: a, pattern: '(?P<size>x)', fields: {size: {record: false}}, examples: "
       "[{line: x}]}]",
       "r.yaml:1:52: rule \"a\": field \"size\" is used nowhere: it is in no record (`record: "
       "false`), and no metric, condition or step looks at it; leave it out, or `record: false`\n"},
      {"rules: [{name: a, pattern: '(?P<size>x)', transforms: [{remove: size}], examples: [{line: "
       "x}]}]",
       "r.yaml:1:65: rule \"a\": field \"size\" is taken, removed here and used nowhere; write "
       "(?:…) in the pattern instead of (?P<size>…)\n"},
      {"rules: [{name: a, pattern: '(?P<p>\\S+)', examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, labels: {url_path: p}}]",
       "r.yaml:2:60: metric \"a_total\": label \"url_path\" has no bound, and the rule \"a\" fills "
       "it with free text (\"p\"); give it `values:`, `match:` or a `limit:` below 1000\n"},
      {"rules: [{name: a, json: true, fields: {request.uri: {as: path}}, examples: [{line: "
       "'{}'}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, labels: {p: path}}]",
       "r.yaml:2:60: metric \"a_total\": label \"p\" has no bound, and the rule \"a\" fills it "
       "with "
       "free text (\"path\"); give it `template: path`, `values:`, `match:` or a `limit:` below "
       "1000\n"},
      {"rules: [{name: a, pattern: '(?P<u>.*)', transforms: [{split: u}, {rename: {url_query: "
       "q}}], "
       "examples: [{line: x}]}]\n"
       "metrics: [{name: a_total, kind: counter, help: h, labels: {q: q}}]",
       "r.yaml:2:60: metric \"a_total\": label \"q\" has no bound, and the rule \"a\" fills it "
       "with "
       "free text (\"q\"); give it `values:`, `match:` or a `limit:` below 1000\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Warnings(row.text) == row.warnings);
  }
}

}  // namespace
}  // namespace parshall::rules
