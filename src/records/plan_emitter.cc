#include "records/plan_emitter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "records/regex_class.h"

namespace parshall::records {
void SetLiteral(std::string_view text, PlanOp* op) {
  std::array<char, 8> bytes{};
  std::copy(text.begin(), text.end(), bytes.begin());
  std::memcpy(&op->literal, bytes.data(), sizeof op->literal);
  op->count = static_cast<uint8_t>(text.size());
  op->mask = text.size() == 8 ? ~0ULL : (1ULL << (8 * text.size())) - 1;
}

size_t PlanEmitter::Op(PlanOp op, const PlanContext& context) {
  op.on_fail = context.Fail();
  plan_->ops.push_back(op);
  return plan_->ops.size() - 1;
}

void PlanEmitter::Save(bool begin, int group, const PlanContext& context) {
  Op({.code = begin ? OpCode::kSaveBegin : OpCode::kSaveEnd,
      .capture = static_cast<uint8_t>(group)},
     context);
}

void PlanEmitter::Literal(std::string_view text, const PlanContext& context) {
  PlanOp op{.code = OpCode::kLiteral};
  SetLiteral(text, &op);
  Op(op, context);
}

void PlanEmitter::Shape(const PlanShape& shape, const PlanContext& context) {
  plan_->shapes.push_back(shape);
  Op({.code = OpCode::kShape, .table = static_cast<uint16_t>(plan_->shapes.size() - 1)}, context);
}

void PlanEmitter::Run(const ByteSet& set, int min, int max, const PlanContext& context) {
  PlanOp op;
  const std::vector<unsigned char> stops = (~set).Bytes();
  op.min = static_cast<uint32_t>(min);
  op.max = max < 0 ? UINT32_MAX : static_cast<uint32_t>(max);
  if (max < 0 && stops.empty() && min == 0) {
    op.code = OpCode::kRunRest;
  } else if (max < 0 && min == 1 && set == DigitSet()) {
    op.code = OpCode::kRunDigits;
  } else if (max < 0 && !stops.empty() && stops.size() <= 3) {
    op.code = stops.size() == 1   ? OpCode::kRunUntil1
              : stops.size() == 2 ? OpCode::kRunUntil2
                                  : OpCode::kRunUntil3;
    std::copy(stops.begin(), stops.end(), op.stop.begin());
  } else {
    op.code = OpCode::kRunClass;
    op.table = Class(set);
  }
  Op(op, context);
}

uint16_t PlanEmitter::Class(const ByteSet& set) {
  PlanClass table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    table[byte] = set.Has(static_cast<unsigned char>(byte));
  plan_->classes.push_back(table);
  return static_cast<uint16_t>(plan_->classes.size() - 1);
}

uint16_t PlanEmitter::Peek(const First& first) {
  PlanPeek peek{};
  for (unsigned byte = 0; byte < 256; ++byte)
    peek[byte] = first.bytes.Has(static_cast<unsigned char>(byte));
  peek[256] = first.end;
  plan_->peeks.push_back(peek);
  return static_cast<uint16_t>(plan_->peeks.size() - 1);
}

}  // namespace parshall::records
