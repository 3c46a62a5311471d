#pragma once
// Classes of bytes as unions of rectangles of nibbles, for PlanShape.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "records/byte_set.h"
#include "records/plan.h"

namespace parshall::records {

// One thread; lives while one shape is made.
class ShapeBuilder {
 public:
  // The rectangles whose union `set` is, as bits; 0 when there is no room left: all classes of one
  // shape have eight rectangles between them.
  uint8_t BitsFor(const ByteSet& set);

  // The tables that tell a byte's rectangles by its nibbles.
  void Fill(PlanShape* shape) const;

 private:
  size_t used_ = 0;
  std::array<uint8_t, 16> low_{};
  std::array<uint8_t, 16> high_{};
  std::vector<std::pair<ByteSet, uint8_t>> known_;
};

}  // namespace parshall::records
