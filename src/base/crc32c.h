#pragma once
// CRC-32C (Castagnoli; RFC 3720 §B.4): the checksum over what is kept on disk. It tells damage from
// data: every burst of up to 32 bits and every odd number of flipped bits is found. It is no
// protection against somebody who means it.

#include <cstdint>
#include <string_view>

namespace parshall {

// Of `bytes`, or of bytes that follow others whose checksum is `before`:
// Crc32c(b, Crc32c(a)) is Crc32c of a and b in one. With the machine's own instruction where it has
// one (SSE4.2), which takes about 0.1 ms for a megabyte.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

// The two ways, for tests: without the instruction, and with it (only if HasCrc32cInstruction()).
uint32_t Crc32cBaseline(std::string_view bytes, uint32_t before = 0);
uint32_t Crc32cSse42(std::string_view bytes, uint32_t before = 0);
bool HasCrc32cInstruction();

}  // namespace parshall
