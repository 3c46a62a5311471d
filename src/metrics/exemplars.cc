#include "metrics/exemplars.h"

#include <utility>

#include "metrics/label_text.h"

namespace parshall::metrics {

void Exemplars::Put(uint32_t series, uint32_t cell, std::string_view raw_id, Exemplar exemplar) {
  if (raw_id.empty() || raw_id.size() > kIdBytesMax) return;
  std::string scratch;
  exemplar.id = LabelValue(raw_id, &scratch);
  Keep(Key(series, cell), std::move(exemplar));
}

void Exemplars::Keep(uint64_t key, Exemplar exemplar) {
  const auto at = by_cell_.find(key);
  if (at == by_cell_.end()) {
    if (by_cell_.size() < kExemplarsMax) by_cell_.emplace(key, std::move(exemplar));
  } else if (exemplar.sequence >= at->second.sequence) {
    at->second = std::move(exemplar);
  }
}

const Exemplar* Exemplars::Find(uint32_t series, uint32_t cell) const {
  const auto at = by_cell_.find(Key(series, cell));
  return at == by_cell_.end() ? nullptr : &at->second;
}

void Exemplars::Forget(uint32_t series) {
  if (by_cell_.empty()) return;
  for (uint32_t cell = 0; cell < cells_; ++cell) by_cell_.erase(Key(series, cell));
}

void Exemplars::Move(uint32_t from, uint32_t to) {
  if (by_cell_.empty()) return;
  for (uint32_t cell = 0; cell < cells_; ++cell) {
    auto node = by_cell_.extract(Key(from, cell));
    if (!node.empty()) Keep(Key(to, cell), std::move(node.mapped()));
  }
}

void Exemplars::Merge(const Exemplars& other) {
  for (const auto& [key, exemplar] : other.by_cell_) Keep(key, exemplar);
}

}  // namespace parshall::metrics
