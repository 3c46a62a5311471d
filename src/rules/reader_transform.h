#pragma once
// `transforms:` and `sample:` of a rule → their specs. Internal to the reader.

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

void ReadTransforms(Section* section, RuleSpec* rule, Faults* faults);
void ReadSample(Section* section, RuleSpec* rule, Faults* faults);

}  // namespace parshall::rules
