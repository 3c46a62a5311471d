#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace parshall {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// kTables[k][b]: what byte b adds when k more bytes follow it ("slicing by 8").
constexpr Tables MakeTables() {
  Tables tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint32_t Step(uint32_t crc, char byte) {
  return (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
}

}  // namespace

uint32_t Crc32cBaseline(std::string_view bytes, uint32_t before) {
  uint32_t crc = ~before;
  const char* at = bytes.data();
  size_t left = bytes.size();
  if constexpr (std::endian::native == std::endian::little) {
    for (; left >= 8; at += 8, left -= 8) {
      uint64_t eight;
      std::memcpy(&eight, at, sizeof eight);
      eight ^= crc;
      crc = 0;
      for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(eight >> (8 * k)) & 0xFF];
    }
  }
  for (; left > 0; ++at, --left) crc = Step(crc, *at);
  return ~crc;
}

#if defined(__x86_64__)

// Only this function is built with SSE4.2, and it calls nothing that could be shared with others.
__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(std::string_view bytes, uint32_t before) {
  uint64_t crc = static_cast<uint32_t>(~before);
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t eight;
    __builtin_memcpy(&eight, at, sizeof eight);
    crc = __builtin_ia32_crc32di(crc, eight);
  }
  uint32_t narrow = static_cast<uint32_t>(crc);
  for (; left > 0; ++at, --left) {
    narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  }
  return ~narrow;
}

bool HasCrc32cInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }

#else

uint32_t Crc32cSse42(std::string_view bytes, uint32_t before) {
  return Crc32cBaseline(bytes, before);
}

bool HasCrc32cInstruction() { return false; }

#endif

uint32_t Crc32c(std::string_view bytes, uint32_t before) {
  static const auto crc = HasCrc32cInstruction() ? Crc32cSse42 : Crc32cBaseline;
  return crc(bytes, before);
}

}  // namespace parshall
