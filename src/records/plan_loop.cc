// Repetitions: of single bytes as runs (plan_byte_run.h), of anything else as loops that the next
// byte ends.

#include <utility>

#include "records/plan_byte_run.h"
#include "records/plan_compiler.h"

namespace parshall::records {
namespace {

// Rounds of X{n} that are written out.
constexpr int kExpandMax = 8;

}  // namespace

bool PlanCompiler::Repeat(const Node& node, const First& rest, const std::string& literal,
                          PlanContext* context) {
  const Node& body = node.children[0];
  if (node.max == 0) return true;
  if (body.kind == NodeKind::kByte) {
    std::string why;
    return EmitByteRun(node, rest, literal, context, &emit_, &why) || No(std::move(why));
  }
  if (node.min == 0 && node.max == 1) return Optional(node, rest, context);
  if (HasCapture(body)) return No("a group inside of a repetition");
  if (node.min == 0 && node.max < 0 && body.kind == NodeKind::kAlternate &&
      EmitAlternatingRun(node, rest, context, &emit_)) {
    return true;
  }
  if (!why_.empty()) return false;
  return Loop(node, rest, context);
}

// X* and X+ for an X without captures, where the next byte tells whether to go round again.
// Exact.
bool PlanCompiler::Loop(const Node& node, const First& rest, PlanContext* context) {
  const Node& body = node.children[0];
  PlanItems items;
  FlattenItems(body, &items);
  const First first = FirstOf(body);
  if (first.nullable || first.end) return No("a repetition of something that can be empty");
  if (node.max >= 0) {
    if (node.max != node.min || node.max > kExpandMax) return No("a bounded repetition of a group");
    for (int n = 0; n < node.max; ++n) {
      const First follow = n + 1 < node.max ? first : rest;
      if (!Sequence(items, follow, context)) return false;
    }
    return true;
  }
  if (!(first.bytes & rest.bytes).Empty()) {
    return No("a repetition that the next byte alone cannot end");
  }
  if (node.min > kExpandMax) return No("a bounded repetition of a group");
  const First again{.bytes = first.bytes | rest.bytes, .end = rest.end};
  for (int n = 0; n < node.min; ++n) {
    if (!Sequence(items, again, context)) return false;
  }
  plan_.branches.emplace_back();
  const size_t table = plan_.branches.size() - 1;
  // A round that fails behind a choice of its own leaves the loop's exactness in doubt from its
  // start.
  PlanContext round = *context;
  const size_t start =
      emit_.Op({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, round);
  const uint16_t into = emit_.Here();
  if (!Sequence(items, again, &round)) return false;
  if (round.exact != context->exact) {
    // Compile the body once more, now that it is known to be inexact.
    plan_.ops.resize(start);
    round.exact = false;
    emit_.Op({.code = OpCode::kBranch, .table = static_cast<uint16_t>(table)}, round);
    if (!Sequence(items, again, &round)) return false;
  }
  emit_.Op({.code = OpCode::kJump, .target = static_cast<uint16_t>(start)}, round);
  const uint16_t behind = emit_.Here();
  for (unsigned byte = 0; byte < 256; ++byte) {
    plan_.branches[table][byte] = first.bytes.Has(static_cast<unsigned char>(byte)) ? into : behind;
  }
  plan_.branches[table][256] = behind;
  *context = round;
  return true;
}

}  // namespace parshall::records
