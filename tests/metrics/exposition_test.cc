#include "metrics/exposition.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "metrics/exposition_writer.h"
#include "metrics/openmetrics.h"
#include "metrics/own_families.h"
#include "metrics/process_metrics.h"
#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string Text(Store& store, const std::vector<MetricFamily>& own = {}) {
  std::string out;
  AppendText(store.TakeSnapshot(), own, &out);
  return out;
}

std::string OpenMetrics(Store& store, const std::vector<MetricFamily>& own = {}) {
  std::string out;
  AppendOpenMetrics(store.TakeSnapshot(), own, &out);
  return out;
}

TEST_CASE("Numbers read back as they were, bounds as Prometheus's client writes them") {
  const std::pair<double, const char*> numbers[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {2747282505, "2747282505"},
      {0.1, "0.1"},
      {1e21, "1e+21"},
      {-2.5, "-2.5"},
      {9007199254740992, "9007199254740992"},
      {kInf, "+Inf"},
      {-kInf, "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e-300, "1e-300"}};
  for (const auto& [value, text] : numbers) {
    std::string out;
    AppendNumber(value, &out);
    CHECK(out == text);
  }
  struct Row {
    double bound;
    const char* text;
    const char* openmetrics;
  };
  const Row bounds[] = {{100, "100", "100.0"},
                        {0.005, "0.005", "0.005"},
                        {1e6, "1e+06", "1e+06"},
                        {2.5e6, "2.5e+06", "2.5e+06"},
                        {250000, "250000", "250000.0"},
                        {0, "0", "0.0"},
                        {-1, "-1", "-1.0"},
                        {1e-5, "1e-05", "1e-05"},
                        {0.0001, "0.0001", "0.0001"},
                        {kInf, "+Inf", "+Inf"}};
  for (const Row& row : bounds) {
    std::string text;
    std::string openmetrics;
    AppendBound(row.bound, false, &text);
    AppendBound(row.bound, true, &openmetrics);
    CHECK(text == row.text);
    CHECK(openmetrics == row.openmetrics);
  }
  const std::pair<int64_t, const char*> times[] = {
      {1700000000123, "1700000000.123"}, {1700000000000, "1700000000"}, {5, "0.005"}, {0, "0"}};
  for (const auto& [time, text] : times) {
    std::string out;
    AppendTimestamp(time, &out);
    CHECK(out == text);
  }
}

rules::RuleSet SmallMetrics() {
  rules::RuleSet rules;
  rules.metrics = {Histogram("h_seconds", "value", {0.5, 2}, {FieldLabel("a")}),
                   Counter("c_total", {FieldLabel("a")}), Counter("plain", {}, "value"),
                   Gauge("g", rules::GaugeOp::kSet, {ConstantLabel("k", "v\n")}),
                   Counter("never_total", {}, "nothing")};
  rules.metrics[1].help = "A \"quoted\" \\ help\nof two lines.";
  rules.metrics[2].help.clear();
  return rules;
}

MetricFamily OwnCounter() {
  MetricFamily family;
  family.name = "d_own_total";
  family.help = "Own.";
  family.type = MetricType::Counter;
  family.metric.resize(2);
  family.metric[0].label = {{"source", "z\xFF\""}, {"env", "mine"}};
  family.metric[0].counter.value = 3;
  family.metric[1].label = {{"source", "a"}};
  return family;
}

TEST_CASE("The text format is what Prometheus reads, by name and by label text") {
  Bench bench(SmallMetrics(), {Rule({"a", "value"})}, {{"env", "x"}});
  bench.Count("b", 1.5);
  bench.Count("a", 0.5);
  bench.Count("b", 7);
  CHECK(Text(*bench.store, {OwnCounter()}) ==
        R"(# HELP c_total A "quoted" \\ help\nof two lines.
# TYPE c_total counter
c_total{a="a",env="x"} 1
c_total{a="b",env="x"} 2
# HELP d_own_total Own.
# TYPE d_own_total counter
d_own_total{source="a",env="x"} 0
d_own_total{source="z)"
        "\xEF\xBF\xBD"
        R"(\"",env="mine"} 3
# HELP g Things that were counted.
# TYPE g gauge
g{k="v\n",env="x"} 7
# HELP h_seconds Things that were counted.
# TYPE h_seconds histogram
h_seconds_bucket{a="a",env="x",le="0.5"} 1
h_seconds_bucket{a="a",env="x",le="2"} 1
h_seconds_bucket{a="a",env="x",le="+Inf"} 1
h_seconds_sum{a="a",env="x"} 0.5
h_seconds_count{a="a",env="x"} 1
h_seconds_bucket{a="b",env="x",le="0.5"} 0
h_seconds_bucket{a="b",env="x",le="2"} 1
h_seconds_bucket{a="b",env="x",le="+Inf"} 2
h_seconds_sum{a="b",env="x"} 8.5
h_seconds_count{a="b",env="x"} 2
# HELP plain No help was given in the rules.
# TYPE plain counter
plain{env="x"} 9
)");
}

TEST_CASE("OpenMetrics names families without _total, says when series began, and ends with EOF") {
  Bench bench(SmallMetrics(), {Rule({"a", "value"})});
  bench.Count("b", 1.5);
  CHECK(OpenMetrics(*bench.store, {OwnCounter()}) ==
        R"(# HELP c A \"quoted\" \\ help\nof two lines.
# TYPE c counter
c_total{a="b"} 1
c_created{a="b"} 1700000000.123
# HELP d_own Own.
# TYPE d_own counter
d_own_total{source="a"} 0
d_own_total{source="z)"
        "\xEF\xBF\xBD"
        R"(\"",env="mine"} 3
# HELP g Things that were counted.
# TYPE g gauge
g{k="v\n"} 1.5
# HELP h_seconds Things that were counted.
# TYPE h_seconds histogram
h_seconds_bucket{a="b",le="0.5"} 0
h_seconds_bucket{a="b",le="2.0"} 1
h_seconds_bucket{a="b",le="+Inf"} 1
h_seconds_sum{a="b"} 1.5
h_seconds_count{a="b"} 1
h_seconds_created{a="b"} 1700000000.123
# HELP plain No help was given in the rules.
# TYPE plain unknown
plain 1.5
# EOF
)");
}

TEST_CASE("OpenMetrics leaves out the sum of a histogram where it may not stand") {
  rules::RuleSet rules;
  rules.metrics = {Histogram("below", "value", {-1, 1}), Histogram("above", "value", {1, 2})};
  Bench bench(rules, {Rule({"value"})});
  bench.Count(-5);
  const std::string text = OpenMetrics(*bench.store);
  CHECK_THAT(text, !Catch::Contains("_sum") && !Catch::Contains("_count"));
  CHECK_THAT(text, Catch::Contains("below_bucket{le=\"-1.0\"} 1\n"));
  CHECK_THAT(Text(*bench.store), Catch::Contains("above_sum -5\n"));
}

TEST_CASE("An empty store gives an empty body, or nothing but the end mark") {
  Bench bench({}, {});
  CHECK(Text(*bench.store).empty());
  CHECK(OpenMetrics(*bench.store) == "# EOF\n");
}

TEST_CASE("The process tells its own use of the machine") {
  const std::vector<MetricFamily> families = ProcessMetrics();
  REQUIRE(families.size() >= 5);
  for (const MetricFamily& family : families) {
    CAPTURE(family.name);
    CHECK(IsProcessMetric(family.name));
    REQUIRE(family.metric.size() == 1);
    CHECK(family.metric[0].gauge.value > 0);
  }
  CHECK_FALSE(IsProcessMetric("process_other"));
}

TEST_CASE("What the meter refused or folded is on the page") {
  rules::RuleSet rules;
  rules::LabelSpec label = FieldLabel("a");
  label.limit = 1;
  rules.metrics = {Counter("n_total", {label}), Counter("c_total", {label}, "value")};
  Bench bench(rules, {Rule({"a", "value"})});
  bench.Count("x", -1);
  bench.Count("y", 2);
  const Snapshot snapshot = bench.store->TakeSnapshot();
  std::string text;
  AppendText(snapshot, MeterFamilies(snapshot), &text);
  CHECK_THAT(text,
             Catch::Contains("parshall_metric_overflow_total{metric=\"c_total\",label=\"a\"} 1\n"));
  CHECK_THAT(
      text, Catch::Contains(
                "parshall_metric_rejected_total{metric=\"c_total\",reason=\"negative_step\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("parshall_metric_series{metric=\"c_total\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("parshall_metric_series{metric=\"n_total\"} 2\n"));
}

TEST_CASE("Each of the program's own series that come from here has a row in docs/METRICS.md") {
  std::ifstream file(std::string(PARSHALL_SOURCE_DIR) + "/docs/METRICS.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  Bench bench({}, {});
  std::vector<MetricFamily> own = MeterFamilies(bench.store->TakeSnapshot());
  for (MetricFamily& family : ProcessMetrics()) own.push_back(std::move(family));
  for (const MetricFamily& family : own) {
    CHECK_THAT(text, Catch::Contains("| `" + family.name + "` |"));
  }
}

// A folder that is there as long as the test.
struct TempFolder {
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "parshall-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::filesystem::path path;
};

int Run(const std::string& command) {
  INFO(command);
  const int status = std::system(command.c_str());  // NOLINT: a fixed command
  return status;
}

// Own families of every type, as the pipeline could give them.
std::vector<MetricFamily> ManyOwnFamilies() {
  std::vector<MetricFamily> families = ProcessMetrics();
  families.push_back(OwnCounter());
  MetricFamily histogram;
  histogram.name = "own_seconds";
  histogram.help = "Own.";
  histogram.type = MetricType::Histogram;
  histogram.metric.resize(1);
  histogram.metric[0].histogram = {
      .sample_count = 3, .sample_sum = 1.5, .bucket = {{1, 0.1}, {2, 1}}};
  families.push_back(histogram);
  MetricFamily summary;
  summary.name = "own_latency_seconds";
  summary.help = "Own.";
  summary.type = MetricType::Summary;
  summary.metric.resize(1);
  summary.metric[0].summary = {
      .sample_count = 3, .sample_sum = 1.5, .quantile = {{0.5, 0.4}, {0.99, 0.9}}};
  families.push_back(summary);
  MetricFamily info;
  info.name = "own_build_info";
  info.help = "Own.";
  info.type = MetricType::Gauge;
  info.metric.resize(1);
  info.metric[0].label = {{"version", "1"}};
  info.metric[0].gauge.value = 1;
  families.push_back(info);
  return families;
}

TEST_CASE(
    "Bodies with hostile labels pass promtool and the strict parsers of Prometheus's client") {
  rules::RuleSet rules = DefaultMetrics();
  rules.metrics.push_back(Counter("hostile_total", {FieldLabel("method"), FieldLabel("size")}));
  rules.metrics.back().help = "Hostile \"things\" \\ \n and \xFF bytes.";
  rules.metrics.push_back(
      Histogram("hostile_seconds", "time", {-1, 0.5, 1e6}, {FieldLabel("method")}));
  rules.metrics.push_back(Gauge("hostile_value", rules::GaugeOp::kMin));
  rules.metrics.back().value = "time";
  Bench bench(rules, {Rule({"method", "status", "size", "time"}, rules::EventKind::kRequest)},
              {{"env", "a\"\\\n\xFF"}});
  using std::string;
  const string values[] = {"GET",
                           "",
                           "\"",
                           "\\",
                           "\\\"",
                           "\n",
                           "a\\n",
                           "\r\n",
                           string("\0x", 2),
                           "\xFF\xC3",
                           "{a=\"b\"}",
                           "} 1 # {",
                           "#",
                           " # ",
                           string(10240, 'x'),
                           string(1023, 'y') + "\xE2\x82\xAC",
                           "\xF0\x9F\x98\x80",
                           "=,"};
  for (const string& value : values) {
    for (const string& other : values) {
      bench.Apply(RecordOf(value, 200, other, 0.25).Get(rules::EventKind::kRequest));
    }
    bench.Apply(RecordOf(value, Null{}, 12, -1e300).Get(rules::EventKind::kRequest));
  }
  const Snapshot snapshot = bench.store->TakeSnapshot();
  std::vector<MetricFamily> own = ManyOwnFamilies();
  for (MetricFamily& family : MeterFamilies(snapshot)) own.push_back(std::move(family));
  const TempFolder folder;
  string text;
  string openmetrics;
  AppendText(snapshot, own, &text);
  AppendOpenMetrics(snapshot, own, &openmetrics);
  const auto text_path = (folder.path / "text").string();
  const auto openmetrics_path = (folder.path / "openmetrics").string();
  std::ofstream(text_path, std::ios::binary) << text;
  std::ofstream(openmetrics_path, std::ios::binary) << openmetrics;

  const string validate = string(PARSHALL_SOURCE_DIR) + "/tests/tools/validate_exposition.py ";
  CHECK(Run("promtool check metrics < " + text_path) == 0);
  CHECK(Run("/usr/bin/python3 " + validate + text_path) == 0);
  CHECK(Run("/usr/bin/python3 " + validate + "--om " + openmetrics_path) == 0);
  // The tools can fail, too.
  std::ofstream(text_path, std::ios::binary | std::ios::app) << "a{b=\"\n\"} 1\n";
  std::ofstream(openmetrics_path, std::ios::binary | std::ios::app) << "a 1\n";
  CHECK(Run("promtool check metrics < " + text_path + " 2>/dev/null") != 0);
  CHECK(Run("/usr/bin/python3 " + validate + "--om " + openmetrics_path) != 0);
}

TEST_CASE(
    "The parts of an exposition are the whole, in whatever order and how often they are printed") {
  rules::RuleSet rules = DefaultMetrics();
  rules.metrics.push_back(Counter("wide_total", {FieldLabel("size")}));
  rules.metrics.back().labels[0].limit = 20'000;
  rules.metrics.push_back(Counter("never_total", {}));
  Bench bench(rules, {Rule({"method", "status", "size"}, rules::EventKind::kRequest)});
  for (int n = 0; n < 9000; ++n) {
    bench.Apply(RecordOf("GET", 100 + n % 500, n).Get(rules::EventKind::kRequest));
  }
  const Snapshot snapshot = bench.store->TakeSnapshot();
  const std::vector<MetricFamily> own = MeterFamilies(snapshot);
  for (const Dialect dialect : {Dialect::kText, Dialect::kOpenMetrics}) {
    std::string whole;
    dialect == Dialect::kText ? AppendText(snapshot, own, &whole)
                              : AppendOpenMetrics(snapshot, own, &whole);
    const PartedExposition exposition(snapshot, own, dialect);
    REQUIRE(exposition.part_count() > 10);
    std::vector<std::string> parts(exposition.part_count());
    for (size_t part = exposition.part_count(); part-- > 0;) {
      exposition.AppendPart(part, &parts[part]);
      std::string again;
      exposition.AppendPart(part, &again);
      CHECK((again == parts[part]));
      CHECK(again.size() < 2 * PartedExposition::kPartBytes);
    }
    std::string joined;
    for (const std::string& part : parts) joined += part;
    CHECK((joined == whole));
    size_t heads = 0;
    for (size_t at = 0; (at = whole.find("# TYPE wide", at)) != std::string::npos; ++at) ++heads;
    CHECK(heads == 1);
    CHECK(exposition.bytes() + snapshot.bytes() < whole.size() / 4);
  }
}

}  // namespace
}  // namespace parshall::metrics
