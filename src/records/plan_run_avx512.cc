// Built with -mavx512bw on x86-64 (src/CMakeLists.txt); elsewhere the same as the baseline and
// never chosen. Most fields of a line fit into one vector, which saves the mispredicted loop ends.
#if defined(__AVX512BW__)
#define PARSHALL_AVX512 1
#endif
#include "records/plan_run_impl.h"

namespace parshall::records {

extern const bool kAvx512Built;
#if defined(PARSHALL_AVX512)
const bool kAvx512Built = true;
#else
const bool kAvx512Built = false;
#endif

PlanVerdict RunPlanAvx512(const Plan& plan, const char* begin, const char* end, Capture* captures) {
  return RunPlanImpl(plan, begin, end, captures);
}

}  // namespace parshall::records
