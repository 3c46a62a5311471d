#include "base/duration.h"

#include <catch2/catch.hpp>

namespace parshall {
namespace {

TEST_CASE("A duration is a number and a unit") {
  const struct {
    const char* text;
    std::optional<int64_t> ms;
  } cases[] = {
      {"500ms", 500},
      {"1s", 1000},
      {"0.5s", 500},
      {"5m", 300'000},
      {"2h", 7'200'000},
      {"7d", 604'800'000},
      {"0ms", 0},
      {"0.4ms", 0},
      {"", std::nullopt},
      {"1", std::nullopt},
      {"s", std::nullopt},
      {"1 s", std::nullopt},
      {"-1s", std::nullopt},
      {"1S", std::nullopt},
      {"1.2.3s", std::nullopt},
      {"367d", std::nullopt},
      {"1e3s", std::nullopt},
      {"99999999999999999999h", std::nullopt},
  };
  for (const auto& row : cases) {
    INFO(row.text);
    CHECK(ParseDurationMs(row.text) == row.ms);
  }
}

}  // namespace
}  // namespace parshall
