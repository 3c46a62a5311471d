// The part of the registry that knows templates: labels whose values are renamed as they are
// learned.

#include <algorithm>
#include <utility>

#include "metrics/label_text.h"
#include "metrics/registry.h"

namespace parshall::metrics {

Registry::Templates* Registry::TemplatesAt(uint32_t space, uint32_t place) {
  for (Templates& templates : templates_[space]) {
    if (templates.place == place) return &templates;
  }
  return nullptr;
}

std::vector<std::string> Registry::LearnedTemplates(uint32_t space, uint32_t place) const {
  const std::lock_guard lock(mutex_);
  for (const Templates& templates : templates_[space]) {
    if (templates.place == place) return templates.paths->Templates();
  }
  return {};
}

std::string Registry::SavedTemplates(uint32_t space, uint32_t place) const {
  std::string saved;
  const std::lock_guard lock(mutex_);
  for (const Templates& templates : templates_[space]) {
    if (templates.place == place) templates.paths->Save(&saved);
  }
  return saved;
}

bool Registry::RestoreTemplates(uint32_t space, uint32_t place, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Templates* templates = TemplatesAt(space, place);
  if (templates == nullptr || templates->restored) return false;
  PackedReader reader(bytes);
  templates->restored = templates->paths->Restore(&reader);
  return templates->restored;
}

// The texts that stand for many are no paths.
bool Registry::IsOther(uint32_t space, uint32_t place, std::string_view text) const {
  for (size_t group = 0; group < layout_.groups.size(); ++group) {
    const Group& spec = layout_.groups[group];
    if (spec.space != space) continue;
    const auto field = std::find(spec.field_labels.begin(), spec.field_labels.end(), place);
    if (field == spec.field_labels.end()) continue;
    const LabelValues& values =
        *labels_[group][static_cast<size_t>(field - spec.field_labels.begin())];
    if (text == values.text(LabelValues::kOther) || text == values.text(LabelValues::kOverflow)) {
      return true;
    }
  }
  return false;
}

std::string Registry::RenamedLabels(uint32_t space, std::string_view labels) const {
  std::string renamed;
  uint32_t place = 0;
  ForEachLabel(labels, [&](std::string_view name, std::string_view escaped) {
    std::string text = UnescapeLabel(escaped);
    for (const Templates& templates : templates_[space]) {
      if (templates.place == place && !IsOther(space, place, text)) {
        text = templates.paths->Now(text);
      }
    }
    AppendLabel(name, text, &renamed);
    ++place;
  });
  return renamed;
}

std::vector<Registry::Renamed> Registry::Rename(uint32_t space_index) {
  std::vector<Renamed> renamed;
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (Templates& templates : templates_[space_index]) {
    changed = changed || templates.version != templates.paths->version();
    templates.version = templates.paths->version();
  }
  if (!changed) return renamed;
  SeriesSpace& space = spaces_[space_index];
  const uint32_t end = space.numbers_end();
  for (uint32_t from = 0; from < end; ++from) {
    if (space.at(from) == nullptr) continue;
    const Series series = *space.at(from);
    std::string labels = RenamedLabels(space_index, series.labels);
    if (labels == series.labels) continue;
    uint32_t to = space.Find(labels);
    if (to == SeriesSpace::kNone) {
      to = space.Add(std::move(labels), series.created_ms);
      ++series_total_;
    } else if (series.created_ms < space.at(to)->created_ms) {
      space.SetCreated(to, series.created_ms);
    }
    if (!series.initial.empty()) {
      std::vector<uint32_t> families = space.at(to)->initial;
      families.insert(families.end(), series.initial.begin(), series.initial.end());
      space.SetInitial(to, std::move(families));
    }
    renamed.push_back({from, to});
  }
  return renamed;
}

}  // namespace parshall::metrics
