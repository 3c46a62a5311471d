// Buckets that grow by one factor: where they begin, what is lost when there are too many, and that
// two sketches merged know what one would have known.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "metrics/sketch.h"
#include "metrics/sketches.h"

namespace parshall::metrics {
namespace {

constexpr SketchShape kFine = {.schema = 7, .buckets_max = 1024, .zero_threshold = 0};

std::vector<double> LogNormal(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> distribution(-2, 1.5);
  std::vector<double> values(count);
  for (double& value : values) value = distribution(random);
  return values;
}

Sketch SketchOf(const std::vector<double>& values, const SketchShape& shape) {
  Sketch sketch(shape.schema);
  for (const double value : values) sketch.Add(value, shape);
  return sketch;
}

bool Same(const std::vector<Sketch::Bucket>& a, const std::vector<Sketch::Bucket>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.index == y.index && x.count == y.count && x.least == y.least &&
           x.greatest == y.greatest;
  });
}

TEST_CASE("A value falls into the bucket whose upper bound it does not pass, as in Prometheus") {
  struct Row {
    double size;
    int schema;
    int32_t index;
  };
  const auto row = GENERATE(values<Row>({
      {1, 0, 0},          {1.0001, 0, 1},  {2, 0, 1},
      {2.0001, 0, 2},     {0.5, 0, -1},    {0.75, 0, 0},
      {1, 3, 0},          {2, 3, 8},       {4, 3, 16},
      {1.5, 3, 5},        {0.25, 3, -16},  {1, 8, 0},
      {2, 8, 256},        {3, 1, 4},       {1, -1, 0},
      {4, -1, 1},         {4.0001, -1, 2}, {1, -4, 0},
      {65536, -4, 1},     {65537, -4, 2},  {0x1p-1074, 0, -1074},
      {1.7e308, 0, 1024},
  }));
  CAPTURE(row.size, row.schema);
  CHECK(SketchIndex(row.size, row.schema) == row.index);
}

TEST_CASE("Every value lies between the bounds of its bucket, at every schema") {
  const int schema = GENERATE(-4, -1, 0, 2, 5, 8);
  const double step = std::exp2(-schema);
  for (const double value : LogNormal(2000, 1)) {
    const double index = SketchIndex(value, schema);
    CAPTURE(schema, value, index);
    CHECK(value <= std::exp2(index * step) * (1 + 1e-14));
    CHECK(value > std::exp2((index - 1) * step) * (1 - 1e-14));
  }
}

TEST_CASE("A quantile is the value at its rank, off by less than half a bucket") {
  std::vector<double> all = LogNormal(20'000, 2);
  for (size_t i = 0; i < all.size(); i += 3) all[i] = -all[i];
  const Sketch sketch = SketchOf(all, kFine);
  std::sort(all.begin(), all.end());
  const double base = std::exp2(std::exp2(-sketch.schema()));
  CHECK(sketch.schema() >= 5);
  for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(q * 20'000)));
    const double exact = all[rank - 1];
    CAPTURE(q, exact);
    CHECK(std::abs(sketch.Quantile(q) - exact) <= std::abs(exact) * (base - 1) / 2 * (1 + 1e-9));
  }
}

TEST_CASE("A quantile is exact where the values of its bucket are the same") {
  const Sketch sketch = SketchOf({10, 20, 30, 40, 0.1, 0.1, 0.1, 0, -7}, kFine);
  struct Row {
    double q;
    double value;
  };
  for (const Row& row : {Row{0, -7}, Row{0.2, 0}, Row{0.5, 0.1}, Row{0.7, 20}, Row{1, 40}}) {
    CAPTURE(row.q);
    CHECK(sketch.Quantile(row.q) == row.value);
  }
  CHECK(std::isnan(Sketch(3).Quantile(0.5)));
}

TEST_CASE("Too many buckets halve the resolution, and no value is lost") {
  const SketchShape small = {.schema = 8, .buckets_max = 20, .zero_threshold = 1e-3};
  const std::vector<double> all = LogNormal(5000, 3);
  const Sketch sketch = SketchOf(all, small);
  CHECK(sketch.positive().size() <= 20);
  CHECK(sketch.count() == 5000);
  CHECK(sketch.schema() < 8);
  // The same as if it had been so coarse from the beginning.
  const Sketch coarse =
      SketchOf(all, {.schema = sketch.schema(), .buckets_max = 10'000, .zero_threshold = 1e-3});
  CHECK(Same(sketch.positive(), coarse.positive()));
  CHECK(sketch.zeros() == coarse.zeros());
}

TEST_CASE("Two sketches merged are the sketch of all, whatever their resolutions") {
  const std::vector<double> all = LogNormal(4000, 4);
  const std::vector<double> front(all.begin(), all.begin() + 3900);
  const std::vector<double> back(all.begin() + 3900, all.end());
  const SketchShape shape = {.schema = 6, .buckets_max = 100, .zero_threshold = 0};
  Sketch merged = SketchOf(front, shape);
  Sketch other = SketchOf(back, shape);
  CHECK(other.schema() > merged.schema());  // or the test tests nothing
  const Sketch whole = SketchOf(all, shape);
  Sketch turned = other;
  merged.Merge(other, shape);
  turned.Merge(SketchOf(front, shape), shape);
  CHECK(merged.schema() == whole.schema());
  CHECK(Same(merged.positive(), whole.positive()));
  CHECK(Same(turned.positive(), whole.positive()));
}

TEST_CASE("A sketch that was saved is the same again, and wrong bytes are refused") {
  const Sketch sketch = SketchOf({1, 2, 2, -3, 0, 1e300, 1e-300}, kFine);
  std::string bytes;
  sketch.Save(&bytes);
  Sketch back(0);
  PackedReader reader(bytes);
  CHECK((back.Restore(&reader) && reader.done()));
  CHECK((Same(back.positive(), sketch.positive()) && Same(back.negative(), sketch.negative())));
  CHECK((back.zeros() == 1 && back.schema() == 7));
  for (size_t size = 0; size < bytes.size(); ++size) {
    PackedReader cut(std::string_view(bytes).substr(0, size));
    Sketch into(0);
    CAPTURE(size);
    CHECK_FALSE(into.Restore(&cut));
  }
}

TEST_CASE("A window looks back on its parts, those of a clock that was set back included") {
  const SketchSpec spec = {.shape = kFine, .part_ms = 100, .parts = 3};
  Sketches sketches(&spec);
  for (const int64_t at : {1000, 1100, 1200, 1299}) sketches.Add(4, 1, at);
  struct Row {
    int64_t now;
    uint64_t count;
  };
  for (const Row& row : {Row{1299, 4}, Row{1300, 3}, Row{1400, 2}, Row{1500, 0}}) {
    CAPTURE(row.now);
    CHECK(sketches.At(4, row.now).count() == row.count);
  }
  CHECK(sketches.At(5, 1299).count() == 0);
  sketches.Add(4, 1, 1100);
  CHECK(sketches.At(4, 1299).count() == 5);
  sketches.Add(4, 1, 1300);  // 1000 goes
  CHECK(sketches.At(4, 1299).count() == 5);
  sketches.Add(4, 1, 10);  // more than a window back: it begins anew
  CHECK(sketches.At(4, 10).count() == 1);
}

TEST_CASE("Windows of two threads are one window, without what is too old for it") {
  const SketchSpec spec = {.shape = kFine, .part_ms = 100, .parts = 2};
  Sketches one(&spec);
  Sketches two(&spec);
  one.Add(0, 1, 1000);
  one.Add(0, 2, 1100);
  two.Add(0, 3, 1200);
  two.Add(1, 4, 1200);
  Sketches turned = two;
  turned.Merge(one);
  one.Merge(two);
  for (const Sketches* merged : {&one, &turned}) {
    CHECK(merged->At(0, 1200).Quantile(0) == 2);
    CHECK(merged->At(0, 1200).count() == 2);
    CHECK(merged->At(1, 1200).count() == 1);
  }
  one.Move(0, 7);
  CHECK((one.At(0, 1200).count() == 0 && one.At(7, 1200).count() == 2));
  one.Forget(7);
  CHECK(one.At(7, 1200).count() == 0);
}

}  // namespace
}  // namespace parshall::metrics
