#pragma once
// What a server has escaped in its log, as it was before.

#include <string_view>

#include "rules/rule.h"

namespace parshall::records {

// Writes the text without its escapes to `out`, which has room for text.size() bytes, and returns
// the end of what was written. A backslash that begins no escape of that server stays.
char* Unescape(rules::Escapes escapes, std::string_view text, char* out);

}  // namespace parshall::records
