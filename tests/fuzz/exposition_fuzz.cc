// Label values from outside, one a line: both expositions can be read back, row by row, whatever
// the values said, and the sums are those of the records.

#include <charconv>
#include <string>

#include "base/utf8.h"
#include "metrics/openmetrics.h"
#include "metrics/text_format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/metrics/builders.h"

using namespace parshall;
using namespace parshall::metrics::testing;  // NOLINT: the words of its builders

namespace {

// Takes one token off the front of a row, or ends the run.
class Row {
 public:
  explicit Row(std::string_view text) : rest_(text) {}

  std::string_view Name() {
    size_t size = 0;
    while (size < rest_.size() && NameByte(rest_[size])) ++size;
    FUZZ_CHECK(size > 0 && !(rest_[0] >= '0' && rest_[0] <= '9'));
    return Take(size);
  }
  void Expect(std::string_view token) {
    FUZZ_CHECK(rest_.starts_with(token));
    Take(token.size());
  }
  bool Is(char byte) const { return !rest_.empty() && rest_[0] == byte; }
  // "…" with \\, \" and \n as its only escapes.
  std::string Quoted() {
    Expect("\"");
    std::string value;
    while (!Is('"')) {
      FUZZ_CHECK(!rest_.empty());
      char byte = Take(1)[0];
      if (byte == '\\') {
        byte = rest_.empty() ? '\0' : Take(1)[0];
        FUZZ_CHECK(byte == '\\' || byte == '"' || byte == 'n');
        if (byte == 'n') byte = '\n';
      }
      value += byte;
    }
    Expect("\"");
    return value;
  }
  double Number() {
    double number = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    FUZZ_CHECK(error == std::errc());
    Take(static_cast<size_t>(end - rest_.data()));
    return number;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  static bool NameByte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == ':';
  }
  std::string_view Take(size_t size) {
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }

  std::string_view rest_;
};

struct Sums {
  double counter = 0;
  double histogram_count = 0;
  double histogram_infinite = 0;
};

Sums ReadBack(std::string_view body, bool openmetrics) {
  FUZZ_CHECK(IsValidUtf8(body));
  FUZZ_CHECK(body.ends_with(openmetrics ? "\n# EOF\n" : "\n"));
  Sums sums;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    Row row(body.substr(0, end));
    body.remove_prefix(end + 1);
    if (row.Is('#')) continue;
    const std::string_view name = row.Name();
    std::string bound;
    if (row.Is('{')) {
      row.Expect("{");
      while (true) {
        const std::string_view label = row.Name();
        row.Expect("=");
        const std::string value = row.Quoted();
        if (label == "le") bound = value;
        if (!row.Is(',')) break;
        row.Expect(",");
      }
      row.Expect("}");
    }
    row.Expect(" ");
    const double number = row.Number();
    FUZZ_CHECK(row.AtEnd());
    if (name == "c_total") sums.counter += number;
    if (name == "h_count") sums.histogram_count += number;
    if (name == "h_bucket" && bound == "+Inf") sums.histogram_infinite += number;
  }
  return sums;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::string_view text = fuzz::TextOf(data, size);
  rules::RuleSet rules;
  rules.metrics = {Counter("c_total", {FieldLabel("a"), FieldLabel("b")}),
                   Histogram("h", "size", {1, 10, 100}, {FieldLabel("a")})};
  // So that the allow-lists are full within one input, too.
  for (rules::LabelSpec& label : rules.metrics[0].labels) label.limit = 8;
  rules.metrics[0].help = std::string(text.substr(0, 64));
  Bench bench(rules, {Rule({"a", "b", "size"})}, {{"env", std::string(text.substr(0, 16))}});
  size_t records = 0;
  std::string_view before;
  for (std::string_view rest = text; records < 64; ++records) {
    const size_t end = rest.find('\n');
    const std::string_view value = rest.substr(0, end);
    bench.Count(value, before, static_cast<int64_t>(value.size()));
    before = value;
    if (end == std::string_view::npos) {
      ++records;
      break;
    }
    rest.remove_prefix(end + 1);
  }
  const metrics::Snapshot snapshot = bench.store->TakeSnapshot();
  for (const bool openmetrics : {false, true}) {
    std::string body;
    openmetrics ? metrics::AppendOpenMetrics(snapshot, {}, &body)
                : metrics::AppendText(snapshot, {}, &body);
    const Sums sums = ReadBack(body, openmetrics);
    FUZZ_CHECK(sums.counter == static_cast<double>(records));
    FUZZ_CHECK(sums.histogram_count == sums.counter);
    FUZZ_CHECK(sums.histogram_infinite == sums.counter);
  }
  return 0;
}
