#pragma once
// Numbers out of text: strict, locale-free, without allocation or exceptions. The whole text must
// be the number.

#include <cstdint>
#include <string_view>

namespace parshall {

// '-'? digit+ ; leading zeros are allowed, blanks and '+' are not. False on overflow; then *out is
// unchanged.
bool ParseInt64(std::string_view text, int64_t* out);

// '-'? digit+ ('.' digit+)? ([eE] [+-]? digit+)? ; no hex, no inf, no nan. The nearest double; what
// is too small is 0. False for what is too large for a double (1e400); then *out is unchanged.
bool ParseDouble(std::string_view text, double* out);

// Whether the text is a number by JSON's grammar (RFC 8259 §6): ParseDouble's without leading
// zeros. It may be written into JSON as it stands.
bool IsJsonNumber(std::string_view text);

}  // namespace parshall
