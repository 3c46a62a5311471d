#include "metrics/shard.h"

#include <algorithm>

namespace parshall::metrics {

const char* RejectionName(Rejection rejection) {
  switch (rejection) {
    case Rejection::kNegativeStep:
      return "negative_step";
    case Rejection::kNotFinite:
      return "not_finite";
    case Rejection::kNotANumber:
      return "not_a_number";
  }
  return "unknown";
}

Shard::Shard(const Layout& layout, const ScrapeGate& gate) : gate_(gate) {
  for (const Space& space : layout.spaces) {
    spaces_.emplace_back();
    spaces_.back().block_cells = space.block_cells;
  }
  tallies_.resize(layout.families.size());
  for (const Group& group : layout.groups) {
    overflow_.emplace_back(group.field_labels.size());
    offenders_.emplace_back(group.field_labels.size());
  }
}

void Shard::Ensure(uint32_t space, uint32_t series) {
  Cells& cells = spaces_[space];
  const size_t wanted = (size_t{series} + 1) * cells.block_cells;
  if (wanted <= cells.cells.size()) return;
  const size_t grown = cells.cells.size() + cells.cells.size() / 2;
  cells.cells.resize(std::max(wanted, grown - grown % cells.block_cells));
}

void Shard::Clear(uint32_t space, uint32_t series) {
  Cells& cells = spaces_[space];
  const size_t first = size_t{series} * cells.block_cells;
  if (first < cells.cells.size()) std::fill_n(cells.cells.data() + first, cells.block_cells, 0);
  if (series < cells.lives.size()) cells.lives[series] = {};
}

}  // namespace parshall::metrics
