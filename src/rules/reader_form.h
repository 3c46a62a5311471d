#pragma once
// `pattern:`, `log_format:`, `json:`, `logfmt:` and `from:`: what a rule is tried on.

#include "rules/reader_rule.h"
#include "rules/section.h"

namespace parshall::rules {

// Reads those keys of the rule into draft->spec. A format string stays as it is; records/log_format
// understands it.
void ReadForm(Section* section, RuleDraft* draft, Faults* faults);

}  // namespace parshall::rules
