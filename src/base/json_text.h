#pragma once
// Bytes → the inside of a JSON string: escaped, and valid UTF-8 whatever came in.

#include <cstddef>
#include <string_view>

namespace parshall {

// Room that AppendJsonText may need for a text: a control character becomes six bytes, and vector
// stores run over the end.
constexpr size_t JsonTextBytesMax(size_t size) { return size * 6 + 64; }

// Writes `text` without quotes around it and returns the end of what was written. Needs
// JsonTextBytesMax() bytes of room, and 64 readable bytes behind the text. Invalid UTF-8 becomes
// U+FFFD, one for each maximal invalid part (Unicode 3.9, as Python's "replace" does).
char* AppendJsonText(char* out, std::string_view text);

}  // namespace parshall
