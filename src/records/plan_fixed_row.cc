#include "records/plan_fixed_row.h"

#include <algorithm>
#include <string>

#include "records/shape_builder.h"

namespace parshall::records {

bool FixedRowAt(const PlanItems& items, size_t from) {
  size_t saves = 0;
  for (; from < items.size() && items[from].kind != PlanItem::kNode; ++from) ++saves;
  return from < items.size() && saves <= 2 && FixedWidth(*items[from].node) > 0;
}

size_t EmitFixedRow(const PlanItems& items, size_t from, const PlanContext& context,
                    PlanEmitter* emit) {
  ShapeBuilder builder;
  PlanShape shape;
  PlanShape taken_shape;
  size_t taken = from;  // items that are in the shape for good
  for (size_t j = from; j < items.size(); ++j) {
    if (items[j].kind != PlanItem::kNode) {
      if (shape.saves_count == PlanShape::kSavesMax) break;
      const bool end = items[j].kind == PlanItem::kSaveEnd;
      shape.saves[shape.saves_count++] = {static_cast<uint8_t>(items[j].group), end, shape.size};
      if (end && taken > from) {  // what begins here is saved by whatever comes next
        taken = j + 1;
        taken_shape = shape;
      }
      continue;
    }
    const int width = FixedWidth(*items[j].node);
    if (width == 0 || shape.size + width > kShapeBytesMax) break;
    const Node& node = *items[j].node;
    const ByteSet& set = node.kind == NodeKind::kByte ? node.set : node.children[0].set;
    const int single = set.Single();
    const uint8_t bits = single >= 0 ? 0 : builder.BitsFor(set);
    if (single < 0 && bits == 0) break;
    for (int n = 0; n < width; ++n) {
      shape.need[shape.size] = bits;
      shape.literal[shape.size] = single >= 0 ? static_cast<uint8_t>(single) : set.Bytes().front();
      ++shape.size;
    }
    taken = j + 1;
    taken_shape = shape;
  }
  if (taken == from) {  // one class that is no union of eight rectangles, maybe behind saves
    size_t node_at = from;
    for (; items[node_at].kind != PlanItem::kNode; ++node_at)
      emit->Save(items[node_at].kind == PlanItem::kSaveBegin, items[node_at].group, context);
    const Node& node = *items[node_at].node;
    const ByteSet& set = node.kind == NodeKind::kByte ? node.set : node.children[0].set;
    const auto width = static_cast<uint32_t>(FixedWidth(node));
    emit->Op({.code = OpCode::kRunClass, .table = emit->Class(set), .min = width, .max = width},
             context);
    return node_at + 1;
  }
  shape = taken_shape;
  const bool literal = shape.saves_count == 0 && shape.size <= 8 &&
                       std::all_of(shape.need.begin(), shape.need.begin() + shape.size,
                                   [](uint8_t need) { return need == 0; });
  if (literal) {
    std::string text;
    for (size_t n = 0; n < shape.size; ++n) text.push_back(static_cast<char>(shape.literal[n]));
    emit->Literal(text, context);
    return taken;
  }
  builder.Fill(&shape);
  shape.care = static_cast<uint32_t>((uint64_t{1} << shape.size) - 1);
  emit->Shape(shape, context);
  return taken;
}

}  // namespace parshall::records
