#pragma once
// The interpreter of a plan's ops, of plan_run_impl.h: it says what a plan means, and goes on where
// a step failed.

#include <cstdint>
#include <cstring>

#include "records/plan.h"
#include "records/plan_scan_impl.h"
#include "records/plan_step.h"

namespace parshall::records {
namespace {

inline size_t NextByte(const char* at, const char* end) {
  return at < end ? static_cast<size_t>(static_cast<unsigned char>(*at)) : size_t{256};
}

// A lazy run: the nearest place at or behind `at` where the literal stands, all bytes before it in
// the class. Null when there is none.
inline const char* FindLiteral(const PlanOp& op, const PlanClass& allowed, const char* at,
                               const char* end) {
  for (uint32_t n = 0; n < op.min; ++n, ++at) {
    if (at >= end || !allowed[static_cast<unsigned char>(*at)]) return nullptr;
  }
  const bool vectored = op.max != 0;
  while (true) {
    if (vectored) {
      at = ScanUntil<3>(at, end, op.stop.data());
    } else {
      while (at < end && static_cast<unsigned char>(*at) != op.stop[0] &&
             allowed[static_cast<unsigned char>(*at)]) {
        ++at;
      }
    }
    if (at >= end) return nullptr;
    if (static_cast<unsigned char>(*at) == op.stop[0] && end - at >= op.count &&
        ((Load64(at) ^ op.literal) & op.mask) == 0) {
      return at;
    }
    if (!allowed[static_cast<unsigned char>(*at)]) return nullptr;
    ++at;
  }
}

// A run up to a stop byte, and the literal that was fused to it. On failure the place stays where
// it was.
template <int kStops>
inline bool RunUntil(const PlanOp& op, const char* end, const char** place, Capture* captures) {
  const char* const at = *place;
  const char* const stop = ScanUntil<kStops>(at, end, op.stop.data());
  if (static_cast<uint64_t>(stop - at) < op.min) return false;
  if (end - stop < op.count || ((Load64(stop) ^ op.literal) & op.mask) != 0) return false;
  if (op.capture != kNoCapture) captures[op.capture] = {at, stop};
  *place = stop + op.count;
  return true;
}

inline PlanVerdict VerdictOf(uint16_t on_fail) {
  return on_fail == kFailNoMatch ? PlanVerdict::kNoMatch : PlanVerdict::kUnknown;
}

// Runs ops from `op` on, up to where steps go on; null: `verdict` is what it came to.
[[gnu::noinline]] const PlanStep* RunOps(const Plan& plan, const PlanOp* op, const char** place,
                                         const char* const end, const char** slots,
                                         Capture* captures, PlanVerdict* verdict) {
  const PlanOp* const ops = plan.ops.data();
  const char* at = *place;
  while (true) {
    switch (op->code) {
      case OpCode::kLiteral:
        if (end - at < op->count || ((Load64(at) ^ op->literal) & op->mask) != 0) break;
        at += op->count;
        ++op;
        continue;
      case OpCode::kShape: {
        const PlanShape& shape = plan.shapes[op->table];
        if (end - at < shape.size || !HasShape(shape, at)) break;
        for (size_t n = 0; n < shape.saves_count; ++n) {
          const PlanShape::Save& save = shape.saves[n];
          const char* const saved = at + save.offset;
          if (save.end) {
            captures[save.capture].end = saved;
          } else {
            captures[save.capture].begin = saved;
          }
        }
        at += shape.size;
        ++op;
        continue;
      }
      case OpCode::kRunUntil1:
        if (!RunUntil<1>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunUntil2:
        if (!RunUntil<2>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunUntil3:
        if (!RunUntil<3>(*op, end, &at, captures)) break;
        ++op;
        continue;
      case OpCode::kRunRest:
        if (op->capture != kNoCapture) captures[op->capture] = {at, end};
        at = end;
        ++op;
        continue;
      case OpCode::kRunDigits: {
        const char* const stop = ScanDigits(at, end);
        if (stop == at) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, stop};
        at = stop;
        ++op;
        continue;
      }
      case OpCode::kRunClass: {
        const PlanClass& allowed = plan.classes[op->table];
        const char* limit = static_cast<uint64_t>(end - at) > op->max ? at + op->max : end;
        const char* stop = at;
        while (stop < limit && allowed[static_cast<unsigned char>(*stop)]) ++stop;
        if (static_cast<uint64_t>(stop - at) < op->min) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, stop};
        at = stop;
        ++op;
        continue;
      }
      case OpCode::kFind: {
        const char* found = FindLiteral(*op, plan.classes[op->table], at, end);
        if (found == nullptr) break;
        if (op->capture != kNoCapture) captures[op->capture] = {at, found};
        at = found;
        ++op;
        continue;
      }
      case OpCode::kBranch: {
        const uint16_t target = plan.branches[op->table][NextByte(at, end)];
        if (target >= kFailNoMatch) {
          *verdict = VerdictOf(target);
          return nullptr;
        }
        op = ops + target;
        goto led;
      }
      case OpCode::kTry:
        slots[op->count] = at;
        ++op;
        continue;
      case OpCode::kResume:
        at = slots[op->count];
        ++op;
        continue;
      case OpCode::kPeek:
        if (!plan.peeks[op->table][NextByte(at, end)]) break;
        ++op;
        continue;
      case OpCode::kJump:
        op = ops + op->target;
        goto led;
      case OpCode::kSaveBegin:
        captures[op->capture].begin = at;
        ++op;
        continue;
      case OpCode::kSaveEnd:
        captures[op->capture].end = at;
        ++op;
        continue;
      case OpCode::kClear:
        captures[op->capture] = {nullptr, nullptr};
        ++op;
        continue;
      case OpCode::kEnd:
        if (at != end) break;
        ++op;
        continue;
      case OpCode::kAccept:
        *verdict = PlanVerdict::kMatch;
        return nullptr;
    }
    // The op failed.
    if (op->on_fail >= kFailNoMatch) {
      *verdict = VerdictOf(op->on_fail);
      return nullptr;
    }
    op = ops + op->on_fail;
  led:
    // Something led here; the usual way from here on may be there as steps.
    const uint16_t step = plan.steps->step_of[static_cast<size_t>(op - ops)];
    if (step == PlanSteps::kNone) continue;
    *place = at;
    return plan.steps->steps.data() + step;
  }
}

}  // namespace
}  // namespace parshall::records
