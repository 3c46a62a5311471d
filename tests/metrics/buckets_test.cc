#include "metrics/buckets.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

namespace parshall::metrics {
namespace {

uint32_t FindSlowly(const std::vector<double>& bounds, double value) {
  uint32_t at = 0;
  while (at < bounds.size() && value > bounds[at]) ++at;
  return at;
}

TEST_CASE("Buckets put a value into the first bucket whose bound it does not exceed") {
  const double most = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> rows = {
      {100, 250, 500, 1000, 2500, 10000, 25000, 100000, 250000, 1000000, 2500000, 10000000},
      {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
      {1},
      {0, 1, 2},
      {-10, -1, 0.5, 3},
      {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 1.99, 2},
      {5e-324, 1e-300, 1e300, most},
      {2.2250738585072014e-308, 1, most},
      {1024, 2048, 4096},
  };
  std::mt19937_64 random(7);
  for (const std::vector<double>& bounds : rows) {
    const Buckets buckets(bounds);
    REQUIRE(buckets.count() == bounds.size() + 1);
    std::vector<double> values = {0.0, -0.0, 1, -1, 5e-324, most, -most, 1e-310, 1e18};
    for (const double bound : bounds) {
      values.insert(values.end(), {bound, std::nextafter(bound, -most), std::nextafter(bound, most),
                                   -bound, bound * 1.5});
    }
    for (int i = 0; i < 2000; ++i) {
      const double exponent = std::uniform_real_distribution<>(-5, 10)(random);
      values.push_back(std::pow(10.0, exponent));
    }
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      CAPTURE(bounds, value);
      REQUIRE(buckets.Find(value) == FindSlowly(bounds, value));
    }
  }
}

}  // namespace
}  // namespace parshall::metrics
