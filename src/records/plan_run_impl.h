// The plan interpreter, written once and compiled twice: plan_run_baseline.cc (any
// x86-64, or plain C++ elsewhere) and plan_run_avx2.cc, which defines PARSHALL_AVX2 and is built
// with -mavx2. Everything is in an unnamed namespace: no function of one may be linked into the
// other.
//
// Two interpreters take turns: that of the steps goes the usual way, and leaves it to that of the
// ops (plan_ops_impl.h) when a step fails; that of the ops goes back to steps wherever some begin.

#include <cstdint>
#include <cstring>
#include <iterator>

#include "records/plan.h"
#include "records/plan_ops_impl.h"
#include "records/plan_scan_impl.h"
#include "records/plan_step.h"

namespace parshall::records {
namespace {

inline void Note(const PlanStep& step, const char* place, const char** slots, Capture* captures) {
  for (size_t n = 0; n < step.marks_count; ++n) {
    const PlanStep::Mark mark = step.marks[n];
    const char* const at = place - mark.back;
    switch (mark.kind) {
      case PlanStep::Mark::kSlot:
        slots[mark.index] = at;
        break;
      case PlanStep::Mark::kBegin:
        captures[mark.index].begin = at;
        break;
      case PlanStep::Mark::kEnd:
        captures[mark.index].end = at;
        break;
      case PlanStep::Mark::kClear:
        captures[mark.index] = {nullptr, nullptr};
        break;
    }
  }
}

inline void Keep(const PlanStep& step, const char* begin, const char* end, Capture* captures) {
  auto* const capture =
      reinterpret_cast<Capture*>(reinterpret_cast<char*>(captures) + step.capture_at);
  capture->begin = begin;
  capture->end = end;
}

// What the steps are interpreted with: each goes on to the next with a jump of its own, which the
// processor foretells better than one jump for all of them (a tenth of a plan's time). Labels as
// values are an extension that g++ and clang have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#define PARSHALL_NEXT()                          \
  do {                                           \
    ++step;                                      \
    goto* kWay[static_cast<size_t>(step->code)]; \
  } while (false)
#define PARSHALL_TAKEN()                               \
  do {                                                 \
    const auto then = static_cast<size_t>(step->then); \
    at = next;                                         \
    ++step;                                            \
    goto* kWay[then];                                  \
  } while (false)
// Behind a run that ended at `next`: the literal, and the capture. A stop behind the end is none,
// whatever stands there.
#define PARSHALL_RUN()                                                                    \
  do {                                                                                    \
    const char* const run_end = next;                                                     \
    next += step->size;                                                                   \
    if (next > end || ((Load64(run_end) ^ step->literal) & step->mask) != 0) goto failed; \
    Keep(*step, at, run_end, captures);                                                   \
    PARSHALL_TAKEN();                                                                     \
  } while (false)
#define PARSHALL_LAST()                                                           \
  do {                                                                            \
    const char* const run_end = next;                                             \
    if (next > end || next + step->size != end ||                                 \
        ((Load64(run_end) ^ step->literal) & step->mask) != 0) {                  \
      goto* kWay[static_cast<size_t>(step->scan)];                                \
    }                                                                             \
    Keep(*step, at, end - step->size, captures); /* does not wait for the scan */ \
    next = end;                                                                   \
    PARSHALL_TAKEN();                                                             \
  } while (false)
#define PARSHALL_WORD()                                            \
  do {                                                             \
    if (static_cast<uint64_t>(next - at) < step->min) goto failed; \
    PARSHALL_RUN();                                                \
  } while (false)

inline PlanVerdict RunPlanImpl(const Plan& plan, const char* const begin, const char* const end,
                               Capture* captures) {
  static constexpr const void* const kWay[] = {
      // by StepCode
      &&literal,   &&word1,  &&word2, &&word3,  &&until1,       &&until2,    &&until3,
      &&digits,    &&shape,  &&find,  &&find0,  &&find1,        &&find2,     &&rest,
      &&to_end,    &&resume, &&peek,  &&branch, &&match_at_end, &&match,     &&failed,
      &&digit_row, &&dash,   &&last1, &&last2,  &&last3,        &&note_slot, &&note};
  static_assert(std::size(kWay) == kStepCodes);
  const PlanSteps& all = *plan.steps;
  const PlanShape* const shapes = all.shapes.data();
  const PlanStep* step = all.steps.data();
  const char* slots[kTrySlotsMax];
  for (Capture *group = captures + all.optional_begin, *last = captures + all.optional_end;
       group < last; ++group) {
    *group = {nullptr, nullptr};
  }
  const char* at = begin;
  const char* next = begin;  // where the step ends; or where its run does
  goto* kWay[static_cast<size_t>(step->code)];

word1:
  next = ScanPast<1, true>(at, end, step->stop.data());
  PARSHALL_WORD();
word2:
  next = ScanPast<2, true>(at, end, step->stop.data());
  PARSHALL_WORD();
word3:
  next = ScanPast<3, true>(at, end, step->stop.data());
  PARSHALL_WORD();
until1:
  next = ScanPast<1, false>(at, end, step->stop.data());
  PARSHALL_RUN();
until2:
  next = ScanPast<2, false>(at, end, step->stop.data());
  PARSHALL_RUN();
until3:
  next = ScanPast<3, false>(at, end, step->stop.data());
  PARSHALL_RUN();
digits:
  next = ScanDigitsPast(at, end);
  PARSHALL_RUN();
literal:
  next = at + step->size;
  if (next > end || ((Load64(at) ^ step->literal) & step->mask) != 0) goto failed;
  PARSHALL_TAKEN();
shape:
  next = at + step->size;
  if (next > end || !HasShape(shapes[step->table], at)) goto failed;
  Keep(*step, at + step->stop[0], at + step->stop[1], captures);
  PARSHALL_TAKEN();
dash:
  // Where "-" is foretold, what comes behind need not wait for a scan.
  next = at + 1;
  if (*at != '-' || ((Load64(next) ^ step->literal) & step->mask) != 0 || next + step->size > end)
    goto* kWay[static_cast<size_t>(step->scan)];
  Keep(*step, at, next, captures);
  next += step->consumed;
  PARSHALL_TAKEN();
// The end of the text says where the run ends, and the scan only has to agree: nothing waits for
// it.
last1:
  next = ScanPast<1, false>(at, end, step->stop.data());
  PARSHALL_LAST();
last2:
  next = ScanPast<2, false>(at, end, step->stop.data());
  PARSHALL_LAST();
last3:
  next = ScanPast<3, false>(at, end, step->stop.data());
  PARSHALL_LAST();
digit_row:
  next = at + step->size;
  if (next > end || !DigitRowAt(at, *step)) goto failed;
  Keep(*step, at + step->stop[0], at + step->stop[1], captures);
  PARSHALL_TAKEN();
find:
  next = ScanPast<3, false>(at, end, step->stop.data());
  goto found;
find0:
  next = ScanPair<0>(at, end, *step);
  goto found;
find1:
  next = ScanPair<1>(at, end, *step);
  goto found;
find2:
  next = ScanPair<2>(at, end, *step);
found:
  if (next + step->size > end || ((Load64(next) ^ step->literal) & step->mask) != 0) goto failed;
  Keep(*step, at, next, captures);
  PARSHALL_TAKEN();
rest:
  Keep(*step, at, end, captures);
  next = end;
  PARSHALL_TAKEN();
to_end:
  // What stands behind the end is not looked at: a stop there is none.
  next = ScanPast<3, true>(at, end, step->stop.data());
  if (next < end || static_cast<uint64_t>(end - at) < step->min) goto failed;
  Keep(*step, at, end, captures);
  next = end;
  PARSHALL_TAKEN();
resume:
  next = slots[step->stop[0]];
  PARSHALL_TAKEN();
peek:
  if (!plan.peeks[step->table][NextByte(at, end)]) goto failed;
  PARSHALL_NEXT();
branch:
  if (plan.branches[step->table][NextByte(at, end)] != step->target) goto failed;
  PARSHALL_NEXT();
note_slot : {
  const PlanStep::Mark mark = step[-1].marks[0];
  slots[mark.index] = at - mark.back;
  goto* kWay[static_cast<size_t>(step->code)];
}
note:
  Note(step[-1], at, slots, captures);
  goto* kWay[static_cast<size_t>(step->code)];
match_at_end:
  if (at != end) goto failed;
match:
  return PlanVerdict::kMatch;

failed:
  if (step->on_fail < kFailToOps) {
    step = all.steps.data() + step->on_fail;
    goto* kWay[static_cast<size_t>(step->code)];
  }
  if (step->on_fail != kFailToOps) return VerdictOf(step->on_fail);
  const char* place = at;
  PlanVerdict verdict;
  step = RunOps(plan, plan.ops.data() + step->op, &place, end, slots, captures, &verdict);
  if (step == nullptr) return verdict;
  at = place;
  goto* kWay[static_cast<size_t>(step->code)];
}
#undef PARSHALL_WORD
#undef PARSHALL_LAST
#undef PARSHALL_RUN
#undef PARSHALL_TAKEN
#undef PARSHALL_NEXT
#pragma GCC diagnostic pop

}  // namespace
}  // namespace parshall::records
