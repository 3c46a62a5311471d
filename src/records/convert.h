#pragma once
// Text → typed value, by a field's conversion.

#include <cstdint>
#include <string_view>

#include "records/compile.h"

namespace parshall::records {

// Fills `value` from the text of a captured group or of a JSON scalar. False when the text is not
// what the field's type says; the value is then the text as a string, so that nothing is lost. The
// value's text points into `text`, or into the conversion (fallbacks).
bool Convert(const Conversion& conversion, std::string_view text, Value* value);

// A null: the fallback if the field has one.
bool ConvertNull(const Conversion& conversion, Value* value);

// The items of a list: 3 of "0.000, 0.001 : -".
int64_t CountItems(std::string_view text);

}  // namespace parshall::records
