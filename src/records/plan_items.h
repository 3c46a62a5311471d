#pragma once
// An expression as a flat row of items: what a plan is compiled from. Groups are marks in the row,
// so that literals merge across their borders.

#include <cstdint>
#include <string>
#include <vector>

#include "records/regex_first.h"
#include "records/regex_tree.h"

namespace parshall::records {

// A node that is neither a concatenation nor a group, or where a group begins or ends.
struct PlanItem {
  enum Kind : uint8_t { kNode, kSaveBegin, kSaveEnd } kind;
  const Node* node = nullptr;  // of the tree, which must outlive the item
  int group = 0;
};
using PlanItems = std::vector<PlanItem>;

// Appends the items of `node`.
void FlattenItems(const Node& node, PlanItems* items);

// What the items from `from` on can begin with, where `follow` stands behind them; `bytes` and
// `end` are complete (nothing is nullable any more).
First FirstOfItems(const PlanItems& items, size_t from, const First& follow);

// The literal bytes that must stand at once at `from`, at most 8.
std::string LiteralPrefix(const PlanItems& items, size_t from);

// The longest row that one shape can hold.
inline constexpr int kShapeBytesMax = 32;

// Bytes that a node always takes, when each position has one class: 1 for a byte, n for C{n} (at
// most kShapeBytesMax); else 0.
int FixedWidth(const Node& node);

}  // namespace parshall::records
