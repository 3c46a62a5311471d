#include "records/regex_first.h"

namespace parshall::records {

First FirstOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kByte:
      return {.bytes = node.set};
    case NodeKind::kEnd:
      return {.end = true};
    case NodeKind::kEmpty:
    case NodeKind::kBegin:
      return {.nullable = true};
    case NodeKind::kCapture:
      return FirstOf(node.children[0]);
    case NodeKind::kRepeat: {
      First first = FirstOf(node.children[0]);
      if (node.max == 0) return {.nullable = true};
      if (node.min == 0) first.nullable = true;
      return first;
    }
    case NodeKind::kAlternate: {
      First all;
      for (const Node& child : node.children) {
        const First first = FirstOf(child);
        all.bytes = all.bytes | first.bytes;
        all.end = all.end || first.end;
        all.nullable = all.nullable || first.nullable;
      }
      return all;
    }
    case NodeKind::kConcat: {
      First all{.nullable = true};
      for (const Node& child : node.children) {
        const First first = FirstOf(child);
        all.bytes = all.bytes | first.bytes;
        all.end = all.end || first.end;
        if (!first.nullable) {
          all.nullable = false;
          break;
        }
      }
      return all;
    }
  }
  return {};
}

}  // namespace parshall::records
