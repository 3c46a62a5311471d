#include "metrics/snapshot.h"

#include <utility>

#include "metrics/store.h"

namespace parshall::metrics {

Snapshot::Snapshot(std::shared_ptr<const Store> store, const Layout& layout)
    : store_(std::move(store)), layout_(&layout), spaces_(layout.spaces.size()) {}

std::vector<std::string> Snapshot::LearnedValues(uint32_t group, uint32_t label) const {
  return store_->registry().LearnedValues(group, label);
}

std::vector<std::string> Snapshot::LearnedTemplates(uint32_t group, uint32_t label) const {
  const Group& spec = layout_->groups[group];
  return store_->registry().LearnedTemplates(spec.space, spec.field_labels[label]);
}

std::string Snapshot::SavedTemplates(uint32_t space, uint32_t place) const {
  return store_->registry().SavedTemplates(space, place);
}

Snapshot::LabelUse Snapshot::UseOf(uint32_t group, uint32_t label) const {
  const auto [values, values_max] = store_->registry().UseOf(group, label);
  return {values, values_max};
}

size_t Snapshot::bytes() const {
  size_t bytes = sizeof *this;
  for (const SpaceCells& space : spaces_) {
    bytes += space.cells.capacity() * sizeof(uint64_t);
    bytes += space.touched_ms.capacity() * sizeof(int64_t);
  }
  for (const Sketches& sketches : sketches_) bytes += sketches.bytes();
  return bytes;
}

uint64_t ObservationCount(const Family& family, const uint64_t* cells) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < family.buckets.count(); ++i) count += cells[i];
  return count;
}

std::optional<double> Snapshot::ValueOf(std::string_view name, std::string_view labels) const {
  std::optional<double> value;
  for (const Family& family : families()) {
    if (family.name != name) continue;
    ForEachRow(family, [&](const Row& row) {
      if (row.series->labels != labels) return;
      if (family.cell_kind == CellKind::kCount) {
        value = static_cast<double>(row.cells[0]);
      } else if (family.cell_kind == CellKind::kHistogram) {
        value = static_cast<double>(ObservationCount(family, row.cells));
      } else if (family.cell_kind == CellKind::kSummary) {
        value = static_cast<double>(row.cells[1]);
      } else {
        value = AsDouble(row.cells[0]);
      }
    });
  }
  return value;
}

}  // namespace parshall::metrics
