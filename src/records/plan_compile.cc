// Expression tree → plan: the rows of items, and the two questions that others ask. The comments at
// each construct, here and in plan_choice.cc, plan_loop.cc and plan_byte_run.cc, say why the plan's
// success is RE2's match, and whether its failure is exact (nothing else could have matched) or
// must be left to RE2.

#include <algorithm>
#include <utility>

#include "records/plan.h"
#include "records/plan_compiler.h"
#include "records/plan_fixed_row.h"
#include "records/plan_layout.h"
#include "records/plan_step.h"

namespace parshall::records {
namespace {

constexpr size_t kOpsMax = 400;

bool IsRun(OpCode code) { return code >= OpCode::kRunUntil1 && code <= OpCode::kFind; }

}  // namespace

std::optional<Plan> PlanCompiler::Run(const Node& tree, std::string* why_not) {
  PlanItems items;
  FlattenItems(tree, &items);
  const auto first = std::find_if(items.begin(), items.end(), [](const PlanItem& item) {
    return item.kind == PlanItem::kNode;
  });
  if (first == items.end() || first->node->kind != NodeKind::kBegin) {
    *why_not = "the expression is not anchored at the start with ^";
    return std::nullopt;
  }
  items.erase(first);
  // Behind the expression anything may follow: it need not end with $.
  const First anything{.bytes = ByteSet::All(), .end = true};
  PlanContext context;
  if (!Sequence(items, anything, &context)) {
    *why_not = why_;
    return std::nullopt;
  }
  emit_.Op({.code = OpCode::kAccept}, context);
  OptionalGroups(tree, false);
  if (plan_.ops.size() > kOpsMax) {
    *why_not = "the expression is too long for a plan";
    return std::nullopt;
  }
  LayOut(&plan_);
  MakeSteps(&plan_);
  return std::move(plan_);
}

bool PlanCompiler::IsExact(const Node& root, size_t count) {
  PlanItems items;
  for (size_t n = 0; n < count; ++n) FlattenItems(root.children[n], &items);
  std::erase_if(items, [](const PlanItem& item) {
    return item.kind == PlanItem::kNode && item.node->kind == NodeKind::kBegin;
  });
  PlanItems others;
  for (size_t n = count; n < root.children.size(); ++n) FlattenItems(root.children[n], &others);
  const First anything{.bytes = ByteSet::All(), .end = true};
  PlanContext context;
  return Sequence(items, FirstOfItems(others, 0, anything), &context) && context.exact;
}

void PlanCompiler::OptionalGroups(const Node& node, bool optional) {
  if (node.kind == NodeKind::kCapture && optional) {
    plan_.optional_groups.push_back(static_cast<uint8_t>(node.group));
  }
  const bool choice =
      node.kind == NodeKind::kAlternate || (node.kind == NodeKind::kRepeat && node.min == 0);
  for (const Node& child : node.children) OptionalGroups(child, optional || choice);
}

bool PlanCompiler::No(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  return false;
}

bool PlanCompiler::Sequence(const PlanItems& items, const First& follow, PlanContext* context) {
  for (size_t i = 0; i < items.size();) {
    if (plan_.ops.size() > kOpsMax) return No("the expression is too long for a plan");
    const PlanItem& item = items[i];
    if (item.kind != PlanItem::kNode) {
      if (item.group >= static_cast<int>(kCapturesMax)) return No("more than 63 groups");
      if (FixedRowAt(items, i)) {
        i = EmitFixedRow(items, i, *context, &emit_);
        continue;
      }
      if (item.kind == PlanItem::kSaveBegin) {
        const size_t behind = CapturedNode(items, i, follow, context);
        if (!why_.empty()) return false;
        if (behind > i) {
          i = behind;
          continue;
        }
      }
      emit_.Save(item.kind == PlanItem::kSaveBegin, item.group, *context);
      ++i;
      continue;
    }
    const Node& node = *item.node;
    const int width = FixedWidth(node);
    if (width > 0) {
      i = EmitFixedRow(items, i, *context, &emit_);
      continue;
    }
    const First rest = FirstOfItems(items, i + 1, follow);
    switch (node.kind) {
      case NodeKind::kEnd:
        emit_.Op({.code = OpCode::kEnd}, *context);
        break;
      case NodeKind::kRepeat:
        if (!Repeat(node, rest, LiteralPrefix(items, i + 1), context)) return false;
        break;
      case NodeKind::kAlternate:
        if (!Alternate(node, rest, 0, context)) return false;
        break;
      case NodeKind::kBegin:
        return No("a ^ that is not at the start");
      default:
        return No("an unexpected construct");
    }
    ++i;
  }
  return true;
}

size_t PlanCompiler::CapturedNode(const PlanItems& items, size_t i, const First& follow,
                                  PlanContext* context) {
  if (i + 2 >= items.size() || items[i + 1].kind != PlanItem::kNode ||
      items[i + 2].kind != PlanItem::kSaveEnd) {
    return i;
  }
  const Node& node = *items[i + 1].node;
  const First rest = FirstOfItems(items, i + 3, follow);
  if (node.kind == NodeKind::kAlternate) {
    return Alternate(node, rest, items[i].group, context) ? i + 3 : i;
  }
  if (node.kind != NodeKind::kRepeat || FixedWidth(node) > 0) return i;
  const size_t before = plan_.ops.size();
  const PlanContext saved = *context;
  if (!Repeat(node, rest, LiteralPrefix(items, i + 3), context)) return i;
  if (plan_.ops.size() == before + 1 && IsRun(plan_.ops[before].code)) {
    plan_.ops[before].capture = static_cast<uint8_t>(items[i].group);
    return i + 3;
  }
  plan_.ops.resize(before);
  *context = saved;
  return i;
}

std::optional<Plan> CompilePlan(const Node& tree, int groups, std::string* why_not) {
  return PlanCompiler(groups).Run(tree, why_not);
}

bool IsExactPrefix(const Node& root, size_t count) {
  return root.kind == NodeKind::kConcat && count <= root.children.size() &&
         PlanCompiler(0).IsExact(root, count);
}

}  // namespace parshall::records
