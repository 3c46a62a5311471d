// A line through the shipped rules: plans agree with RE2, its record is one line of valid JSON in
// both schemas, and how the records before it looked changes nothing of it.

#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/utf8.h"
#include "lines/unwrap.h"
#include "sinks/record_json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/records/kit.h"

using namespace parshall;
using records::testing::ShowCaptures;

namespace {

void HoldAgainstRe2(const records::CompiledRule& rule, const records::testing::Padded& line) {
  const int groups = rule.regex->groups();
  records::Capture by_plan[records::kCapturesMax];
  records::Capture by_re2[records::kCapturesMax];
  const records::PlanVerdict verdict =
      records::RunPlan(*rule.plan, line.begin(), line.end(), by_plan);
  if (verdict == records::PlanVerdict::kUnknown) return;
  const bool matched = rule.regex->Match(line.view(), by_re2);
  FUZZ_CHECK(matched == (verdict == records::PlanVerdict::kMatch));
  if (matched) FUZZ_CHECK(ShowCaptures(by_plan, groups) == ShowCaptures(by_re2, groups));
}

void CheckRecord(const Buffer& out) {
  const std::string_view text = out.view();
  FUZZ_CHECK(!text.empty() && text.find('\n') == text.size() - 1);
  FUZZ_CHECK(IsValidUtf8(text));
  try {
    FUZZ_CHECK(nlohmann::json::parse(text).is_object());
  } catch (const nlohmann::json::exception& error) {
    // A number beyond a double is valid JSON and is passed on as it came.
    if (error.id != 406) {
      std::fprintf(stderr, "%s\n%.*s", error.what(), static_cast<int>(text.size()), text.data());
      std::abort();
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const program = new std::shared_ptr<const records::RuleProgram>(
      records::testing::Compiled(records::testing::ShippedRules(),
                                 {"method", "status", "size", "duration", "logger", "level"}));
  static auto* const matcher = new records::Matcher(*program);
  static auto* const json = new sinks::RecordJson(*program);
  static auto* const ecs = new sinks::RecordJson(*program, sinks::Schema::kEcs);
  sinks::RecordJson fresh(*program);  // has seen no shape
  static auto* const unwrapper = new lines::Unwrapper();

  const records::testing::Padded line(fuzz::TextOf(data, size));
  for (const records::CompiledRule& rule : (*program)->rules) {
    if (rule.plan) HoldAgainstRe2(rule, line);
  }
  lines::Unwrapped unwrapped;
  std::string_view text = line.view();
  sinks::RecordContext context;
  if (unwrapper->Unwrap(text, &unwrapped)) {
    text = unwrapped.payload;
    context.envelope = unwrapped.fields();
  }
  records::Record record;
  const records::Outcome outcome = matcher->Match(text, "stdin", &record);
  const bool matched =
      outcome == records::Outcome::kMatched || outcome == records::Outcome::kRejected;
  Buffer outs[3];
  sinks::RecordJson* const writers[] = {json, ecs, &fresh};
  for (size_t n = 0; n < std::size(writers); ++n) {
    if (matched) {
      writers[n]->Append(record, context, &outs[n]);
    } else {
      writers[n]->AppendLine(text, "unmatched", context, &outs[n]);
    }
    CheckRecord(outs[n]);
  }
  FUZZ_CHECK(outs[0].view() == outs[2].view());
  return 0;
}
