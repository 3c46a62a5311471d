#include "metrics/sketches.h"

#include <algorithm>
#include <utility>

namespace parshall::metrics {

// Makes it, and lets those go that are out of the window of what is there then.
Sketches::Part& Sketches::PartOf(Parts* parts, int64_t number) {
  if (!parts->empty() && parts->back().number == number) return parts->back();
  auto at = std::lower_bound(parts->begin(), parts->end(), number,
                             [](const Part& part, int64_t wanted) { return part.number < wanted; });
  if (at == parts->end() || at->number != number) {
    at = parts->insert(at, {.number = number, .sketch = Sketch(spec_->shape.schema)});
  }
  if (number <= parts->back().number - int64_t{spec_->parts}) {
    // The clock was set back by more than the window, which begins anew.
    parts->assign(1, {.number = number, .sketch = Sketch(spec_->shape.schema)});
    return parts->front();
  }
  const int64_t first = parts->back().number - spec_->parts + 1;
  std::erase_if(*parts, [first](const Part& part) { return part.number < first; });
  return *std::find_if(parts->begin(), parts->end(),
                       [number](const Part& part) { return part.number == number; });
}

void Sketches::Add(uint32_t series, double value, int64_t now_ms) {
  if (series >= series_.size()) {
    series_.resize(std::max<size_t>(size_t{series} + 1, 2 * series_.size()));
  }
  PartOf(&series_[series], PartAt(now_ms)).sketch.Add(value, spec_->shape);
}

Sketch Sketches::At(uint32_t series, int64_t now_ms) const {
  Sketch all(spec_->shape.schema);
  if (series >= series_.size()) return all;
  const int64_t last = PartAt(now_ms);
  for (const Part& part : series_[series]) {
    if (part.number > last - int64_t{spec_->parts}) all.Merge(part.sketch, spec_->shape);
  }
  return all;
}

void Sketches::Forget(uint32_t series) {
  if (series < series_.size()) Parts().swap(series_[series]);
}

void Sketches::Move(uint32_t from, uint32_t to) {
  if (from >= series_.size() || series_[from].empty()) return;
  if (to >= series_.size()) series_.resize(size_t{to} + 1);
  MergeInto(&series_[to], series_[from]);
  Forget(from);
}

void Sketches::Merge(const Sketches& other) {
  if (other.series_.size() > series_.size()) series_.resize(other.series_.size());
  for (size_t n = 0; n < other.series_.size(); ++n) MergeInto(&series_[n], other.series_[n]);
}

void Sketches::MergeInto(Parts* into, const Parts& from) {
  if (into->empty()) {
    *into = from;
    return;
  }
  for (const Part& part : from) {
    if (part.number <= into->back().number - int64_t{spec_->parts}) continue;
    PartOf(into, part.number).sketch.Merge(part.sketch, spec_->shape);
  }
}

size_t Sketches::bytes() const {
  size_t bytes = series_.capacity() * sizeof(Parts);
  for (const Parts& parts : series_) {
    for (const Part& part : parts) bytes += sizeof part.number + part.sketch.bytes();
  }
  return bytes;
}

void Sketches::Save(uint32_t series, std::string* out) const {
  if (series >= series_.size()) {
    AppendPacked(0, out);
    return;
  }
  AppendPacked(series_[series].size(), out);
  for (const Part& part : series_[series]) {
    AppendPacked(static_cast<uint64_t>(part.number), out);
    part.sketch.Save(out);
  }
}

bool Sketches::Restore(uint32_t series, PackedReader* reader) {
  Parts parts;
  const uint64_t count = reader->Number();
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    Sketch sketch(spec_->shape.schema);
    const auto number = static_cast<int64_t>(reader->Number());
    if (!sketch.Restore(reader)) return false;
    PartOf(&parts, number).sketch.Merge(sketch, spec_->shape);
  }
  if (!reader->ok()) return false;
  if (series >= series_.size()) series_.resize(size_t{series} + 1);
  MergeInto(&series_[series], parts);
  return true;
}

}  // namespace parshall::metrics
