#pragma once
// Many values in little memory: how many fell into each of the buckets that grow by one factor.
// One sketch serves two kinds: a summary asks it for quantiles, a native histogram shows its
// buckets.

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/packed.h"

namespace parshall::metrics {

// Bounds are powers of base = 2^(2^-schema), as in Prometheus's native histograms: bucket i holds
// what is greater than base^(i-1) and at most base^i.
struct SketchShape {
  static constexpr int kSchemaMost = 8;
  static constexpr int kSchemaLeast = -4;

  int schema = 3;              // to begin with
  uint32_t buckets_max = 160;  // of both signs; beyond it the resolution is halved
  double zero_threshold = 0;   // what is not further from 0 is 0

  bool operator==(const SketchShape&) const = default;
};

// One thread.
class Sketch {
 public:
  // `least` and `greatest` are of the sizes (absolute values) that fell into it.
  struct Bucket {
    int32_t index = 0;
    uint64_t count = 0;
    double least = 0;
    double greatest = 0;
  };

  explicit Sketch(int schema) : schema_(schema) {}

  // `value` is finite.
  void Add(double value, const SketchShape& shape);
  // Adds what the other one saw; has the lower resolution of the two from now on, at most.
  void Merge(const Sketch& other, const SketchShape& shape);

  int schema() const { return schema_; }
  uint64_t zeros() const { return zeros_; }
  // By index, so by size.
  const std::vector<Bucket>& positive() const { return positive_; }
  const std::vector<Bucket>& negative() const { return negative_; }
  uint64_t count() const;
  // What it holds in memory.
  size_t bytes() const {
    return sizeof *this + (positive_.capacity() + negative_.capacity()) * sizeof(Bucket);
  }

  // The value at rank ceil(q × count), q from 0 to 1, NaN if there is none. It is exact where all
  // values of its bucket are the same, else the middle between the least and the greatest of them:
  // off by less than (base - 1) / 2 of the value.
  double Quantile(double q) const;

  void Save(std::string* out) const;
  // False if the bytes are wrong; the sketch is of no use then.
  bool Restore(PackedReader* reader);

 private:
  static void AddTo(std::vector<Bucket>* buckets, const Bucket& more);
  void Reduce(int schema);
  void Bound(const SketchShape& shape);

  int schema_;
  uint64_t zeros_ = 0;
  std::vector<Bucket> positive_;
  std::vector<Bucket> negative_;
};

// The bucket of a size (positive, finite) at a schema from kSchemaLeast to kSchemaMost.
int32_t SketchIndex(double size, int schema);

}  // namespace parshall::metrics
