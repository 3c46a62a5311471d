#pragma once
// The classes of bytes that expressions name: \d, \w, \s and [:alpha:], as RE2 means them.

#include <optional>
#include <string_view>

#include "records/byte_set.h"

namespace parshall::records {

ByteSet DigitSet();
ByteSet WordSet();
ByteSet BlankSet();  // has no \v, unlike [[:space:]]

// "alpha" for [:alpha:]; nothing for a name that is none.
std::optional<ByteSet> PosixSet(std::string_view name);

}  // namespace parshall::records
