#include "metrics/saved_notes.h"

#include <algorithm>

#include "metrics/label_text.h"
#include "metrics/packed.h"
#include "metrics/store.h"

namespace parshall::metrics {
namespace {

// "lives NAME": series expired, deleted; then for each row the ms since which it was not counted,
// before the moment at which it was.
std::string LivesKey(const Family& family) { return "lives " + family.name; }

// "template NAME LABEL": what the templates of the label know.
std::string TemplateKey(const Family& family, uint32_t place) {
  return "template " + family.name + " " + family.label_names[place];
}

// "sketches NAME": for each row its sketches.
std::string SketchesKey(const Family& family) { return "sketches " + family.name; }

}  // namespace

const std::string* FindNote(const Notes& notes, std::string_view key) {
  const auto at = std::find_if(notes.begin(), notes.end(),
                               [key](const auto& note) { return note.first == key; });
  return at == notes.end() ? nullptr : &at->second;
}

void SaveNotes(const Snapshot& snapshot, const Family& family, Notes* notes) {
  const Space& space = snapshot.layout().spaces[family.space];
  // All families of a space share their templates.
  if (&family == &snapshot.families()[space.families.front()]) {
    for (const uint32_t place : space.template_labels) {
      notes->emplace_back(TemplateKey(family, place), snapshot.SavedTemplates(family.space, place));
    }
  }
  if (const Sketches* sketches = snapshot.SketchesOf(family); sketches != nullptr) {
    std::string saved;
    snapshot.ForEachRow(family,
                        [&](const Row& row) { sketches->Save(row.series->number, &saved); });
    notes->emplace_back(SketchesKey(family), std::move(saved));
  }
  if (!snapshot.layout().spaces[family.space].mortal()) return;
  std::string lives;
  AppendPacked(snapshot.gone()[family.space].expired, &lives);
  AppendPacked(snapshot.gone()[family.space].deleted, &lives);
  snapshot.ForEachRow(family, [&](const Row& row) {
    AppendPacked(static_cast<uint64_t>(snapshot.TouchedMs(family, row)), &lives);
  });
  notes->emplace_back(LivesKey(family), std::move(lives));
}

void Store::RestoreTemplates(const Notes& notes) {
  for (const Family& family : layout_.families) {
    for (const uint32_t place : layout_.spaces[family.space].template_labels) {
      if (const std::string* note = FindNote(notes, TemplateKey(family, place)); note != nullptr) {
        registry_.RestoreTemplates(family.space, place, *note);
      }
    }
  }
}

// The family was restored: its rows have their series.
void Store::RestoreNotes(const SavedFamily& saved, const Family& family, const Notes& notes,
                         std::span<const uint32_t> series, Shard* shard) {
  const std::string* const sketches = FindNote(notes, SketchesKey(family));
  if (sketches != nullptr && family.sketch) {
    PackedReader reader(*sketches);
    const std::lock_guard lock(shard->mutex_);
    Sketches& into = shard->sketches_[static_cast<size_t>(&family - layout_.families.data())];
    for (const uint32_t number : series) {
      if (!into.Restore(number, &reader)) break;
    }
  }
  if (!layout_.spaces[family.space].mortal()) return;
  const std::string* note = FindNote(notes, LivesKey(family));
  if (note == nullptr) return;
  PackedReader reader(*note);
  Snapshot::Gone gone;
  gone.expired = reader.Number();
  gone.deleted = reader.Number();
  const std::lock_guard lock(shard->mutex_);
  for (size_t n = 0; n < saved.rows.size() && n < series.size(); ++n) {
    const auto touched_ms = static_cast<int64_t>(reader.Number());
    SeriesLife& life = shard->LifeOf(family.space, series[n]);
    life.touched_ms = std::max(life.touched_ms, touched_ms);
  }
  if (reader.ok()) gone_[family.space] = gone;  // all families of a space say the same
}

}  // namespace parshall::metrics
