#pragma once
// What a piece of an expression can begin with: how a plan tells alternatives apart by the next
// byte, and how a rule is passed over by a line's first byte.

#include "records/byte_set.h"
#include "records/regex_tree.h"

namespace parshall::records {

struct First {
  ByteSet bytes{};
  bool end = false;       // it can succeed at the end of the text
  bool nullable = false;  // it can match nothing, so what follows it decides
};
First FirstOf(const Node& node);

}  // namespace parshall::records
