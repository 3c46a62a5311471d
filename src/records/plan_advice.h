#pragma once
// For an expression that has no plan: how to write it so that it gets one.

#include <string_view>

namespace parshall::records {

// `why` is what CompilePlan or ParseRegexTree said is in the way. The advice is the end of a
// sentence without a full stop, a literal; every reason has one (plan_advice_test.cc looks for them
// in the sources).
std::string_view PlanAdvice(std::string_view expression, std::string_view why);

}  // namespace parshall::records
