// What can be said of steps once all of them are there: which of them have a shorter form, and
// where each goes on.

#include <algorithm>
#include <utility>

#include "records/plan_step.h"

namespace parshall::records {
namespace {

// Until here `target` said where the only op of a step fails to.
void Fails(PlanSteps* all) {
  for (PlanStep& step : all->steps) {
    if (step.code == StepCode::kBranch) continue;
    const uint16_t to = std::exchange(step.target, uint16_t{0});
    // A run without a literal behind it may go on to the end of the text, where the step does not
    // look; a number may have more digits than the step looks at.
    const bool exact =
        step.code == StepCode::kShape || (step.size > 0 && step.code != StepCode::kDigits);
    if (!exact || step.code > StepCode::kShape || to == kFailToOps) continue;
    if (to >= kFailNoMatch) {
      step.on_fail = to;
    } else if (all->step_of[to] != PlanSteps::kNone) {
      step.on_fail = all->step_of[to];
    }
  }
}

// A shape of at most eight bytes, each a digit or a literal: looked at as one word.
void TellDigitRow(const PlanShape& shape, PlanStep* step) {
  if (shape.size > sizeof(uint64_t)) return;
  uint64_t literal = 0;
  uint64_t over = 0;
  uint64_t mask = 0;
  for (size_t n = 0; n < shape.size; ++n) {
    unsigned in_class = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool in = (shape.low[byte & 15] & shape.high[byte >> 4] & shape.need[n]) != 0;
      if (in != (byte >= '0' && byte <= '9') && shape.need[n] != 0) return;
      in_class += in ? 1 : 0;
    }
    const bool digit = in_class != 0;
    const unsigned shift = static_cast<unsigned>(8 * n);
    literal |= uint64_t{digit ? unsigned{'0'} : unsigned{shape.literal[n]}} << shift;
    over |= uint64_t{digit ? 0x7fu - 9 : 0x7fu} << shift;
    mask |= uint64_t{0x80} << shift;
  }
  step->code = StepCode::kDigitRow;
  step->literal = literal;
  step->min = over;
  step->mask = mask;
}

// A run up to a stop, or to the nearest place of a text, which may be "-" and then ends at its
// literal. Not where a run mostly is long.
void TellDash(PlanStep* step) {
  const auto stops_at = [step](size_t count, char byte) {
    const auto end = step->stop.begin() + static_cast<std::ptrdiff_t>(count);
    return std::find(step->stop.begin(), end, static_cast<unsigned char>(byte)) != end;
  };
  const char behind = static_cast<char>(step->literal);
  if (step->size == 0 || (step->mask & 0xff) != 0xff || stops_at(step->stop.size(), '-')) return;
  switch (step->code) {
    case StepCode::kWord1:
    case StepCode::kWord2:
    case StepCode::kWord3: {
      const auto more = static_cast<size_t>(step->code) - static_cast<size_t>(StepCode::kWord1);
      if (step->min > 1 || !stops_at(more + 1, behind)) return;
      step->consumed = step->size;
      break;
    }
    case StepCode::kFind0:
    case StepCode::kFind1:
    case StepCode::kFind2:
      if (behind == '-') return;
      break;
    default:
      return;
  }
  step->scan = step->code;
  step->code = StepCode::kDash;
}

// A run with the last literal of the text behind it.
void TellLast(const PlanStep& next, PlanStep* step) {
  if (next.code != StepCode::kMatchAtEnd || step->size == 0) return;
  if (step->code < StepCode::kUntil1 || step->code > StepCode::kUntil3) return;
  const auto more = static_cast<size_t>(step->code) - static_cast<size_t>(StepCode::kUntil1);
  step->scan = step->code;
  step->code = static_cast<StepCode>(static_cast<size_t>(StepCode::kLast1) + more);
}

StepCode Then(const PlanStep& step, const PlanStep& next) {
  if (step.marks_count == 0) return next.code;
  const bool slot = step.marks_count == 1 && step.marks[0].kind == PlanStep::Mark::kSlot;
  return slot ? StepCode::kNoteSlot : StepCode::kNote;
}

}  // namespace

void LinkSteps(PlanSteps* all) {
  Fails(all);
  for (PlanStep& step : all->steps) {
    if (step.code == StepCode::kShape) TellDigitRow(all->shapes[step.table], &step);
    if (&step != &all->steps.front()) TellDash(&step);  // lines seldom begin with "-"
  }
  for (size_t n = 0; n + 1 < all->steps.size(); ++n) {
    TellLast(all->steps[n + 1], &all->steps[n]);
  }
  for (size_t n = 0; n + 1 < all->steps.size(); ++n) {
    all->steps[n].then = Then(all->steps[n], all->steps[n + 1]);
  }
}

}  // namespace parshall::records
