#include "records/plan_layout.h"

#include <cassert>
#include <utility>
#include <vector>

namespace parshall::records {
namespace {

// Rewrites every place that ops are named by number.
template <typename Map>
void Renumber(std::vector<PlanOp>* ops, std::vector<PlanBranches>* branches, Map map) {
  for (PlanOp& op : *ops) {
    if (op.on_fail < kFailNoMatch) op.on_fail = map(op.on_fail);
    if (op.code == OpCode::kJump) op.target = map(op.target);
  }
  // Tables of ops that were given up stay behind unused; their numbers mean nothing any more.
  std::vector<bool> done(branches->size(), false);
  for (const PlanOp& op : *ops) {
    if (op.code != OpCode::kBranch || done[op.table]) continue;
    done[op.table] = true;
    for (uint16_t& target : (*branches)[op.table]) {
      if (target < kFailNoMatch) target = map(target);
    }
  }
}

// Puts the usual way in a row: jumps to what stands nowhere else yet are left out, and what only a
// failure leads to comes last.
void LayInARow(std::vector<PlanOp>* ops, std::vector<PlanBranches>* branches) {
  constexpr uint16_t kNowhere = 0xffff;
  std::vector<PlanOp> placed;
  std::vector<uint16_t> place(ops->size(), kNowhere);
  const auto resolve = [ops](uint16_t at) {
    for (size_t hops = 0; (*ops)[at].code == OpCode::kJump && hops < ops->size(); ++hops)
      at = (*ops)[at].target;
    return at;
  };
  std::vector<uint16_t> waiting = {0};
  for (size_t next = 0; next < waiting.size(); ++next) {
    uint16_t at = resolve(waiting[next]);
    if (place[at] != kNowhere) continue;
    while (true) {
      at = resolve(at);
      if (place[at] != kNowhere) {
        PlanOp jump{.code = OpCode::kJump};
        jump.target = at;
        placed.push_back(jump);
        break;
      }
      const PlanOp& op = (*ops)[at];
      place[at] = static_cast<uint16_t>(placed.size());
      placed.push_back(op);
      if (op.on_fail < kFailNoMatch) waiting.push_back(op.on_fail);
      if (op.code == OpCode::kAccept) break;
      if (op.code == OpCode::kBranch) {
        const PlanBranches& table = (*branches)[op.table];
        for (uint16_t target : table) {
          if (target < kFailNoMatch && (waiting.empty() || waiting.back() != target))
            waiting.push_back(target);
        }
        // A branch goes on at the end of the text first, if it can: most choices are about what may
        // still follow.
        const uint16_t ahead = table[256] < kFailNoMatch ? table[256] : waiting.back();
        if (ahead < kFailNoMatch && place[resolve(ahead)] == kNowhere) {
          at = ahead;
          continue;
        }
        break;
      }
      ++at;
    }
  }
  const std::vector<PlanOp> before = std::exchange(*ops, std::move(placed));
  Renumber(ops, branches, [&](uint16_t at) {
    for (size_t hops = 0; before[at].code == OpCode::kJump && hops < before.size(); ++hops)
      at = before[at].target;
    assert(place[at] != kNowhere);  // everything that can be reached was put somewhere
    return place[at];
  });
}

// A run and the literal behind it are one op, unless something else leads to the literal.
void FuseLiterals(std::vector<PlanOp>* ops, std::vector<PlanBranches>* branches) {
  std::vector<bool> target(ops->size() + 1, false);
  Renumber(ops, branches, [&target](uint16_t at) {
    target[at] = true;
    return at;
  });
  std::vector<uint16_t> place(ops->size() + 1, 0);
  std::vector<PlanOp> fused;
  for (size_t n = 0; n < ops->size(); ++n) {
    place[n] = static_cast<uint16_t>(fused.size());
    const PlanOp& op = (*ops)[n];
    // A failed op leaves the place where it was: an alternative behind the literal would start in
    // front of the run.
    const bool fails_for_good = op.on_fail >= kFailNoMatch;
    const bool behind_run = !fused.empty() && !target[n] && op.code == OpCode::kLiteral &&
                            fails_for_good && fused.back().code >= OpCode::kRunUntil1 &&
                            fused.back().code <= OpCode::kRunUntil3 && fused.back().count == 0 &&
                            (fused.back().min == 0 || fused.back().on_fail == op.on_fail);
    if (!behind_run) {
      fused.push_back(op);
      continue;
    }
    PlanOp& run = fused.back();
    run.count = op.count;
    run.literal = op.literal;
    run.mask = op.mask;
    run.on_fail = op.on_fail;
  }
  *ops = std::move(fused);
  Renumber(ops, branches, [&place](uint16_t at) { return place[at]; });
}

}  // namespace

void LayOut(Plan* plan) {
  LayInARow(&plan->ops, &plan->branches);
  FuseLiterals(&plan->ops, &plan->branches);
}

}  // namespace parshall::records
