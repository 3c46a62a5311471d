// A server's format string and a line: the first line of the input is "server:format", the rest is
// matched. The format compiles to an expression that RE2 takes and whose plan agrees with it, or is
// refused with a column; decoded texts are never longer than they were. The rest is read as logfmt
// as well.

#include <memory>
#include <string>
#include <vector>

#include "records/compile.h"
#include "records/log_format.h"
#include "records/logfmt.h"
#include "records/matcher.h"
#include "tests/fuzz/fuzz.h"
#include "tests/records/kit.h"

using namespace parshall;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  const size_t line_end = text.find('\n');
  const std::string_view format = text.substr(0, line_end);
  const std::string_view line =
      line_end == std::string_view::npos ? std::string_view() : text.substr(line_end + 1);
  const records::testing::Padded padded(line);
  std::vector<char> room;
  records::LogfmtToJson(padded.view(), &room);
  const size_t colon = format.find(':');
  if (colon == std::string_view::npos || format.size() > 2000) return 0;
  rules::RuleSet set;
  set.rules.emplace_back();
  rules::RuleSpec& rule = set.rules.back();
  rule.name = "made";
  rule.kind = rules::RuleKind::kPattern;
  rule.log_format = rules::LogFormatSpec{.server = std::string(format.substr(0, colon)),
                                         .text = std::string(format.substr(colon + 1)),
                                         .decode = size % 2 == 0,
                                         .where = {"f.yaml", 1, 1}};
  std::vector<Error> doubts;
  const std::vector<Error> faults = records::ExpandLogFormats(&set, &doubts);
  if (!faults.empty()) {
    FUZZ_CHECK(faults[0].where.starts_with("f.yaml:1:"));
    return 0;
  }
  const records::CompileOutcome compiled = records::CompileRules(set, {});
  FUZZ_CHECK(compiled.faults.empty());
  records::Matcher matcher(compiled.program);
  records::Record record;
  const records::Outcome outcome = matcher.Match(padded.view(), "stdin", &record);
  auto without = records::CompileRules(set, {}).program;
  // Nobody else holds it yet.
  const_cast<records::RuleProgram&>(*without).rules[0].plan.reset();
  records::Matcher slow(without);
  records::Record same;
  FUZZ_CHECK(slow.Match(padded.view(), "stdin", &same) == outcome);
  if (outcome != records::Outcome::kMatched) return 0;
  FUZZ_CHECK(records::testing::ShowFields(matcher.program(), record) ==
             records::testing::ShowFields(slow.program(), same));
  return 0;
}
