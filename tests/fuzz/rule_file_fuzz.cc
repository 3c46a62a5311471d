// A rule file and a configuration file: faults with a place, or rules that compile or say why not,
// and that take their own examples and any other line.

#include <nlohmann/json.hpp>
#include <string>

#include "base/utf8.h"
#include "metrics/store.h"
#include "rules/config_reader.h"
#include "rules/lint.h"
#include "sinks/record_json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/records/kit.h"

using namespace parshall;

namespace {

void CheckFaults(const std::vector<Error>& faults) {
  for (const Error& fault : faults) {
    FUZZ_CHECK(!fault.what.empty());
    FUZZ_CHECK(!fault.where.empty());
  }
}

void Run(const std::shared_ptr<const records::RuleProgram>& program, const std::string& text) {
  records::Matcher matcher(program);
  sinks::RecordJson json(program);
  const records::testing::Padded line(text);
  records::Record record;
  Buffer out;
  const records::Outcome outcome = matcher.Match(line.view(), "stdin", &record);
  if (outcome != records::Outcome::kMatched && outcome != records::Outcome::kRejected) return;
  json.Append(record, {}, &out);
  const std::string_view written = out.view();
  FUZZ_CHECK(written.find('\n') == written.size() - 1);
  FUZZ_CHECK(IsValidUtf8(written));
  try {
    FUZZ_CHECK(nlohmann::json::parse(written).is_object());
  } catch (const nlohmann::json::exception& error) {
    FUZZ_CHECK(error.id == 406);  // a number beyond a double is passed on as it came
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 16 * 1024) return 0;
  const std::string text(fuzz::TextOf(data, size));
  const rules::ConfigOutcome config = rules::ReadConfig(
      "c.yaml", text, [](const std::string&) -> std::optional<std::string> { return "x"; });
  CheckFaults(config.faults);
  const rules::ReadOutcome read = rules::ReadRules({{.name = "r.yaml", .text = text}});
  CheckFaults(read.faults);
  if (!read.faults.empty()) return 0;
  rules::Lint(read.rules);
  const std::vector<Error> faults = metrics::CheckMetrics(read.rules, {});
  CheckFaults(faults);
  const records::CompileOutcome compiled =
      records::CompileRules(read.rules, metrics::WantedFields(read.rules));
  CheckFaults(compiled.faults);
  FUZZ_CHECK((compiled.program == nullptr) == !compiled.faults.empty());
  if (compiled.program == nullptr) return 0;
  for (const rules::RuleSpec& rule : read.rules.rules) {
    for (const rules::Example& example : rule.examples) Run(compiled.program, example.line);
    for (const std::string& line : rule.not_examples) Run(compiled.program, line);
  }
  Run(compiled.program, "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 5");
  Run(compiled.program, "{\"event\": \"x\", \"level\": \"info\", \"status\": 200}");
  Run(compiled.program, "");
  return 0;
}
