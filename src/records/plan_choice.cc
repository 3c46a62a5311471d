// Choices: between alternatives that the next byte tells apart, and between those that begin alike.

#include <utility>

#include "records/plan_compiler.h"

namespace parshall::records {
namespace {

// A place in the plan that is not known yet.
constexpr uint16_t kPending = 0xfffd;

PlanItems ItemsOf(const Node& branch, int group) {
  PlanItems items;
  if (group != 0) items.push_back({PlanItem::kSaveBegin, nullptr, group});
  FlattenItems(branch, &items);
  if (group != 0) items.push_back({PlanItem::kSaveEnd, nullptr, group});
  return items;
}

}  // namespace

bool PlanCompiler::Alternate(const Node& node, const First& rest, int group, PlanContext* context) {
  std::vector<const Node*> branches;
  for (const Node& child : node.children) branches.push_back(&child);
  return OneOf(branches, rest, group, context);
}

bool PlanCompiler::Optional(const Node& node, const First& rest, PlanContext* context) {
  static const Node kNothing;
  std::vector<const Node*> branches = {&node.children[0], &kNothing};
  if (!node.greedy) std::swap(branches[0], branches[1]);
  return OneOf(branches, rest, 0, context);
}

bool PlanCompiler::OneOf(const std::vector<const Node*>& branches, const First& rest, int group,
                         PlanContext* context) {
  std::vector<First> firsts;
  bool disjoint = true;
  ByteSet seen;
  bool seen_end = false;
  for (const Node* branch : branches) {
    First first = FirstOf(*branch);
    if (first.nullable) {
      first.bytes = first.bytes | rest.bytes;
      first.end = first.end || rest.end;
    }
    if (!(first.bytes & seen).Empty() || (first.end && seen_end)) disjoint = false;
    seen = seen | first.bytes;
    seen_end = seen_end || first.end;
    firsts.push_back(first);
  }
  return disjoint ? Dispatch(branches, firsts, rest, group, context)
                  : TryInOrder(branches, rest, group, context);
}

// The next byte says which alternative it must be. Exact.
bool PlanCompiler::Dispatch(const std::vector<const Node*>& branches,
                            const std::vector<First>& firsts, const First& rest, int group,
                            PlanContext* context) {
  plan_.branches.emplace_back();
  const size_t table = plan_.branches.size() - 1;
  const size_t branch_at =
      emit_.Op({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, *context);
  PlanBranches targets;
  targets.fill(context->Fail());
  std::vector<size_t> jumps;
  bool exact = context->exact;
  for (size_t n = 0; n < branches.size(); ++n) {
    for (unsigned char byte : firsts[n].bytes.Bytes()) targets[byte] = emit_.Here();
    if (firsts[n].end) targets[256] = emit_.Here();
    PlanContext own = *context;
    if (!Sequence(ItemsOf(*branches[n], group), rest, &own)) return false;
    exact = exact && own.exact;
    if (n + 1 < branches.size()) jumps.push_back(emit_.Op({.code = OpCode::kJump}, own));
    if (n == 0 && branches.size() == 2) {
      // The first op of the first alternative looks at the next byte anyway: when it fails, it is
      // the second's turn (which cannot begin with that byte, should it be a later byte that was
      // wrong).
      PlanOp& first = plan_.ops[branch_at + 1];
      const bool looks = first.code == OpCode::kLiteral || first.code == OpCode::kShape ||
                         (first.code == OpCode::kRunClass && first.min > 0) ||
                         first.code == OpCode::kRunDigits;
      if (looks && branch_at + 1 < jumps[0]) {
        first.on_fail = emit_.Here();
        PlanOp& branch = plan_.ops[branch_at];
        branch.code = OpCode::kJump;
        branch.target = static_cast<uint16_t>(branch_at + 1);
      }
    }
  }
  for (size_t jump : jumps) plan_.ops[jump].target = emit_.Here();
  plan_.branches[table] = targets;
  context->exact = exact;
  return true;
}

// Alternatives that begin alike are tried in order. One that fails exactly (its own choices were
// forced) gives way to the next; once one has succeeded and the rest fails, RE2 decides.
bool PlanCompiler::TryInOrder(const std::vector<const Node*>& branches, const First& rest,
                              int group, PlanContext* context) {
  if (slots_ >= kTrySlotsMax) return No("alternatives nested too deeply");
  const auto slot = static_cast<uint8_t>(slots_++);
  const uint16_t peek = emit_.Peek(rest);
  std::vector<size_t> jumps;
  for (size_t n = 0; n < branches.size(); ++n) {
    const bool last = n + 1 == branches.size();
    if (n == 0) {
      emit_.Op({.code = OpCode::kTry, .count = slot}, *context);
    } else {
      emit_.Op({.code = OpCode::kResume, .count = slot}, *context);
      ClearCaptures(*branches[n - 1], *context);
    }
    const PlanItems items = ItemsOf(*branches[n], group);
    if (last) {
      PlanContext own = *context;
      if (!Sequence(items, rest, &own)) return false;
      break;
    }
    // Failures inside go to the next alternative, whose place is not known yet.
    PlanContext own{.exact = true, .fail_to = kPending};
    const size_t start = plan_.ops.size();
    const size_t branch_tables = plan_.branches.size();
    if (!Sequence(items, rest, &own)) return false;
    emit_.Op({.code = OpCode::kPeek, .table = peek}, own);
    jumps.push_back(emit_.Op({.code = OpCode::kJump}, own));
    for (size_t op = start; op < plan_.ops.size(); ++op) {
      if (plan_.ops[op].on_fail == kPending) plan_.ops[op].on_fail = emit_.Here();
    }
    for (size_t table = branch_tables; table < plan_.branches.size(); ++table) {
      for (uint16_t& target : plan_.branches[table]) {
        if (target == kPending) target = emit_.Here();
      }
    }
  }
  for (size_t jump : jumps) plan_.ops[jump].target = emit_.Here();
  --slots_;
  context->exact = false;
  return true;
}

void PlanCompiler::ClearCaptures(const Node& node, const PlanContext& context) {
  if (node.kind == NodeKind::kCapture) {
    emit_.Op({.code = OpCode::kClear, .capture = static_cast<uint8_t>(node.group)}, context);
  }
  for (const Node& child : node.children) ClearCaptures(child, context);
}

}  // namespace parshall::records
