#pragma once
// A row of bytes that each have one class, as one op of a plan: no choice in it, so whatever it
// answers is exact.

#include "records/plan_emitter.h"
#include "records/plan_items.h"

namespace parshall::records {

// True when behind the marks of groups at `from`, few enough for one shape, stands a byte or C{n}:
// then the shape saves the groups.
bool FixedRowAt(const PlanItems& items, size_t from);

// Emits the single bytes and classes from `from` on, marks in between included: one literal, or one
// shape, or one class that is too ragged for a shape. Returns the index of the first item behind
// them. FixedRowAt(items, from) must hold.
size_t EmitFixedRow(const PlanItems& items, size_t from, const PlanContext& context,
                    PlanEmitter* emit);

}  // namespace parshall::records
