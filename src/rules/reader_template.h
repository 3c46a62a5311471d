#pragma once
// `template:` and `routes:` of a label.

#include "rules/rule.h"
#include "rules/section.h"

namespace parshall::rules {

inline constexpr size_t kRoutesMax = 1000;

void ReadTemplate(Section* label_section, LabelSpec* label);

}  // namespace parshall::rules
