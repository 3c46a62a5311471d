#pragma once
// Runs the examples that rules carry: for `check`, and before a reload puts the rules to work.

#include <cstddef>
#include <vector>

#include "app/load_rules.h"
#include "base/result.h"

namespace parshall::app {

// Appends a fault for each example that gives another record, or that another rule takes, and for
// each line of a `not:` list that matches. Returns how many there are. What they count goes into
// `active.store`: not one that a run counts into.
size_t CheckExamples(const ActiveRules& active, std::vector<Error>* faults);

}  // namespace parshall::app
