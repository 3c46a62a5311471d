#include "records/shape_builder.h"

#include <algorithm>

namespace parshall::records {

uint8_t ShapeBuilder::BitsFor(const ByteSet& set) {
  for (const auto& [known, bits] : known_) {
    if (known == set) return bits;
  }
  // Rows: for each high nibble, which low nibbles are in. Equal rows make one rectangle.
  std::vector<std::pair<uint16_t, uint16_t>> rectangles;  // low nibbles, high nibbles
  for (unsigned high = 0; high < 16; ++high) {
    uint16_t row = 0;
    for (unsigned low = 0; low < 16; ++low) {
      if (set.Has(static_cast<unsigned char>(high * 16 + low)))
        row |= static_cast<uint16_t>(1u << low);
    }
    if (row == 0) continue;
    const auto same = std::find_if(rectangles.begin(), rectangles.end(),
                                   [row](const auto& r) { return r.first == row; });
    if (same != rectangles.end()) {
      same->second |= static_cast<uint16_t>(1u << high);
    } else {
      rectangles.emplace_back(row, static_cast<uint16_t>(1u << high));
    }
  }
  if (rectangles.empty() || used_ + rectangles.size() > 8) return 0;
  uint8_t bits = 0;
  for (const auto& [lows, highs] : rectangles) {
    const auto bit = static_cast<uint8_t>(1u << used_++);
    bits |= bit;
    for (unsigned n = 0; n < 16; ++n) {
      if (lows & (1u << n)) low_[n] |= bit;
      if (highs & (1u << n)) high_[n] |= bit;
    }
  }
  known_.emplace_back(set, bits);
  return bits;
}

void ShapeBuilder::Fill(PlanShape* shape) const {
  for (size_t n = 0; n < 16; ++n) {
    shape->low[n] = shape->low[n + 16] = low_[n];
    shape->high[n] = shape->high[n + 16] = high_[n];
  }
}

}  // namespace parshall::records
