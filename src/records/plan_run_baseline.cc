#include "records/plan_run_impl.h"

namespace parshall::records {

extern const bool kAvx2Built;  // plan_run_avx2.cc

PlanVerdict RunPlanBaseline(const Plan& plan, const char* begin, const char* end,
                            Capture* captures) {
  return RunPlanImpl(plan, begin, end, captures);
}

bool HasAvx2() {
#if defined(__x86_64__)
  return kAvx2Built && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("popcnt") != 0;
#else
  return false;
#endif
}

bool HasAvx512() {
#if defined(__x86_64__)
  return HasAvx2() && __builtin_cpu_supports("avx512bw") != 0;
#else
  return false;
#endif
}

PlanRunner BestPlanRunner() { return HasAvx2() ? RunPlanAvx2 : RunPlanBaseline; }

PlanVerdict RunPlan(const Plan& plan, const char* begin, const char* end, Capture* captures) {
  static const PlanRunner run = BestPlanRunner();
  return run(plan, begin, end, captures);
}

}  // namespace parshall::records
