// Built with -mavx2 on x86-64 (src/CMakeLists.txt); elsewhere the same as the baseline and never
// chosen.
#if defined(__AVX2__)
#define PARSHALL_AVX2 1
#endif
#include "records/plan_run_impl.h"

namespace parshall::records {

#if defined(PARSHALL_AVX2)
extern const bool kAvx2Built;
const bool kAvx2Built = true;
#else
extern const bool kAvx2Built;
const bool kAvx2Built = false;
#endif

PlanVerdict RunPlanAvx2(const Plan& plan, const char* begin, const char* end, Capture* captures) {
  return RunPlanImpl(plan, begin, end, captures);
}

}  // namespace parshall::records
