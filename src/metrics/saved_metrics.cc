#include "metrics/saved_metrics.h"

#include <algorithm>
#include <utility>

#include "metrics/label_text.h"
#include "metrics/saved_notes.h"
#include "metrics/store.h"

namespace parshall::metrics {
namespace {

// The labels that every series of this program carries, as they stand at the end of its text.
std::string ConstantsText(const Layout& layout) {
  std::string text;
  for (const auto& [name, value] : layout.constants) AppendLabel(name, value, &text);
  return text;
}

// `labels` without the constants; the constants may be others in the next run.
std::string WithoutConstants(const std::string& labels, const std::string& constants) {
  if (constants.empty() || !labels.ends_with(constants)) return labels;
  size_t size = labels.size() - constants.size();
  if (size > 0) --size;  // the comma
  return labels.substr(0, size);
}

std::string WithConstants(const std::string& labels, const std::string& constants) {
  if (labels.empty() || constants.empty()) return labels + constants;
  return labels + "," + constants;
}

// Tells the groups of a layout apart by what the operator wrote of them.
std::string GroupKey(const Layout& layout, const Group& group) {
  std::string key;
  const auto add = [&key](std::string_view word) {
    key += word;
    key += '\n';
  };
  for (const Step& step : group.steps) add(layout.families[step.family].name);
  for (const uint32_t label : group.field_labels) {
    add(group.labels[label].name + "=" + group.labels[label].field);
  }
  for (const std::string& rule : group.rules) add("rule " + rule);
  for (const rules::Condition& condition : group.when) {
    add("when " + condition.field);
    for (const std::string& value : condition.values) add(value);
  }
  return key;
}

// Whether a metric of the group was in the saved one too, with the same labels.
bool IsRelated(const Layout& layout, const Group& group, const SavedGroup& saved) {
  if (saved.labels.size() != group.field_labels.size()) return false;
  const std::string lines = "\n" + saved.key;
  const auto has = [&lines](const std::string& line) {
    return lines.find("\n" + line + "\n") != std::string::npos;
  };
  for (size_t n = 0; n < saved.labels.size(); ++n) {
    const auto& label = group.labels[group.field_labels[n]];
    if (saved.labels[n].name != label.name || !has(label.name + "=" + label.field)) return false;
  }
  return std::any_of(group.steps.begin(), group.steps.end(),
                     [&](const Step& step) { return has(layout.families[step.family].name); });
}

// The saved group whose label values this one goes on with: the same one, or else one that has
// gained or lost a metric or a rule meanwhile.
const SavedGroup* PredecessorOf(const Layout& layout, const Group& group,
                                const std::vector<SavedGroup>& saved) {
  const std::string key = GroupKey(layout, group);
  for (const SavedGroup& candidate : saved) {
    if (candidate.key == key && candidate.labels.size() == group.field_labels.size())
      return &candidate;
  }
  for (const SavedGroup& candidate : saved) {
    if (IsRelated(layout, group, candidate)) return &candidate;
  }
  return nullptr;
}

std::vector<double> BoundsOf(const Family& family) {
  return family.cell_kind == CellKind::kHistogram ? family.buckets.bounds() : std::vector<double>();
}

// What tells series of a family apart; the cells of a state set mean something by its states only.
std::vector<std::string> NamesOf(const Family& family) {
  std::vector<std::string> names = family.label_names;
  for (const std::string& state : family.states) names.push_back("state " + state);
  // The buckets of a native histogram hold what its count says, or they are no use.
  if (family.sketch && family.kind == rules::MetricKind::kHistogram) names.push_back("native");
  return names;
}

}  // namespace

SavedMetrics Save(const Snapshot& snapshot) {
  const Layout& layout = snapshot.layout();
  const std::string constants = ConstantsText(layout);
  SavedMetrics saved;
  for (size_t index = 0; index < layout.families.size(); ++index) {
    const Family& family = layout.families[index];
    SavedFamily& into = saved.families.emplace_back();
    into.name = family.name;
    into.cell_kind = static_cast<uint8_t>(family.cell_kind);
    into.label_names = NamesOf(family);
    into.bounds = BoundsOf(family);
    into.cell_count = family.cell_count;
    snapshot.ForEachRow(family, [&](const Row& row) {
      into.rows.push_back(
          {WithoutConstants(row.series->labels, constants), row.series->created_ms});
      into.cells.insert(into.cells.end(), row.cells, row.cells + family.cell_count);
    });
    SaveNotes(snapshot, family, &saved.notes);
    const auto& rejected = snapshot.tallies()[index].rejected;
    into.rejected.assign(rejected.begin(), rejected.end());
  }
  for (uint32_t index = 0; index < layout.groups.size(); ++index) {
    const Group& group = layout.groups[index];
    SavedGroup& into = saved.groups.emplace_back();
    into.key = GroupKey(layout, group);
    for (uint32_t n = 0; n < group.field_labels.size(); ++n) {
      into.labels.push_back({.name = group.labels[group.field_labels[n]].name,
                             .values = snapshot.LearnedValues(index, n),
                             .overflow = snapshot.overflow()[index][n]});
    }
  }
  return saved;
}

std::vector<std::string> Store::Restore(const SavedMetrics& saved, std::string_view before) {
  std::vector<std::string> notices;
  Shard& shard = AddShard();
  RestoreTemplates(saved.notes);
  RestoreGroups(saved.groups, &shard);
  for (const SavedFamily& from : saved.families) {
    const auto family =
        std::find_if(layout_.families.begin(), layout_.families.end(),
                     [&](const Family& candidate) { return candidate.name == from.name; });
    if (family == layout_.families.end()) {
      if (!from.rows.empty()) {
        notices.push_back("the metric \"" + from.name + "\" is in " + std::string(before) +
                          " but no longer in the rules; its series are gone");
      }
      continue;
    }
    const bool same = static_cast<uint8_t>(family->cell_kind) == from.cell_kind &&
                      family->cell_count == from.cell_count &&
                      NamesOf(*family) == from.label_names && BoundsOf(*family) == from.bounds &&
                      from.cells.size() == from.rows.size() * from.cell_count;
    if (!same) {
      notices.push_back("the metric \"" + from.name +
                        "\" has other labels, buckets or another kind than in " +
                        std::string(before) + "; it begins at 0");
      continue;
    }
    const std::vector<uint32_t> series = RestoreFamily(from, *family, &shard);
    RestoreNotes(from, *family, saved.notes, series, &shard);
  }
  return notices;
}

// Returns the series of each row.
std::vector<uint32_t> Store::RestoreFamily(const SavedFamily& saved, const Family& family,
                                           Shard* shard) {
  std::vector<uint32_t> all;
  const std::string constants = ConstantsText(layout_);
  const uint32_t block_cells = layout_.spaces[family.space].block_cells;
  const std::lock_guard lock(shard->mutex_);
  for (size_t n = 0; n < saved.rows.size(); ++n) {
    const uint32_t series = registry_.RestoreSeries(
        family.space, WithConstants(saved.rows[n].labels, constants), saved.rows[n].created_ms);
    all.push_back(series);
    shard->Ensure(family.space, series);
    uint64_t* const cells = shard->spaces_[family.space].cells.data() +
                            size_t{series} * block_cells + family.cell_first;
    std::copy_n(saved.cells.data() + n * saved.cell_count, saved.cell_count, cells);
    if (layout_.spaces[family.space].mortal()) {
      SeriesLife& life = shard->LifeOf(family.space, series);
      life.touched = 1;
      life.touched_ms = std::max(life.touched_ms, saved.rows[n].created_ms);
    }
    // Older than whatever comes: a gauge's second cell says which batch set it.
    if (LatestWins(family.cell_kind)) cells[1] = 1;
  }
  auto& rejected = shard->tallies_[static_cast<size_t>(&family - layout_.families.data())].rejected;
  std::copy_n(saved.rejected.begin(), std::min(saved.rejected.size(), rejected.size()),
              rejected.begin());
  return all;
}

void Store::RestoreGroups(const std::vector<SavedGroup>& saved, Shard* shard) {
  for (uint32_t index = 0; index < layout_.groups.size(); ++index) {
    const Group& group = layout_.groups[index];
    const SavedGroup* const from = PredecessorOf(layout_, group, saved);
    if (from == nullptr) continue;
    const std::lock_guard lock(shard->mutex_);
    for (uint32_t n = 0; n < from->labels.size(); ++n) {
      registry_.Learn(index, n, from->labels[n].values);
      shard->overflow_[index][n] = from->labels[n].overflow;
    }
  }
}

}  // namespace parshall::metrics
