#pragma once
// UTF-8 that is well-formed by the Unicode standard (Table 3-7: no overlong forms, no surrogates,
// at most U+10FFFF), and the repair of what is not. Records are always valid UTF-8, whatever a line
// said.

#include <cstddef>
#include <string>
#include <string_view>

namespace parshall {

// How many bytes at the start of `text` are well-formed; text.size() when all are.
size_t ValidPrefix(std::string_view text);

inline bool IsValidUtf8(std::string_view text) { return ValidPrefix(text) == text.size(); }

// Appends `text` with each maximal subpart of an ill-formed sequence replaced by one U+FFFD, as
// WHATWG's decoder and Python's errors="replace" do (Unicode §3.9, "U+FFFD Substitution of Maximal
// Subparts"). Appends at most three times text.size().
void AppendValidUtf8(std::string_view text, std::string* out);

}  // namespace parshall
