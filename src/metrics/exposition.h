#pragma once
// What both text expositions share: the families of the rules and the program's own, in one order.
// text_format.h and openmetrics.h are the doors to a whole body; what shall be sent while it is
// printed takes the parts.

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "metrics/exposed_family.h"
#include "metrics/snapshot.h"

namespace parshall::metrics {

enum class Dialect : uint8_t { kText, kOpenMetrics };

// A body in parts that can be printed each by itself, in any order and again: one after the other
// they are the body, families by name and their series by label text. A moment takes a small part
// of the memory that its text would. Immutable; any thread.
class PartedExposition {
 public:
  // `snapshot` must outlive it. `own` may stand in any order; the constant labels of the store are
  // put on them too.
  PartedExposition(const Snapshot& snapshot, std::vector<prometheus::MetricFamily> own,
                   Dialect dialect);
  PartedExposition(const PartedExposition&) = delete;
  PartedExposition& operator=(const PartedExposition&) = delete;

  // At least one.
  size_t part_count() const { return parts_.size(); }
  // Some kPartBytes; more if one series has more.
  void AppendPart(size_t part, std::string* out) const;

  // About how many bytes all parts are.
  size_t text_bytes() const { return text_bytes_; }
  // About how many it holds itself, beside the snapshot.
  size_t bytes() const;

  // Large enough that handing a part on costs nothing beside printing it, small enough for some
  // hundred slow readers to have one each.
  static constexpr size_t kPartBytes = size_t{96} << 10;

 private:
  // Some rows of a family of the rules, or a family of the program's own.
  struct Run {
    const prometheus::MetricFamily* own = nullptr;
    const ExposedFamily* family = nullptr;
    size_t begin = 0;  // places, see ExposedFamily::ForEachRowIn
    size_t end = 0;
    bool head_due = false;  // no row of its name was printed before these
  };
  using Part = std::vector<Run>;

  void PlanOwn(const prometheus::MetricFamily& family);
  void PlanFamily(const ExposedFamily& family);
  void Count(size_t bytes);

  const Snapshot& snapshot_;
  const Dialect dialect_;
  const std::vector<prometheus::MetricFamily> own_;
  const std::vector<ExposedFamily> families_;
  std::vector<Part> parts_;
  size_t text_bytes_ = 0;
  size_t part_text_bytes_ = 0;  // of the last part; while planning
};

}  // namespace parshall::metrics
