#pragma once
// What can be known of a rule's recipes before any line comes: which of them are plain texts or
// short numbers, which only records need, and in what order the matcher walks over them.

#include <string>
#include <vector>

#include "records/compile.h"

namespace parshall::records {

// Fills the ways of rule->recipes, and rule->steps and metric_steps, when everything else of the
// rule is compiled. `wanted_fields` are those that metrics need.
void MakeRecipeSteps(const std::vector<std::string>& wanted_fields, CompiledRule* rule);

}  // namespace parshall::records
