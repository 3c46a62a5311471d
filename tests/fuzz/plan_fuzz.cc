// An expression, '\n', and a line (which may have more of them): plan and RE2 must agree.

#include <string>

#include "records/plan.h"
#include "records/regex.h"
#include "tests/fuzz/fuzz.h"
#include "tests/records/kit.h"

using namespace parshall;
using records::testing::ShowCaptures;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz::TextOf(data, size);
  const size_t newline = input.find('\n');
  if (newline == std::string_view::npos || newline > 300) return 0;
  const std::string expression(input.substr(0, newline));
  const auto regex = records::Regex::Compile(expression, "fuzz");
  if (!regex.ok()) {
    FUZZ_CHECK(!regex.error().what.empty());
    return 0;
  }
  const records::testing::Padded line(input.substr(newline + 1));
  (*regex)->HowFar(line.view());
  if (!(*regex)->tree()) return 0;
  const int groups = (*regex)->groups();
  records::Capture by_plan[records::kCapturesMax];
  records::Capture by_avx2[records::kCapturesMax];
  records::Capture by_re2[records::kCapturesMax];
  std::string why_not;
  const auto plan = records::CompilePlan(*(*regex)->tree(), groups, &why_not);
  const bool matched = (*regex)->Match(line.view(), by_re2);
  FUZZ_CHECK(matched == (*regex)->Test(line.view()));
  if (!plan) {
    FUZZ_CHECK(!why_not.empty());
    return 0;
  }
  plan->ToString();
  const records::PlanVerdict verdict =
      records::RunPlanBaseline(*plan, line.begin(), line.end(), by_plan);
  if (records::HasAvx2()) {
    FUZZ_CHECK(records::RunPlanAvx2(*plan, line.begin(), line.end(), by_avx2) == verdict);
    if (verdict == records::PlanVerdict::kMatch)
      FUZZ_CHECK(ShowCaptures(by_avx2, groups) == ShowCaptures(by_plan, groups));
  }
  switch (verdict) {
    case records::PlanVerdict::kMatch:
      FUZZ_CHECK(matched);
      FUZZ_CHECK(ShowCaptures(by_plan, groups) == ShowCaptures(by_re2, groups));
      break;
    case records::PlanVerdict::kNoMatch:
      FUZZ_CHECK(!matched);
      break;
    case records::PlanVerdict::kUnknown:
      break;
  }
  return 0;
}
