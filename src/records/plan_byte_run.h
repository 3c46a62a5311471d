#pragma once
// Repetitions of single bytes as runs of a plan. What follows a run decides where it may stop: the
// comments in the .cc say for each case why the run's end is RE2's.

#include <string>
#include <string_view>

#include "records/plan_emitter.h"
#include "records/regex_first.h"
#include "records/regex_tree.h"

namespace parshall::records {

// C*, C+, C{n,m}: a kRepeat of a kByte. `rest` is what can follow, `literal` the bytes that must
// (at most 8, may be empty). Emits one op and takes the context's exactness away where another end
// was possible; false, with why, when no op does it.
bool EmitByteRun(const Node& node, const First& rest, std::string_view literal,
                 PlanContext* context, PlanEmitter* emit, std::string* why_not);

// (?:A|B|…)* where most bytes belong to a single one-byte alternative: the run goes over those, and
// what could be read in two ways ("hard" bytes, a backslash mostly) ends it. False, with nothing
// emitted, when it cannot be done so.
bool EmitAlternatingRun(const Node& node, const First& rest, PlanContext* context,
                        PlanEmitter* emit);

}  // namespace parshall::records
