#include "records/plan_byte_run.h"

#include <array>
#include <vector>

namespace parshall::records {
namespace {

bool No(std::string_view why, std::string* why_not) {
  *why_not = why;
  return false;
}

}  // namespace

bool EmitByteRun(const Node& node, const First& rest, std::string_view literal,
                 PlanContext* context, PlanEmitter* emit, std::string* why_not) {
  const ByteSet& set = node.children[0].set;
  const bool overlap = !(set & rest.bytes).Empty();
  if (!overlap) {
    // What follows cannot begin with a byte of the class, so the only place to stop is where the
    // class does. Exact.
    emit->Run(set, node.min, node.max, *context);
    return true;
  }
  if (node.greedy) {
    // The longest run is what RE2 tries first: right if the rest matches, and unknown if not.
    emit->Run(set, node.min, node.max, *context);
    context->exact = false;
    return true;
  }
  if (rest.bytes == ByteSet::All() && rest.end) {
    // Nothing is asked of what follows: the shortest run it is.
    emit->Run(set, node.min, node.min, *context);
    context->exact = false;
    return true;
  }
  if (node.max >= 0) return No("a lazy repetition with an upper bound", why_not);
  if (!literal.empty()) {
    // The shortest run behind which the literal stands is the first that RE2 could accept.
    PlanOp op{
        .code = OpCode::kFind, .table = emit->Class(set), .min = static_cast<uint32_t>(node.min)};
    const std::vector<unsigned char> outside = (~set).Bytes();
    SetLiteral(literal, &op);
    op.stop[0] = static_cast<unsigned char>(literal[0]);
    // Two more bytes to stop at keep the search honest where the class is not "any byte"; if the
    // class leaves out more than that, the search looks at each byte.
    if (outside.size() > 2) {
      op.max = 0;
    } else {
      op.stop[1] = outside.empty() ? op.stop[0] : outside[0];
      op.stop[2] = outside.size() < 2 ? op.stop[0] : outside[1];
    }
    emit->Op(op, *context);
    context->exact = false;
    return true;
  }
  if (node.min > 0) return No("a lazy repetition before a class", why_not);
  // As above, with any byte that the rest can begin with.
  emit->Run(set - rest.bytes, 0, -1, *context);
  context->exact = false;
  return true;
}

bool EmitAlternatingRun(const Node& node, const First& rest, PlanContext* context,
                        PlanEmitter* emit) {
  std::array<int, 256> starters{};
  ByteSet easy;
  ByteSet any;
  for (const Node& child : node.children[0].children) {
    const First first = FirstOf(child);
    if (first.nullable || first.end) return false;
    any = any | first.bytes;
    for (unsigned char byte : first.bytes.Bytes()) {
      ++starters[byte];
      if (child.kind == NodeKind::kByte) easy.Add(byte);
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (starters[byte] > 1) easy = easy - ByteSet::Of(static_cast<unsigned char>(byte));
  }
  const ByteSet hard = any - easy;
  if (node.greedy) {
    // Going on is preferred to stopping: where the rest could begin, no alternative may.
    if (!(any & rest.bytes).Empty()) return false;
    emit->Run(easy, 0, -1, *context);
    if (!hard.Empty()) context->exact = false;
    return true;
  }
  // Stopping is preferred: the first byte that the rest can begin with ends the run.
  if (rest.end && rest.bytes == ByteSet::All()) return false;
  emit->Run(easy - rest.bytes, 0, -1, *context);
  if (!hard.Empty() || !(any & rest.bytes).Empty()) context->exact = false;
  return true;
}

}  // namespace parshall::records
