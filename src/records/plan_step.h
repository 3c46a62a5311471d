#pragma once
// The usual way through the ops of a plan from one of them on, in fewer and larger steps: a step is
// a run (or a shape, or a literal) and all literals and marks behind it up to the next run. A step
// that is taken has done what its ops would have done, and one that fails has done nothing: then
// the ops decide, from the step's first one on. So steps add nothing to what a plan means.

#include <array>
#include <cstdint>
#include <vector>

#include "records/plan.h"

namespace parshall::records {

enum class StepCode : uint8_t {
  kLiteral,  // only the literal, which may be empty
  kWord1,    // as kUntil1, for runs that are mostly short or must have some bytes
  kWord2,
  kWord3,
  kUntil1,  // up to stop[0]
  kUntil2,
  kUntil3,
  kDigits,
  kShape,     // shapes[table]; the capture is [stop[0], stop[1]) of it
  kFindByte,  // to the literal, which is one byte and not consumed, over any bytes but `stop`s
  kFind0,     // to the literal, of two bytes and more, over any bytes
  kFind1,     // over any bytes but stop[0]
  kFind2,
  kRest,
  kToEnd,       // to the end of the text, over any bytes but `stop`s, and there are `min` of them
  kResume,      // back to the place in slot stop[0]
  kPeek,        // as OpCode::kPeek
  kBranch,      // the next byte's place in branches[table] is `target`
  kMatchAtEnd,  // OpCode::kEnd, then kAccept
  kMatch,
  kOp,  // the ops go on from here
  // Given by LinkSteps():
  kDigitRow,  // a shape of up to eight digits and literals: see DigitRowAt()
  kDash,      // the step `scan`, whose run mostly is "-" alone: that is looked at first
  kLast1,     // a kUntil1 whose literal mostly stands at the end of the text
  kLast2,
  kLast3,
  kNoteSlot,  // no step of its own: notes the one mark of the step before, which is a slot
  kNote,      // likewise: its marks
};
inline constexpr size_t kStepCodes = static_cast<size_t>(StepCode::kNote) + 1;

// Where a failed step goes: to a step; to a verdict, as ops do; or to its ops.
inline constexpr uint16_t kFailToOps = 0xfffd;

struct alignas(64) PlanStep {
  StepCode code = StepCode::kOp;
  uint8_t size = 0;         // bytes of the literal that stands behind the run
  uint16_t capture_at = 0;  // of the run: its byte offset in the captures; 0: nobody asks for it
  std::array<unsigned char, 3> stop{};
  uint8_t marks_count = 0;
  uint16_t on_fail = kFailToOps;
  uint16_t op = 0;  // the first of its ops
  uint16_t table = 0;
  uint16_t target = 0;
  uint64_t min = 0;  // bytes of a kWord…; of a kDigitRow: what each byte may not reach 0x80 with
  uint64_t literal = 0;
  uint64_t mask = 0;
  // Places that are noted once the step is taken, counted back from where it ends.
  struct Mark {
    enum Kind : uint8_t { kSlot, kBegin, kEnd, kClear } kind = kSlot;
    uint8_t index = 0;
    uint8_t back = 0;
  };
  static constexpr size_t kMarksMax = 5;
  std::array<Mark, kMarksMax> marks{};
  StepCode then = StepCode::kOp;  // the next step's code, or kNote… before it
  StepCode scan = StepCode::kOp;  // of a kDash or kLast…: what it is otherwise
  uint8_t consumed = 0;           // of a kDash: how many bytes of the literal are left behind
};

// Immutable after compiling. Any thread.
struct PlanSteps {
  static constexpr uint16_t kNone = 0xffff;
  std::vector<PlanStep> steps;    // never empty; begins with op 0
  std::vector<PlanShape> shapes;  // of the steps
  std::vector<uint16_t> step_of;  // by op: the step that begins with it, or kNone
  // Groups that a match may leave out are among captures[optional_begin … optional_end).
  uint8_t optional_begin = 0;
  uint8_t optional_end = 0;
};

// plan->steps out of its ops, which stay as they are.
void MakeSteps(Plan* plan);
// The last of that: what depends on all steps. Until here `target` says where the only op of a step
// fails to.
void LinkSteps(PlanSteps* all);

}  // namespace parshall::records
