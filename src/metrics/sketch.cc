#include "metrics/sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace parshall::metrics {
namespace {

constexpr size_t kFinest = size_t{1} << SketchShape::kSchemaMost;

// The bounds between 0.5 and 1 of the finest schema; those of the others are among them.
const std::array<double, kFinest>& FinestBounds() {
  static const std::array<double, kFinest> bounds = [] {
    std::array<double, kFinest> made;
    for (size_t i = 0; i < kFinest; ++i) {
      made[i] = std::exp2(static_cast<double>(i) / static_cast<double>(kFinest) - 1);
    }
    return made;
  }();
  return bounds;
}

// The index at a schema that is coarser by `steps`: bucket i goes up into ceil(i / 2^steps).
int32_t Coarser(int32_t index, int steps) { return ((index - 1) >> steps) + 1; }

void Halve(std::vector<Sketch::Bucket>* buckets, int steps) {
  size_t kept = 0;
  for (size_t i = 0; i < buckets->size(); ++i) {
    Sketch::Bucket bucket = (*buckets)[i];
    bucket.index = Coarser(bucket.index, steps);
    if (kept > 0 && (*buckets)[kept - 1].index == bucket.index) {
      Sketch::Bucket& into = (*buckets)[kept - 1];
      into.count += bucket.count;
      into.greatest = bucket.greatest;  // they stand by size
    } else {
      (*buckets)[kept++] = bucket;
    }
  }
  buckets->resize(kept);
}

double Middle(const Sketch::Bucket& bucket) {
  if (bucket.least == bucket.greatest) return bucket.least;
  return bucket.least + (bucket.greatest - bucket.least) / 2;
}

uint64_t CountOf(const std::vector<Sketch::Bucket>& buckets) {
  uint64_t count = 0;
  for (const Sketch::Bucket& bucket : buckets) count += bucket.count;
  return count;
}

void SaveBuckets(const std::vector<Sketch::Bucket>& buckets, std::string* out) {
  AppendPacked(buckets.size(), out);
  for (const Sketch::Bucket& bucket : buckets) {
    AppendPacked(static_cast<uint32_t>(bucket.index), out);
    AppendPacked(bucket.count, out);
    AppendPacked(std::bit_cast<uint64_t>(bucket.least), out);
    AppendPacked(std::bit_cast<uint64_t>(bucket.greatest), out);
  }
}

bool RestoreBuckets(PackedReader* reader, std::vector<Sketch::Bucket>* buckets) {
  const uint64_t size = reader->Number();
  int64_t last = std::numeric_limits<int64_t>::min();
  for (uint64_t i = 0; i < size && reader->ok(); ++i) {
    Sketch::Bucket bucket;
    bucket.index = static_cast<int32_t>(static_cast<uint32_t>(reader->Number()));
    bucket.count = reader->Number();
    bucket.least = std::bit_cast<double>(reader->Number());
    bucket.greatest = std::bit_cast<double>(reader->Number());
    const bool good = bucket.index > last && std::isfinite(bucket.least) &&
                      std::isfinite(bucket.greatest) && bucket.count > 0;
    if (!good) return false;
    last = bucket.index;
    buckets->push_back(bucket);
  }
  return reader->ok();
}

}  // namespace

int32_t SketchIndex(double size, int schema) {
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);
  const auto& bounds = FinestBounds();
  const auto within = std::lower_bound(bounds.begin(), bounds.end(), fraction) - bounds.begin();
  const auto finest = static_cast<int32_t>(within) + (exponent - 1) * static_cast<int32_t>(kFinest);
  return Coarser(finest, SketchShape::kSchemaMost - schema);
}

void Sketch::AddTo(std::vector<Bucket>* buckets, const Bucket& more) {
  auto at = std::lower_bound(buckets->begin(), buckets->end(), more.index,
                             [](const Bucket& b, int32_t index) { return b.index < index; });
  if (at == buckets->end() || at->index != more.index) {
    buckets->insert(at, more);
    return;
  }
  at->count += more.count;
  at->least = std::min(at->least, more.least);
  at->greatest = std::max(at->greatest, more.greatest);
}

void Sketch::Add(double value, const SketchShape& shape) {
  assert(std::isfinite(value));
  const double size = std::abs(value);
  if (size <= shape.zero_threshold || size == 0) {
    ++zeros_;
    return;
  }
  AddTo(value > 0 ? &positive_ : &negative_,
        {.index = SketchIndex(size, schema_), .count = 1, .least = size, .greatest = size});
  Bound(shape);
}

void Sketch::Merge(const Sketch& other, const SketchShape& shape) {
  if (other.schema_ < schema_) Reduce(other.schema_);
  const int steps = other.schema_ - schema_;
  zeros_ += other.zeros_;
  const auto merge = [steps](const std::vector<Bucket>& from, std::vector<Bucket>* into) {
    for (Bucket bucket : from) {
      bucket.index = Coarser(bucket.index, steps);
      AddTo(into, bucket);
    }
  };
  merge(other.positive_, &positive_);
  merge(other.negative_, &negative_);
  Bound(shape);
}

void Sketch::Reduce(int schema) {
  Halve(&positive_, schema_ - schema);
  Halve(&negative_, schema_ - schema);
  schema_ = schema;
}

void Sketch::Bound(const SketchShape& shape) {
  while (positive_.size() + negative_.size() > shape.buckets_max &&
         schema_ > SketchShape::kSchemaLeast) {
    Reduce(schema_ - 1);
  }
}

uint64_t Sketch::count() const { return zeros_ + CountOf(positive_) + CountOf(negative_); }

double Sketch::Quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = std::ceil(q * static_cast<double>(total));
  uint64_t left = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, total);
  for (auto at = negative_.rbegin(); at != negative_.rend(); ++at) {
    if (left <= at->count) return -Middle(*at);
    left -= at->count;
  }
  if (left <= zeros_) return 0;
  left -= zeros_;
  for (const Bucket& bucket : positive_) {
    if (left <= bucket.count) return Middle(bucket);
    left -= bucket.count;
  }
  return Middle(positive_.back());
}

void Sketch::Save(std::string* out) const {
  AppendPacked(static_cast<uint64_t>(schema_ - SketchShape::kSchemaLeast), out);
  AppendPacked(zeros_, out);
  SaveBuckets(positive_, out);
  SaveBuckets(negative_, out);
}

bool Sketch::Restore(PackedReader* reader) {
  const uint64_t schema = reader->Number();
  if (schema > SketchShape::kSchemaMost - SketchShape::kSchemaLeast) return false;
  schema_ = static_cast<int>(schema) + SketchShape::kSchemaLeast;
  zeros_ = reader->Number();
  return RestoreBuckets(reader, &positive_) && RestoreBuckets(reader, &negative_);
}

}  // namespace parshall::metrics
