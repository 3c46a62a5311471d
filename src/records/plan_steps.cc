// From op 0, and from each op that something leads to, a row of steps is made along the usual way:
// ops succeed, and a branch goes where plan_layout.cc has put what is usual. A row follows jumps,
// so what comes behind alternatives is there once for each of them.
//
// A look at the next byte (peek, branch) costs nothing where the op behind it says what that byte
// is: when the literal '"' is there, so is what made it the next byte. Otherwise it is a step.

#include "records/plan_step.h"

#include <algorithm>
#include <bitset>
#include <utility>
#include <vector>

namespace parshall::records {
namespace {

constexpr size_t kStepsMax = 4000;
constexpr size_t kRowMax = 64;
constexpr size_t kAtEnd = 256;
using NextBytes = std::bitset<257>;

bool Contains(const std::array<unsigned char, 3>& stops, size_t count, char byte) {
  return std::find(stops.begin(), stops.begin() + static_cast<std::ptrdiff_t>(count),
                   static_cast<unsigned char>(byte)) !=
         stops.begin() + static_cast<std::ptrdiff_t>(count);
}

// One thread; makes one row of steps.
class Row {
 public:
  Row(const Plan& plan, PlanSteps* all)
      : plan_(plan), all_(*all), steps_(all->steps), begin_(steps_.size()) {}

  void Make(uint16_t op) {
    std::vector<bool> seen(plan_.ops.size(), false);
    while (true) {
      if (seen[op] || steps_.size() - begin_ > kRowMax) return Leave(op);
      seen[op] = true;
      if (!Take(op, &op)) return;
    }
  }

 private:
  using Mark = PlanStep::Mark;

  // The next op's number to `next`; false at the end of the row.
  bool Take(uint16_t at, uint16_t* next) {
    const PlanOp& op = plan_.ops[at];
    *next = static_cast<uint16_t>(at + 1);
    switch (op.code) {
      case OpCode::kLiteral:
        Literal(at);
        return true;
      case OpCode::kShape:
        return Shape(at);
      case OpCode::kRunUntil1:
      case OpCode::kRunUntil2:
      case OpCode::kRunUntil3:
        Until(at);
        return true;
      case OpCode::kRunDigits: {
        NextBytes digits;
        for (size_t byte = '0'; byte <= '9'; ++byte) digits.set(byte);
        PlanStep& step = Begin(StepCode::kDigits, at, digits);
        SetCapture(op, &step);
        return true;
      }
      case OpCode::kRunRest: {
        PlanStep& step = Begin(StepCode::kRest, at, {});
        SetCapture(op, &step);
        closed_ = true;
        return true;
      }
      case OpCode::kFind:
        return Find(at);
      case OpCode::kPeek:
      case OpCode::kBranch:
        looks_.push_back({at, 0});
        if (op.code == OpCode::kBranch) {
          const uint16_t target = Usual(at);
          looks_.back().target = target;
          if (target >= kFailNoMatch) return Leave(at), false;
          *next = target;
        }
        return true;
      case OpCode::kJump:
        *next = op.target;
        return true;
      case OpCode::kTry:
        AddMark({Mark::kSlot, op.count, 0}, at);
        closed_ = true;  // its alternative is near: what follows fails often
        return true;
      case OpCode::kSaveBegin:
        AddMark({Mark::kBegin, op.capture, 0}, at);
        return true;
      case OpCode::kSaveEnd:
        AddMark({Mark::kEnd, op.capture, 0}, at);
        return true;
      case OpCode::kClear:
        AddMark({Mark::kClear, op.capture, 0}, at);
        return true;
      case OpCode::kResume: {
        PlanStep& step = Begin(StepCode::kResume, at, {});
        step.stop[0] = op.count;
        closed_ = true;
        return true;
      }
      case OpCode::kEnd: {
        NextBytes end;
        end.set(kAtEnd);
        if (plan_.ops[*next].code != OpCode::kAccept) return Leave(at), false;
        Begin(StepCode::kMatchAtEnd, at, end);
        return false;
      }
      case OpCode::kAccept:
        Begin(StepCode::kMatch, at, {});
        return false;
      case OpCode::kRunClass:
        break;
    }
    return Leave(at), false;
  }

  // The ops go on at `op`, or where it was looked at what follows.
  void Leave(uint16_t op) {
    PlanStep step{.code = StepCode::kOp};
    step.op = looks_.empty() ? op : looks_.front().op;
    steps_.push_back(step);
  }

  // Where a branch usually goes: see LayInARow().
  uint16_t Usual(uint16_t at) const {
    const PlanBranches& table = plan_.branches[plan_.ops[at].table];
    if (table[kAtEnd] < kFailNoMatch) return table[kAtEnd];
    const auto behind = static_cast<uint16_t>(at + 1);
    if (std::find(table.begin(), table.end(), behind) != table.end()) return behind;
    const auto any =
        std::find_if(table.begin(), table.end(), [](uint16_t t) { return t < kFailNoMatch; });
    return any != table.end() ? *any : kFailUnknown;
  }

  bool Implied(const NextBytes& bytes) const {
    if (bytes.none()) return false;
    for (const Look& look : looks_) {
      const PlanOp& op = plan_.ops[look.op];
      for (size_t byte = 0; byte < bytes.size(); ++byte) {
        if (!bytes[byte]) continue;
        const bool right = op.code == OpCode::kPeek ? plan_.peeks[op.table][byte] != 0
                                                    : plan_.branches[op.table][byte] == look.target;
        if (!right) return false;
      }
    }
    return true;
  }

  // The first op of a new step, which can only succeed before one of `bytes` (none: anywhere).
  PlanStep& Begin(StepCode code, uint16_t at, const NextBytes& bytes) {
    uint16_t first = at;
    bool alone = true;
    if (!looks_.empty()) {
      if (Implied(bytes)) {
        first = looks_.front().op;
        alone = false;
      } else {
        EmitLooks();
      }
      looks_.clear();
    }
    PlanStep step{.code = code};
    step.op = first;
    // A step of one op fails as its op does: Fails() says if that is so.
    step.target = alone ? plan_.ops[at].on_fail : kFailToOps;
    steps_.push_back(step);
    closed_ = false;
    return steps_.back();
  }

  void EmitLooks() {
    for (const Look& look : looks_) {
      const PlanOp& op = plan_.ops[look.op];
      PlanStep step{.code = op.code == OpCode::kPeek ? StepCode::kPeek : StepCode::kBranch};
      step.op = look.op;
      step.table = op.table;
      step.target = look.target;
      steps_.push_back(step);
    }
  }

  PlanStep* Last() { return steps_.size() > begin_ ? &steps_.back() : nullptr; }

  // What was looked at comes first: a slot that is set again may be the one that the way back
  // needs.
  void AddMark(Mark mark, uint16_t at) {
    PlanStep* last = Last();
    const bool takes = looks_.empty() && last != nullptr &&
                       last->marks_count < PlanStep::kMarksMax && last->code != StepCode::kPeek &&
                       last->code != StepCode::kBranch;
    if (!takes) last = &Begin(StepCode::kLiteral, at, {});
    last->marks[last->marks_count++] = mark;
  }

  static uint16_t CaptureAt(uint8_t capture) {
    return static_cast<uint16_t>(capture * sizeof(Capture));
  }
  static void SetCapture(const PlanOp& op, PlanStep* step) {
    if (op.capture != kNoCapture) step->capture_at = CaptureAt(op.capture);
  }

  void Literal(uint16_t at) {
    const PlanOp& op = plan_.ops[at];
    NextBytes first;
    first.set(op.literal & 0xff);
    PlanStep* last = Last();
    const bool joins = last != nullptr && !closed_ && last->code <= StepCode::kShape &&
                       (looks_.empty() || Implied(first)) &&
                       (last->code == StepCode::kShape ? JoinShape(op, last) : Join(op, last));
    if (joins) {
      // Fails as its ops only where both go to the same verdict.
      const bool same = looks_.empty() && last->target == op.on_fail && op.on_fail >= kFailNoMatch;
      if (!same) last->target = kFailToOps;
      looks_.clear();
      return;
    }
    PlanStep& step = Begin(StepCode::kLiteral, at, first);
    Join(op, &step);
  }

  static bool Join(const PlanOp& op, PlanStep* step) {
    if (step->size + op.count > 8) return false;
    const unsigned shift = 8u * step->size;
    if (op.count > 0) {
      step->literal |= op.literal << shift;
      step->mask |= op.mask << shift;
    }
    step->size = static_cast<uint8_t>(step->size + op.count);
    MoveMarks(op.count, step);
    return true;
  }

  static void MoveMarks(uint8_t bytes, PlanStep* step) {
    for (size_t n = 0; n < step->marks_count; ++n)
      step->marks[n].back = static_cast<uint8_t>(step->marks[n].back + bytes);
  }

  // A literal behind a shape makes a longer shape.
  bool JoinShape(const PlanOp& op, PlanStep* step) {
    PlanShape shape = all_.shapes[step->table];
    if (shape.size + op.count > shape.literal.size()) return false;
    for (size_t n = 0; n < op.count; ++n) {
      shape.need[shape.size] = 0;
      shape.literal[shape.size++] = static_cast<uint8_t>(op.literal >> (8 * n));
    }
    shape.care = static_cast<uint32_t>((uint64_t{1} << shape.size) - 1);
    step->table = static_cast<uint16_t>(all_.shapes.size());
    step->size = shape.size;
    all_.shapes.push_back(shape);
    MoveMarks(op.count, step);
    return true;
  }

  bool Shape(uint16_t at) {
    const PlanShape shape = plan_.shapes[plan_.ops[at].table];
    NextBytes first;
    for (size_t byte = 0; byte < 256; ++byte) {
      if (byte == shape.literal[0] ||
          (shape.low[byte & 15] & shape.high[byte >> 4] & shape.need[0]) != 0)
        first.set(byte);
    }
    PlanStep& step = Begin(StepCode::kShape, at, first);
    step.table = plan_.ops[at].table;
    step.size = shape.size;
    // One group that begins and ends in it is its capture; the places of others are marks.
    for (size_t n = 0; n < shape.saves_count; ++n) {
      const PlanShape::Save& save = shape.saves[n];
      const bool whole = step.capture_at == 0 && !save.end && n + 1 < shape.saves_count &&
                         shape.saves[n + 1].end && shape.saves[n + 1].capture == save.capture;
      if (whole) {
        step.capture_at = CaptureAt(save.capture);
        step.stop[0] = save.offset;
        step.stop[1] = shape.saves[++n].offset;
        continue;
      }
      if (step.marks_count == PlanStep::kMarksMax) {
        // With what was looked at before it: the step takes the place of both.
        const uint16_t from = step.op;
        step = {.code = StepCode::kOp};
        step.op = from;
        return false;
      }
      step.marks[step.marks_count++] = {save.end ? Mark::kEnd : Mark::kBegin, save.capture,
                                        static_cast<uint8_t>(shape.size - save.offset)};
    }
    return true;
  }

  void Until(uint16_t at) {
    const PlanOp& op = plan_.ops[at];
    const auto stops = static_cast<size_t>(op.code) - static_cast<size_t>(OpCode::kRunUntil1);
    if (op.count == 0 && plan_.ops[at + 1u].code == OpCode::kEnd) {
      PlanStep& step = Begin(StepCode::kToEnd, at, {});
      step.stop.fill(op.stop[0]);
      std::copy_n(op.stop.begin(), stops + 1, step.stop.begin());
      step.min = op.min;
      SetCapture(op, &step);
      closed_ = true;
      return;
    }
    const bool word = op.min > 0 || Contains(op.stop, stops + 1, ' ');
    const StepCode base = word ? StepCode::kWord1 : StepCode::kUntil1;
    PlanStep& step = Begin(static_cast<StepCode>(static_cast<size_t>(base) + stops), at, {});
    step.stop = op.stop;
    step.min = op.min;
    SetCapture(op, &step);
    Join(op, &step);
  }

  bool Find(uint16_t at) {
    const PlanOp& op = plan_.ops[at];
    std::vector<unsigned char> outside;
    for (size_t byte = 0; byte < 256; ++byte) {
      if (!plan_.classes[op.table][byte]) outside.push_back(static_cast<unsigned char>(byte));
    }
    if (op.min != 0 || outside.size() > 2) return Leave(at), false;
    const StepCode code =
        op.count == 1
            ? StepCode::kFindByte
            : static_cast<StepCode>(static_cast<size_t>(StepCode::kFind0) + outside.size());
    PlanStep& step = Begin(code, at, {});
    if (op.count == 1) step.stop.fill(static_cast<unsigned char>(op.literal));
    std::copy(outside.begin(), outside.end(), step.stop.begin() + (op.count == 1 ? 1 : 0));
    SetCapture(op, &step);
    step.size = op.count;
    step.literal = op.literal;
    step.mask = op.mask;
    step.target = kFailToOps;
    closed_ = true;
    return true;
  }

  // A branch or a peek on the way, and where it must lead.
  struct Look {
    uint16_t op = 0;
    uint16_t target = 0;
  };

  const Plan& plan_;
  PlanSteps& all_;
  std::vector<PlanStep>& steps_;
  const size_t begin_;
  std::vector<Look> looks_;
  bool closed_ = true;  // nothing is added to the last step
};

std::vector<bool> LedTo(const Plan& plan) {
  std::vector<bool> led(plan.ops.size(), false);
  led[0] = true;
  for (const PlanOp& op : plan.ops) {
    if (op.on_fail < kFailNoMatch) led[op.on_fail] = true;
    if (op.code == OpCode::kJump) led[op.target] = true;
    if (op.code != OpCode::kBranch) continue;
    for (const uint16_t target : plan.branches[op.table]) {
      if (target < kFailNoMatch) led[target] = true;
    }
  }
  return led;
}

}  // namespace

void MakeSteps(Plan* plan) {
  auto all = std::make_shared<PlanSteps>();
  all->shapes = plan->shapes;
  const std::vector<bool> led = LedTo(*plan);
  all->step_of.assign(plan->ops.size(), PlanSteps::kNone);
  for (uint16_t op = 0; op < plan->ops.size() && all->steps.size() < kStepsMax; ++op) {
    if (!led[op]) continue;
    const auto first = static_cast<uint16_t>(all->steps.size());
    Row(*plan, all.get()).Make(op);
    // A row that goes to the ops at once is none.
    if (op == 0 || all->steps[first].code != StepCode::kOp) all->step_of[op] = first;
  }
  LinkSteps(all.get());
  if (!plan->optional_groups.empty()) {
    const auto [low, high] =
        std::minmax_element(plan->optional_groups.begin(), plan->optional_groups.end());
    all->optional_begin = *low;
    all->optional_end = static_cast<uint8_t>(*high + 1);
  }
  plan->steps = std::move(all);
}

}  // namespace parshall::records
