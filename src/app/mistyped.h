#pragma once
// Why the value of a field is not of the type that its rule declares: what stood there instead, for
// `explain`. What a run does with such a value is the matcher's and the meter's affair.

#include <string>
#include <string_view>
#include <vector>

#include "records/compile.h"
#include "records/record.h"

namespace parshall::app {

// One sentence for each field of the record's rule, by slot; empty where nothing is wrong. `line`
// is the line that the record was made of, without its wrapping. Any thread.
std::vector<std::string> WhyMistyped(const records::RuleProgram& program,
                                     const records::Record& record, std::string_view line);

}  // namespace parshall::app
