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
    case Rejection::kUnknownState:
      return "unknown_state";
    case Rejection::kRelabelled:
      return "relabel";
    case Rejection::kNameTaken:
      return "name_taken";
    case Rejection::kNoLabels:
      return "labels_from";
  }
  return "unknown";
}

Shard::Shard(const Layout& layout, const ScrapeGate& gate) : layout_(layout), gate_(gate) {
  for (const Space& space : layout.spaces) {
    spaces_.emplace_back();
    spaces_.back().block_cells = space.block_cells;
  }
  for (const Family& family : layout.families) {
    const bool histogram = family.kind == rules::MetricKind::kHistogram;
    exemplars_.emplace_back(histogram ? family.buckets.count() : 1);
    sketches_.emplace_back(family.sketch ? &*family.sketch : nullptr);
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

void Shard::MergeSeries(uint32_t space, uint32_t from, uint32_t to) {
  Cells& cells = spaces_[space];
  if ((size_t{from} + 1) * cells.block_cells > cells.cells.size()) return;  // never counted here
  Ensure(space, to);
  for (const uint32_t index : layout_.spaces[space].families) {
    const Family& family = layout_.families[index];
    exemplars_[index].Move(from, to);
    sketches_[index].Move(from, to);
    MergeCells(
        family.cell_kind, cells.cells.data() + size_t{from} * cells.block_cells + family.cell_first,
        family.cell_count, cells.cells.data() + size_t{to} * cells.block_cells + family.cell_first);
  }
  if (from < cells.lives.size()) {
    const SeriesLife life = cells.lives[from];
    SeriesLife& into = LifeOf(space, to);
    into.touched_ms = std::max(into.touched_ms, life.touched_ms);
    into.touched = std::max(into.touched, life.touched);
  }
  Clear(space, from);
}

void Shard::Clear(uint32_t space, uint32_t series) {
  Cells& cells = spaces_[space];
  const size_t first = size_t{series} * cells.block_cells;
  if (first < cells.cells.size()) std::fill_n(cells.cells.data() + first, cells.block_cells, 0);
  if (series < cells.lives.size()) cells.lives[series] = {};
  for (const uint32_t family : layout_.spaces[space].families) {
    exemplars_[family].Forget(series);
    sketches_[family].Forget(series);
  }
}

}  // namespace parshall::metrics
