#include "metrics/meter.h"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests
using rules::EventKind;
using rules::GaugeOp;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

uint64_t Rejected(const Bench& bench, std::string_view family, Rejection rejection) {
  const Snapshot snapshot = bench.store->TakeSnapshot();
  for (size_t i = 0; i < snapshot.families().size(); ++i) {
    if (snapshot.families()[i].name == family) {
      return snapshot.tallies()[i].rejected[static_cast<size_t>(rejection)];
    }
  }
  return ~uint64_t{0};
}

TEST_CASE("Meter counts requests by method and status, and puts what is unknown under _OTHER") {
  Bench bench(DefaultMetrics(), {Rule({"method", "status", "size"}, EventKind::kRequest)});
  const auto count = [&](const RecordBuilder& record) {
    bench.Apply(record.Get(EventKind::kRequest));
  };
  for (int i = 0; i < 3; ++i) count(RecordOf("GET", 200, 100));
  count(RecordOf("POST", 404, 101));
  count(RecordOf("BREW", 418, 0));
  count(RecordOf(Null{}, Null{}, Null{}));
  count(RecordOf(Absent{}, 2000, 5));
  CHECK(bench.Value("http_requests_total", R"(method="GET",status="200")") == 3);
  CHECK(bench.Value("http_requests_total", R"(method="POST",status="404")") == 1);
  CHECK(bench.Value("http_requests_total", R"(method="_OTHER",status="418")") == 1);
  CHECK(bench.Value("http_requests_total", R"(method="_OTHER",status="_OTHER")") == 2);
  CHECK(bench.Value("http_response_size_bytes", R"(method="GET",status="200")") == 3);
  // The null size is no observation, and no error either.
  CHECK(bench.Value("http_response_size_bytes", R"(method="_OTHER",status="_OTHER")") == 1);
  CHECK(Rejected(bench, "http_response_size_bytes", Rejection::kNotANumber) == 0);
}

TEST_CASE("A value that is not of its field's type is no observation, and is counted") {
  Bench bench(DefaultMetrics(), {Rule({"method", "status", "size"}, EventKind::kRequest)});
  bench.Apply(RecordOf("GET", 200, Mistyped{}).Get(EventKind::kRequest));
  bench.Apply(RecordOf("GET", Mistyped{}, 5).Get(EventKind::kRequest));
  CHECK(bench.Value("http_requests_total", R"(method="GET",status="200")") == 1);
  CHECK(bench.Value("http_requests_total", R"(method="GET",status="_OTHER")") == 1);
  CHECK(bench.Value("http_response_size_bytes", R"(method="GET",status="_OTHER")") == 1);
  CHECK(Rejected(bench, "http_response_size_bytes", Rejection::kNotANumber) == 1);
  CHECK(Rejected(bench, "http_requests_total", Rejection::kNotANumber) == 0);
}

TEST_CASE("Meter does not take a label or value over from the record before") {
  // Defects D5 and D9 of other programs.
  rules::RuleSet rules;
  rules.metrics = {Histogram("h", "value", {1, 10}, {FieldLabel("a")})};
  Bench bench(rules, {Rule({"a", "value"})});
  bench.Count("x", 5);
  bench.Count("y", Null{});
  bench.Count(Absent{}, 7);
  CHECK(bench.Value("h", R"(a="x")") == 1);
  CHECK(bench.Value("h", R"(a="y")") == -1);
  CHECK(bench.Value("h", R"(a="other")") == 1);
}

TEST_CASE("Meter applies a metric to the rules, events and conditions it names") {
  rules::RuleSet rules;
  rules.metrics = {Counter("all_total"),   Counter("requests_total"),
                   Counter("named_total"), Counter("when_total"),
                   Counter("has_total"),   Counter("bytes_total", {}, "size")};
  rules.metrics[1].event = EventKind::kRequest;
  rules.metrics[2].rules = {"second", "third"};
  rules.metrics[3].when = {{.field = "level", .values = {"error", "critical"}, .where = {}}};
  rules.metrics[4].when = {{.field = "level", .values = {}, .where = {}}};
  Bench bench(rules, {Rule({"level"}, EventKind::kLog, "first"),
                      Rule({"size"}, EventKind::kRequest, "second")});
  for (const char* level : {"error", "info", "critical"}) {
    bench.Apply(RecordOf(level).Get(EventKind::kLog, 0));
  }
  bench.Apply(RecordOf(Null{}).Get(EventKind::kLog, 0));
  bench.Apply(RecordOf(12).Get(EventKind::kRequest, 1));
  CHECK(bench.Value("all_total") == 5);
  CHECK(bench.Value("requests_total") == 1);
  CHECK(bench.Value("named_total") == 1);
  CHECK(bench.Value("when_total") == 2);
  CHECK(bench.Value("has_total") == 3);
  CHECK(bench.Value("bytes_total") == 12);
}

TEST_CASE("Meter refuses what is no step of a counter, by reason, and changes nothing") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")}, "value")};
  Bench bench(rules, {Rule({"a", "value"})});
  bench.Count("x", 1.5);
  bench.Count("x", 2);
  for (const double bad : {-1.0, kNan, kInf, -kInf}) bench.Count("x", bad);
  bench.Count("x", "12");
  bench.Count("new", -1);
  CHECK(bench.Value("c_total", R"(a="x")") == 3.5);
  CHECK(bench.Value("c_total", R"(a="new")") == -1);  // a refused step makes no series
  CHECK(Rejected(bench, "c_total", Rejection::kNegativeStep) == 2);
  CHECK(Rejected(bench, "c_total", Rejection::kNotFinite) == 3);
  CHECK(Rejected(bench, "c_total", Rejection::kNotANumber) == 1);
  bench.Count("zero", 0);
  CHECK(bench.Value("c_total", R"(a="zero")") == 0);  // a step of 0 is one
}

TEST_CASE("Meter refuses NaN and infinity for histograms and gauges too") {
  rules::RuleSet rules;
  rules.metrics = {Histogram("h", "value", {1, 10}), Gauge("g", GaugeOp::kSet), Counter("n_total")};
  Bench bench(rules, {Rule({"value"})});
  bench.Count(-5.0);
  for (const double bad : {kNan, kInf, -kInf}) bench.Count(bad);
  CHECK(bench.Value("h") == 1);
  CHECK(bench.Value("g") == -5);
  CHECK(bench.Value("n_total") == 4);
  CHECK(Rejected(bench, "h", Rejection::kNotFinite) == 3);
  CHECK(Rejected(bench, "g", Rejection::kNotFinite) == 3);
}

TEST_CASE("Gauges set, add, and keep the least and the greatest, over all workers") {
  rules::RuleSet rules;
  rules.metrics = {Gauge("set", GaugeOp::kSet), Gauge("add", GaugeOp::kAdd),
                   Gauge("min", GaugeOp::kMin), Gauge("max", GaugeOp::kMax)};
  const std::vector<RuleFields> fields = {Rule({"value"})};
  Bench bench(rules, fields);
  Shard& second = bench.store->AddShard();
  Meter second_meter(*bench.store, second, fields);
  bench.Apply(RecordOf(5).Get(), 0);
  {
    const Shard::Batch batch(second, 7, 0);  // the latest batch
    second_meter.Apply(RecordOf(-3).Get());
    second_meter.Apply(RecordOf(2.5).Get());
  }
  bench.Apply(RecordOf(11).Get(), 6);
  CHECK(bench.Value("set") == 2.5);
  CHECK(bench.Value("add") == 15.5);
  CHECK(bench.Value("min") == -3);
  CHECK(bench.Value("max") == 11);
}

TEST_CASE("A label's limit folds only that label into __other__, and totals stay exact") {
  rules::RuleSet rules;
  rules::LabelSpec path = FieldLabel("path");
  path.limit = 3;
  rules.metrics = {Counter("c_total", {path, FieldLabel("status")}),
                   Histogram("h", "size", {10}, {path, FieldLabel("status")})};
  const std::vector<RuleFields> fields = {Rule({"path", "status", "size"})};
  Bench bench(rules, fields);
  Shard& second = bench.store->AddShard();
  Meter second_meter(*bench.store, second, fields);
  for (int i = 0; i < 1000; ++i) {
    // Short paths and paths that are longer than a key; null and absent take nothing of the limit.
    const std::string path_text =
        Numbered(i % 2 == 0 ? "/" : "/a/path/that/is/longer/than/a/key/", i);
    bench.Count(path_text, i % 2 == 0 ? 200 : 500, 1);
    const Shard::Batch batch(second, 0, 0);
    second_meter.Apply(RecordOf(path_text, 200, 1).Get());
    second_meter.Apply(RecordOf(Null{}, 200, 1).Get());
  }
  const Snapshot snapshot = bench.store->TakeSnapshot();
  double total = 0;
  uint64_t observations = 0;
  std::vector<std::string> labels;
  const Family& counter = snapshot.families()[0];
  snapshot.ForEachRow(counter, [&](const Row& row) {
    total += static_cast<double>(row.cells[0]);
    labels.push_back(row.series->labels);
  });
  const Family& histogram = snapshot.families()[1];
  snapshot.ForEachRow(
      histogram, [&](const Row& row) { observations += ObservationCount(histogram, row.cells); });
  CHECK(total == 3000);
  CHECK(observations == 3000);
  CHECK(snapshot.ValueOf("c_total", R"(path="__other__",status="200")") == 1495);
  CHECK(snapshot.ValueOf("c_total", R"(path="__other__",status="500")") == 499);
  CHECK(snapshot.ValueOf("c_total", R"(path="other",status="200")") == 1000);
  CHECK(snapshot.ValueOf("c_total", R"(path="/0",status="200")") == 2);
  CHECK(labels.size() == 7);
  CHECK(std::is_sorted(labels.begin(), labels.end()));
  REQUIRE(snapshot.overflow().size() == 1);  // the two metrics share one look-up
  CHECK(snapshot.overflow()[0] == std::vector<uint64_t>{1994, 0});
}

TEST_CASE("A full store folds all field labels, and totals stay exact") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a"), FieldLabel("b")})};
  Bench bench(rules, {Rule({"a", "b"})}, {}, {.series_max = 10});
  for (int i = 0; i < 100; ++i) bench.Count(i, i);
  CHECK(bench.Value("c_total", R"(a="9",b="9")") == 1);
  CHECK(bench.Value("c_total", R"(a="__other__",b="__other__")") == 90);
  CHECK(bench.store->TakeSnapshot().overflow()[0] == std::vector<uint64_t>{90, 90});
}

TEST_CASE("Label values survive whatever bytes a line held") {
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a")})};
  Bench bench(rules, {Rule({"a"})});
  using std::string;
  const string long_value(10 * 1024, 'x');
  const std::pair<string, string> rows[] = {
      {"", "a=\"\""},
      {string("\0", 1), string("a=\"\0\"", 5)},
      {string("\0\0", 2), string("a=\"\0\0\"", 6)},
      {"\"\n\\", "a=\"\\\"\\n\\\\\""},
      {"\xFF\xFE", "a=\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"1234567890123456", "a=\"1234567890123456\""},
      {long_value, "a=\"" + string(1024, 'x') + "\""},
  };
  for (int round = 1; round <= 2; ++round) {
    for (const auto& [raw, labels] : rows) {
      bench.Count(raw);
      CAPTURE(labels, round);
      CHECK(bench.Value("c_total", labels) == round);
    }
  }
  // Two raw values that look the same in the end are one series.
  bench.Count("\xFE\xFF");
  CHECK(bench.Value("c_total", "a=\"\xEF\xBF\xBD\xEF\xBF\xBD\"") == 3);
}

TEST_CASE("Metrics of one name that two rules feed are one family") {
  rules::RuleSet rules;
  rules::LabelSpec code = FieldLabel("status");
  code.field = "code";
  rules.metrics = {Counter("c_total", {FieldLabel("status")}), Counter("c_total", {code}),
                   Counter("c_total", {ConstantLabel("status", "200")}, "value")};
  rules.metrics[0].rules = {"first"};
  rules.metrics[1].rules = {"second"};
  rules.metrics[2].rules = {"third"};
  Bench bench(
      rules, {Rule({"status"}, EventKind::kLog, "first"), Rule({"code"}, EventKind::kLog, "second"),
              Rule({"value"}, EventKind::kLog, "third")});
  bench.Apply(RecordOf(200).Get(EventKind::kLog, 0));
  bench.Apply(RecordOf(200).Get(EventKind::kLog, 1));
  bench.Apply(RecordOf(2.5).Get(EventKind::kLog, 2));
  CHECK(bench.store->TakeSnapshot().families().size() == 1);
  CHECK(bench.Value("c_total", R"(status="200")") == 4.5);
}

TEST_CASE("Any number of labels counts the same, constants stand behind them") {
  for (size_t labels = 0; labels <= kFieldLabelsMax; ++labels) {
    rules::RuleSet rules;
    rules.metrics = {Counter("c_total")};
    std::vector<std::string> fields;
    std::string wanted;
    RecordBuilder builder;
    for (size_t i = 0; i < labels; ++i) {
      fields.push_back(Numbered("f", static_cast<int64_t>(i)));
      rules.metrics[0].labels.push_back(FieldLabel(fields.back()));
      builder.Add(static_cast<int>(i));
      wanted.append(fields.back()).append(Numbered("=\"", static_cast<int64_t>(i))).append("\",");
    }
    Bench bench(rules, {Rule(fields)}, {{"env", "a\"b"}});
    for (int i = 0; i < 3; ++i) bench.Apply(builder.Get());
    CAPTURE(labels);
    CHECK(bench.Value("c_total", wanted + R"(env="a\"b")") == 3);
  }
}

}  // namespace
}  // namespace parshall::metrics
