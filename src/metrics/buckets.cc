#include "metrics/buckets.h"

#include <limits>
#include <utility>

namespace parshall::metrics {
namespace {

constexpr uint32_t kOctaveBoundsMax = 8;

}  // namespace

Buckets::Buckets(std::vector<double> bounds) : bounds_(std::move(bounds)) {
  if (bounds_.empty() || bounds_.front() < std::numeric_limits<double>::min()) return;
  const auto octave_of = [](double bound) { return std::bit_cast<int64_t>(bound) >> 52; };
  octave_first_ = octave_of(bounds_.front());
  const int64_t octaves = octave_of(bounds_.back()) - octave_first_ + 2;  // one beyond the last
  by_octave_.resize(static_cast<size_t>(octaves));
  for (int64_t octave = 0; octave < octaves; ++octave) {
    const auto below = [&](double bound) { return octave_of(bound) - octave_first_ < octave; };
    const auto count = std::count_if(bounds_.begin(), bounds_.end(), below);
    const auto at = static_cast<size_t>(octave);
    by_octave_[at] = static_cast<uint32_t>(count);
    if (at > 0) {
      octave_bounds_max_ = std::max(octave_bounds_max_, by_octave_[at] - by_octave_[at - 1]);
    }
  }
  if (octave_bounds_max_ > kOctaveBoundsMax) {
    by_octave_.clear();  // narrow buckets: a binary search needs fewer compares
    return;
  }
  octave_last_ = octaves - 1;
  padded_ = bounds_;
  padded_.resize(bounds_.size() + octave_bounds_max_ + 1, std::numeric_limits<double>::infinity());
}

}  // namespace parshall::metrics
