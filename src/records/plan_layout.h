#pragma once
// A compiled plan put into the order in which it runs fastest; what it answers does not change.

#include "records/plan.h"

namespace parshall::records {

// The usual way in a row, alternatives that only failures lead to behind it; a run and the literal
// behind it as one op. (18 instead of 38 steps for a combined line, 80 instead of 93 ns.)
void LayOut(Plan* plan);

}  // namespace parshall::records
