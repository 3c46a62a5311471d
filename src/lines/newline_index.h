#pragma once
// Where the newlines of a block are, all at once. Asking memchr line by line costs a mispredicted
// loop end a line; one pass over the block does not.

#include <cstddef>
#include <cstdint>

namespace parshall::lines {

// A block is no longer than this.
inline constexpr size_t kIndexBlockBytes = size_t{16} << 10;
// So much room `offsets` needs; what stands behind the result is undefined.
inline constexpr size_t kIndexRoom = kIndexBlockBytes + 64;

// Writes the offset from `begin` of each '\n' in [begin, end), ascending, and returns how many
// there are. kPadBytes behind `end` must be readable.
size_t IndexNewlines(const char* begin, const char* end, uint32_t* offsets);

// The implementations behind it, for tests that hold them against each other.
size_t IndexNewlinesBaseline(const char* begin, const char* end, uint32_t* offsets);
bool HasIndexAvx2();
size_t IndexNewlinesAvx2(const char* begin, const char* end, uint32_t* offsets);
bool HasIndexAvx512();
size_t IndexNewlinesAvx512(const char* begin, const char* end, uint32_t* offsets);

}  // namespace parshall::lines
