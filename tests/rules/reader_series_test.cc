// The words of a metric about its series: init, ttl, delete.

#include <catch2/catch.hpp>

#include "tests/rules/faults_of.h"

namespace parshall::rules {
namespace {

// The faults of a counter a_total with more words; its first character stands in line 2, column 5.
std::string FaultsWith(const std::string& words) {
  return FaultsOf("metrics:\n  - {name: a_total, kind: counter, help: h,\n" + words + "}\n");
}

MetricSpec MetricWith(const std::string& words) {
  const ReadOutcome outcome = ReadRules({RuleFile{
      "r.yaml", "metrics:\n  - {name: a_total, kind: counter, help: h,\n" + words + "}\n"}});
  for (const Error& error : outcome.faults) FAIL_CHECK(error.ToString());
  return outcome.rules.metrics.at(0);
}

TEST_CASE("init combines values that are written with those of the labels") {
  const MetricSpec one = MetricWith(
      "labels: {a: {field: a, values: [x, y]}, b: b, c: {text: t}},\n"
      "init: [{b: [1, '2']}, {a: x, b: 1}, {a: other, b: ''}]");
  CHECK(one.init == std::vector<LabelSet>{{{"a", "x"}, {"b", "1"}},
                                          {{"a", "x"}, {"b", "2"}},
                                          {{"a", "y"}, {"b", "1"}},
                                          {{"a", "y"}, {"b", "2"}},
                                          {{"a", "other"}, {"b", ""}}});
  CHECK(one.init_where.ToString() == "r.yaml:4:7");
  CHECK(MetricWith("labels: {a: {field: a, values: [x, y]}}, init: true").init.size() == 2);
  CHECK(MetricWith("init: true").init == std::vector<LabelSet>{LabelSet()});
}

TEST_CASE("ttl and delete are read") {
  const MetricSpec metric = MetricWith(
      "labels: {a: f, b: g, c: {text: t}}, ttl: 1.5h,\n"
      "delete: {when: {state: [gone, lost]}, event: log, labels: b}");
  CHECK(metric.ttl_ms == 5'400'000);
  REQUIRE(metric.remove);
  CHECK(metric.remove->labels == std::vector<std::string>{"b"});
  CHECK(metric.remove->event == EventKind::kLog);
  REQUIRE(metric.remove->when.size() == 1);
  CHECK(metric.remove->when[0].values == std::vector<std::string>{"gone", "lost"});
  CHECK(MetricWith("labels: {b: f, a: g}, delete: {when: {x: '*'}}").remove->labels ==
        std::vector<std::string>{"a", "b"});
}

TEST_CASE("Wrong words about series are told with their place") {
  struct Row {
    const char* words;
    const char* faults;
  };
  const Row rows[] = {
      {"ttl: 5",
       "r.yaml:3:6: metric \"a_total\": ttl: must be a duration from 1s to 366d like 90s, 5m or "
       "24h, and this is \"5\"\n"},
      {"ttl: 500ms",
       "r.yaml:3:6: metric \"a_total\": ttl: must be a duration from 1s to 366d like 90s, 5m or "
       "24h, and this is \"500ms\"\n"},
      {"ttl: [5m]", "r.yaml:3:6: metric \"a_total\": ttl: must be one text, and this is a list\n"},
      {"init: false",
       "r.yaml:3:7: metric \"a_total\": init: must be `true` or a list of label sets, as in "
       "[{method: GET, status: [200, 500]}]\n"},
      {"init: [x]",
       "r.yaml:3:8: metric \"a_total\": init: an item must be a mapping (label: value), and this "
       "is "
       "a text\n"},
      {"labels: {a: f}, init: [{b: 1}]",
       "r.yaml:3:28: metric \"a_total\": init: there is no label from a field called \"b\" (known "
       "here: a)\n"},
      {"labels: {a: {text: f}}, init: [{a: 1}]",
       "r.yaml:3:36: metric \"a_total\": init: there is no label from a field called \"a\"\n"},
      {"labels: {a: f}, init: true",
       "r.yaml:3:23: metric \"a_total\": init: label \"a\" needs a value here, since it has no "
       "`values:`\n"},
      {"labels: {a: f}, init: [{a: []}]",
       "r.yaml:3:28: metric \"a_total\": init: label \"a\" has an empty list\n"},
      {"labels: {a: f}, init: [{a: [[x]]}]",
       "r.yaml:3:29: metric \"a_total\": init: label \"a\" must be one text, and this is a list\n"},
      {"labels: {a: {field: f, values: [good, bad]}}, init: [{a: [good, bat]}]",
       "r.yaml:3:65: metric \"a_total\": init: label \"a\" never has the value \"bat\" (did you "
       "mean "
       "\"bad\"?)\n"},
      {"labels: {a: {field: f, limit: 1}}, init: [{a: [x, y]}]",
       "r.yaml:3:47: metric \"a_total\": init: label \"a\" has more values than its limit of 1\n"},
      {"ttl: 5m, init: true",
       "r.yaml:3:16: metric \"a_total\": init: series that are there from the start do not go; it "
       "cannot stand beside ttl: or delete:\n"},
      {"delete: x",
       "r.yaml:3:9: metric \"a_total\": delete must be a mapping (key: value), and this is a "
       "text\n"},
      {"labels: {a: f}, delete: {event: log}",
       "r.yaml:3:25: metric \"a_total\": delete needs `when:` or `rules:`; else every record would "
       "delete series\n"},
      {"delete: {when: {x: y}}",
       "r.yaml:3:9: metric \"a_total\": delete: the metric has no label from a field, so there is "
       "nothing to tell its series apart by\n"},
      {"labels: {pod: f}, delete: {when: {x: y}, labels: [pot]}",
       "r.yaml:3:50: metric \"a_total\": delete: there is no label from a field called \"pot\" "
       "(did "
       "you mean \"pod\"?)\n"},
      {"labels: {a: f}, delete: {where: {x: y}, when: {x: []}}",
       "r.yaml:3:26: metric \"a_total\": delete has an unknown key \"where\" (known here: event, "
       "rules, when, labels)\n"
       "r.yaml:3:51: metric \"a_total\": delete: when: \"x\" is empty\n"},
      {"labels: {a: f}, delete: {rules: nobody}",
       "r.yaml:3:25: metric \"a_total\": delete: rules: there is no rule \"nobody\"\n"},
  };
  for (const Row& row : rows) {
    INFO(row.words);
    CHECK(FaultsWith(row.words) == row.faults);
  }
  CHECK(FaultsOf("metrics: [{name: a, kind: gauge, help: h, value: v, init: true}]") ==
        "r.yaml:1:59: metric \"a\": init: is for counters, histograms and summaries, whose first "
        "value "
        "is 0\n");
}

TEST_CASE("Infos, state sets and counters that are set are read") {
  const ReadOutcome outcome =
      ReadRules({RuleFile{"r.yaml",
                          "metrics:\n"
                          "  - {name: a_info, kind: info, help: h, labels: {v: v}}\n"
                          "  - {name: s, kind: stateset, help: h, value: f, states: [up, down]}\n"
                          "  - {name: n_total, kind: counter, help: h, value: f, op: set}\n"
                          "  - {name: m_total, kind: counter, help: h, value: f, op: add}\n"}});
  REQUIRE(outcome.faults.empty());
  CHECK(outcome.rules.metrics[0].kind == MetricKind::kInfo);
  CHECK(outcome.rules.metrics[1].states == std::vector<std::string>{"up", "down"});
  CHECK(outcome.rules.metrics[2].cumulative);
  CHECK_FALSE(outcome.rules.metrics[3].cumulative);
}

TEST_CASE("Wrong words of the kinds are told with their place") {
  struct Row {
    const char* metric;
    const char* faults;
  };
  const Row rows[] = {
      {"{name: a, kind: info, help: h}",
       "r.yaml:1:18: metric \"a\": the name of an info ends in _info; write a_info\n"},
      {"{name: a_info, kind: info, help: h, value: v}",
       "r.yaml:1:54: metric \"a_info\": value: an info is always 1; what it tells are its "
       "labels\n"},
      {"{name: a, kind: stateset, help: h}",
       "r.yaml:1:11: metric \"a\" needs `value:`, the field that holds the state\n"
       "r.yaml:1:11: metric \"a\" needs `states:`, what the state can be\n"},
      {"{name: a, kind: stateset, help: h, value: v, states: [x, x]}",
       "r.yaml:1:68: metric \"a\": states: names \"x\" twice\n"},
      {"{name: a, kind: stateset, help: h, value: v, states: []}",
       "r.yaml:1:64: metric \"a\": states: is an empty list\n"},
      {"{name: a, kind: stateset, help: h, value: v, states: [x], labels: {a: f}}",
       "r.yaml:1:78: metric \"a\": the label \"a\" names the states\n"},
      {"{name: a, kind: gauge, help: h, value: v, states: [x]}",
       "r.yaml:1:61: metric \"a\": states: are for statesets only\n"},
      {"{name: a, kind: gauge, help: h, value: v, exemplar: t}",
       "r.yaml:1:63: metric \"a\": exemplar: only counters that count and histograms have "
       "exemplars\n"},
      {"{name: a_total, kind: counter, help: h, exemplar: trace.id}",
       "r.yaml:1:61: metric \"a_total\": exemplar: \"trace.id\" is no name of a label; write "
       "{trace_id: trace.id}\n"},
      {"{name: a_total, kind: counter, help: h, exemplar: {a: b, c: d}}",
       "r.yaml:1:61: metric \"a_total\": exemplar: must name one field, as in {trace_id: "
       "trace.id}\n"},
      {"{name: a_total, kind: counter, help: h, exemplar: []}",
       "r.yaml:1:61: metric \"a_total\": exemplar: must be one text, and this is a list\n"},
      {"{name: a, kind: statset, help: h, value: v}",
       "r.yaml:1:27: metric \"a\": kind: cannot be \"statset\" (did you mean \"stateset\"?)\n"},
      {"{name: a_total, kind: counter, help: h, value: v, op: max}",
       "r.yaml:1:65: metric \"a_total\": op: of a counter is add, or set where the log counts\n"},
      {"{name: a_total, kind: counter, help: h, value: v, op: last}",
       "r.yaml:1:65: metric \"a_total\": op: of a counter is add, or set where the log counts\n"},
      {"{name: a_total, kind: counter, help: h, op: set}",
       "r.yaml:1:55: metric \"a_total\": op: is for gauges, and for counters with `value:`\n"},
      {"{name: a_info, kind: info, help: h}, {name: a, kind: gauge, help: h, value: v}",
       "r.yaml:1:48: metric \"a\" and the info \"a_info\" in r.yaml:1:11 would both expose the "
       "name "
       "a\n"},
      {"{name: s, kind: stateset, help: h, value: v, states: [a]}, {name: s, kind: stateset, help: "
       "h, value: v, states: [b]}",
       "r.yaml:1:70: metric \"s\" has other states here than in r.yaml:1:11\n"},
      {"{name: n_total, kind: counter, help: h, value: v, op: set}, {name: n_total, kind: counter, "
       "help: h, value: v}",
       "r.yaml:1:71: metric \"n_total\" has another op here than in r.yaml:1:11\n"},
  };
  for (const Row& row : rows) {
    INFO(row.metric);
    CHECK(FaultsOf("metrics: [" + std::string(row.metric) + "]") == row.faults);
  }
}

TEST_CASE("Wrong templates are told with their place") {
  const MetricSpec metric = MetricWith(
      "labels: {path: {field: path, template: path, routes: ['/', '/a/:b/c', '/static/*']}}");
  CHECK(metric.labels[0].path_template);
  CHECK(metric.labels[0].routes == std::vector<std::string>{"/", "/a/:b/c", "/static/*"});
  struct Row {
    const char* label;
    const char* faults;
  };
  const Row rows[] = {
      {"{field: f, template: paths}",
       "r.yaml:3:34: metric \"a_total\": label \"p\": template: cannot be \"paths\" (did you mean "
       "\"path\"?)\n"},
      {"{field: f, routes: [/a]}",
       "r.yaml:3:32: metric \"a_total\": label \"p\": routes: are for labels with `template: "
       "path`\n"},
      {"{text: t, template: path}",
       "r.yaml:3:33: metric \"a_total\": label \"p\": template: is for labels from a field, and "
       "this one is a constant\n"},
      {"{field: f, template: path, routes: [a]}",
       "r.yaml:3:49: metric \"a_total\": label \"p\": routes: a route begins with /, unlike "
       "\"a\"\n"},
      {"{field: f, template: path, routes: /a/}",
       "r.yaml:3:48: metric \"a_total\": label \"p\": routes: a route has no empty segment, and no "
       "/ at its end, unlike \"/a/\"\n"},
      {"{field: f, template: path, routes: ['/*/a']}",
       "r.yaml:3:49: metric \"a_total\": label \"p\": routes: a route has * at its end only, where "
       "it stands for the rest, unlike \"/*/a\"\n"},
      {"{field: f, template: path, routes: ['/a,b', '/:']}",
       "r.yaml:3:49: metric \"a_total\": label \"p\": routes: a route is made of words, :names and "
       "a * at the end, as in /users/:user/files/*, unlike \"/a,b\"\n"
       "r.yaml:3:57: metric \"a_total\": label \"p\": routes: a route is made of words, :names and "
       "a * at the end, as in /users/:user/files/*, unlike \"/:\"\n"},
  };
  for (const Row& row : rows) {
    INFO(row.label);
    CHECK(FaultsWith("labels: {p: " + std::string(row.label) + "}") == row.faults);
  }
}

TEST_CASE("init of ten thousand sets is the most") {
  std::string values;
  for (int i = 0; i < 101; ++i) values += (i > 0 ? "," : "") + std::to_string(i);
  const std::string labels = "labels: {a: {field: a, values: [" + values + "]}, b: b},\n";
  CHECK(FaultsWith(labels + "init: [{b: [" + values + "]}]") ==
        "r.yaml:4:8: metric \"a_total\": init: more than 10000 label sets\n");
  CHECK(MetricWith(labels + "init: [{b: 1}]").init.size() == 101);
}

TEST_CASE("Metrics of one name have one ttl and one delete") {
  const std::string first =
      "metrics:\n"
      "  - {name: a_total, kind: counter, help: h, labels: {a: f}, ttl: 5m, delete: {rules: r}}\n"
      "rules: [{name: r, json: true}]\n";
  const auto second = [&](const std::string& words) {
    return FaultsOf({RuleFile{"r.yaml", first},
                     RuleFile{"b.yaml",
                              "metrics: [{name: a_total, kind: counter, help: h, labels: "
                              "{a: g}, " +
                                  words + "}]"}});
  };
  CHECK(second("ttl: 300s, delete: {rules: r, labels: a}").empty());
  CHECK(second("ttl: 6m, delete: {rules: r}") ==
        "b.yaml:1:11: metric \"a_total\" has another ttl here than in r.yaml:2:5\n");
  CHECK(second("ttl: 5m") ==
        "b.yaml:1:11: metric \"a_total\" has another delete here than in r.yaml:2:5\n");
  CHECK(second("ttl: 5m, delete: {rules: r, event: log}") ==
        "b.yaml:1:11: metric \"a_total\" has another delete here than in r.yaml:2:5\n");
}

}  // namespace
}  // namespace parshall::rules
