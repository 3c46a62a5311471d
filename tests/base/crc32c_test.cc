#include "base/crc32c.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace parshall;

TEST_CASE("Crc32c gives the known values") {
  std::string rising(32, '\0');
  std::iota(rising.begin(), rising.end(), '\0');
  const std::string falling(rising.rbegin(), rising.rend());
  struct Row {
    const char* name;
    std::string bytes;
    uint32_t crc;
  };
  const Row rows[] = {
      {"nothing", "", 0},
      {"the check value of the catalogue", "123456789", 0xE3069283},
      {"RFC 3720 B.4, 32 bytes of zeroes", std::string(32, '\0'), 0x8A9136AA},
      {"RFC 3720 B.4, 32 bytes of ones", std::string(32, '\xFF'), 0x62A8AB43},
      {"RFC 3720 B.4, 32 bytes rising", rising, 0x46DD794E},
      {"RFC 3720 B.4, 32 bytes falling", falling, 0x113FDB5C},
      {"one letter", "a", 0xC1D04330},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(Crc32c(row.bytes) == row.crc);
    CHECK(Crc32cBaseline(row.bytes) == row.crc);
    if (HasCrc32cInstruction()) CHECK(Crc32cSse42(row.bytes) == row.crc);
  }
}

TEST_CASE("Crc32c is the same in one piece and in two, by table and by instruction") {
  std::mt19937 random(7);
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes(size + 3, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string_view text = std::string_view(bytes).substr(size % 4, size);
    const size_t cut = text.empty() ? 0 : random() % text.size();
    const uint32_t whole = Crc32cBaseline(text);
    INFO("size " << text.size() << ", cut at " << cut);
    CHECK(Crc32cBaseline(text.substr(cut), Crc32cBaseline(text.substr(0, cut))) == whole);
    CHECK(Crc32c(text.substr(cut), Crc32c(text.substr(0, cut))) == whole);
    if (HasCrc32cInstruction()) CHECK(Crc32cSse42(text) == whole);
  }
}
