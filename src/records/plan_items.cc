#include "records/plan_items.h"

namespace parshall::records {

void FlattenItems(const Node& node, PlanItems* items) {
  switch (node.kind) {
    case NodeKind::kEmpty:
      return;
    case NodeKind::kConcat:
      for (const Node& child : node.children) FlattenItems(child, items);
      return;
    case NodeKind::kCapture:
      items->push_back({PlanItem::kSaveBegin, nullptr, node.group});
      FlattenItems(node.children[0], items);
      items->push_back({PlanItem::kSaveEnd, nullptr, node.group});
      return;
    default:
      items->push_back({PlanItem::kNode, &node, 0});
  }
}

First FirstOfItems(const PlanItems& items, size_t from, const First& follow) {
  First all{.nullable = true};
  for (size_t i = from; i < items.size() && all.nullable; ++i) {
    if (items[i].kind != PlanItem::kNode) continue;
    const First first = FirstOf(*items[i].node);
    all.bytes = all.bytes | first.bytes;
    all.end = all.end || first.end;
    all.nullable = first.nullable;
  }
  if (all.nullable) {
    all.bytes = all.bytes | follow.bytes;
    all.end = all.end || follow.end;
    all.nullable = false;
  }
  return all;
}

std::string LiteralPrefix(const PlanItems& items, size_t from) {
  std::string text;
  for (size_t i = from; i < items.size() && text.size() < 8; ++i) {
    if (items[i].kind != PlanItem::kNode) continue;
    if (items[i].node->kind != NodeKind::kByte || items[i].node->set.Single() < 0) break;
    text.push_back(static_cast<char>(items[i].node->set.Single()));
  }
  return text;
}

int FixedWidth(const Node& node) {
  if (node.kind == NodeKind::kByte) return 1;
  if (node.kind == NodeKind::kRepeat && node.min == node.max && node.min > 0 &&
      node.min <= kShapeBytesMax && node.children[0].kind == NodeKind::kByte) {
    return node.min;
  }
  return 0;
}

}  // namespace parshall::records
