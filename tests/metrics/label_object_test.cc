// Labels whose names come with the records: `labels_from:`.

#include "metrics/label_object.h"

#include <catch2/catch.hpp>

#include "metrics/text_format.h"
#include "tests/metrics/builders.h"

namespace parshall::metrics {
namespace {

using namespace testing;  // NOLINT: the words of these tests

TEST_CASE("An object's members are labels by name, and what is none gives none at all") {
  struct Row {
    std::string object, text;
  };
  const auto row = GENERATE(values<Row>({
      {R"({})", ""},
      {R"({"b":"x","a":"y"})", R"(a="y",b="x")"},
      {R"({ "n" : 7 , "t" : true, "f": -1.50e3 })", R"(f="-1.50e3",n="7",t="true")"},
      {R"({"gone":null,"empty":"","a":"x"})", R"(a="x")"},
      {R"({"a":"x","a":null})", ""},
      {R"({"a":"x","\u0061":"y"})", R"(a="y")"},
      {R"({"q":"say \"hi\"\\\n"})", R"(q="say \"hi\"\\\n")"},
      {R"({"u":"\u00e9\ud83d\ude00"})", "u=\"\xC3\xA9\xF0\x9F\x98\x80\""},
      {R"({"1a":"x"})", "{"},
      {R"({"":"x"})", "{"},
      {R"({"a-b":"x"})", "{"},
      {R"({"__name__":"x"})", "{"},
      {R"({"a":{}})", "{"},
      {R"({"a":["x"]})", "{"},
      {R"(["a"])", "{"},
      {R"("a")", "{"},
      {R"(7)", "{"},
      {R"({"a":"x"} )", R"(a="x")"},
      {R"({"a":"x")", "{"},
      {"", "{"},
  }));
  CAPTURE(row.object);
  CHECK(LabelTextOfObject(row.object) == row.text);
}

TEST_CASE("An object of too many members, or of too long ones, gives no labels") {
  const auto object = [](size_t members) {
    std::string text = "{";
    for (size_t i = 0; i < members; ++i) {
      text.append(i == 0 ? "" : ",")
          .append(Numbered("\"l", static_cast<int64_t>(i)))
          .append("\":1");
    }
    return text + "}";
  };
  CHECK(LabelTextOfObject(object(kObjectLabelsMax)) != kNoObject);
  CHECK(LabelTextOfObject(object(kObjectLabelsMax + 1)) == kNoObject);
  CHECK(LabelTextOfObject(R"({"a":")" + std::string(1000, 'x') + "\"}") != kNoObject);
  CHECK(LabelTextOfObject(R"({"a":")" + std::string(1024, 'x') + "\"}") == kNoObject);
}

rules::LabelSpec FromObject(std::string field, uint32_t limit = 1000) {
  rules::LabelSpec label;
  label.name = "labels";
  label.field = std::move(field);
  label.other = "";
  label.limit = limit;
  label.from_object = true;
  return label;
}

// Events with a host, a value and an object.
class Events {
 public:
  explicit Events(rules::MetricSpec spec, const ConstantLabels& constants = {})
      : bench_({.rules = {}, .metrics = {std::move(spec)}}, {Rule({"host", "value"})}, constants) {}

  void Count(std::string_view labels, std::string_view host = "h", int value = 1) {
    RecordBuilder builder;
    builder.Add(host).Add(value);
    records::Record record = builder.Get();
    const std::string padded = std::string(labels) + std::string(64, ' ');
    const records::JsonMember member{.key = R"("labels")",
                                     .value = {padded.data(), labels.size()},
                                     .kind = labels.starts_with('{') ? records::JsonKind::kObject
                                             : labels == "null"      ? records::JsonKind::kNull
                                                                     : records::JsonKind::kString};
    record.members = &member;
    record.members_count = labels.empty() ? 0 : 1;
    bench_.Apply(record);
  }

  // The samples alone.
  std::string Samples() {
    std::string text;
    AppendText(bench_.store->TakeSnapshot(), {}, &text);
    std::string samples;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      if (text[at] != '#') samples.append(text, at, end + 1 - at);
      at = end + 1;
    }
    return samples;
  }

 private:
  Bench bench_;
};

TEST_CASE("A series has the labels of its object, in whatever order they came") {
  Events events(Counter("c_total", {FieldLabel("host"), FromObject("labels")}));
  events.Count(R"({"b":"2","a":"1"})");
  events.Count(R"({"a":"1", "b":"2"})");
  events.Count(R"({"a":"1"})");
  events.Count("");
  events.Count("null", "i");
  events.Count(R"({"host":"mine","a":"1"})");
  CHECK(events.Samples() ==
        "c_total{host=\"h\"} 1\n"
        "c_total{host=\"h\",a=\"1\"} 2\n"
        "c_total{host=\"h\",a=\"1\",b=\"2\"} 2\n"
        "c_total{host=\"i\"} 1\n");
}

TEST_CASE("Constant labels win over those of the object") {
  Events events(Counter("c_total", {FromObject("labels")}), {{"env", "prod"}});
  events.Count(R"({"env":"x","a":"1"})");
  CHECK(events.Samples() == "c_total{a=\"1\",env=\"prod\"} 1\n");
}

TEST_CASE("What is no object counts nothing; it takes one place for all of them") {
  Events events(Counter("c_total", {FromObject("labels", 3)}));
  for (int i = 0; i < 50; ++i) events.Count(Numbered("\"text", i) + "\"");
  for (int i = 0; i < 50; ++i) events.Count("{" + Numbered("\"bad-", i) + "\":1}");
  events.Count(R"({"a":"1"})");
  events.Count(R"({"a":"2"})");
  CHECK(events.Samples() == "c_total{a=\"1\"} 1\nc_total{a=\"2\"} 1\n");
}

TEST_CASE("Beyond the limit all further objects are one series") {
  Events events(Counter("c_total", {FieldLabel("host"), FromObject("labels", 2)}));
  for (int i = 0; i < 100; ++i) events.Count("{" + Numbered("\"a\":", i) + "}");
  events.Count(R"({"a":99})", "i");
  CHECK(events.Samples() ==
        "c_total{host=\"h\",a=\"0\"} 1\n"
        "c_total{host=\"h\",a=\"1\"} 1\n"
        "c_total{host=\"h\",labels=\"__other__\"} 98\n"
        "c_total{host=\"i\",labels=\"__other__\"} 1\n");
}

TEST_CASE("Labels that tell the parts of a metric apart are refused") {
  Events events(Histogram("d", "value", {10}, {FromObject("labels")}));
  events.Count(R"({"le":"5"})");
  CHECK(events.Samples().empty());
  events.Count(R"({"quantile":"5"})");
  CHECK(events.Samples() ==
        "d_bucket{quantile=\"5\",le=\"10\"} 1\nd_bucket{quantile=\"5\",le=\"+Inf\"} 1\n"
        "d_sum{quantile=\"5\"} 1\nd_count{quantile=\"5\"} 1\n");
}

}  // namespace
}  // namespace parshall::metrics
