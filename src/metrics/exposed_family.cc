#include "metrics/exposed_family.h"

#include <algorithm>
#include <utility>

namespace parshall::metrics {
namespace {

// Rows come by label text, so by name, and those without labels first.
void AppendRuns(const Snapshot& snapshot, const Family& family, std::vector<ExposedFamily>* out) {
  const size_t begin = out->size();
  snapshot.ForEachRow(family, [&](const Row& row) {
    const std::string_view name = row.name.empty() ? std::string_view(family.name) : row.name;
    const bool labelled = !row.labels.empty();
    const bool same_name = out->size() > begin && out->back().name == name;
    if (!same_name || out->back().labelled != labelled) {
      out->push_back({.name = std::string(name),
                      .family = &family,
                      .labelled = labelled,
                      .first = !same_name,
                      .listed = true,
                      .rows = {}});
    }
    out->back().rows.push_back(row);
  });
}

}  // namespace

std::vector<ExposedFamily> ExposedFamilies(const Snapshot& snapshot) {
  std::vector<ExposedFamily> exposed;
  const bool constants = !snapshot.layout().constants.empty();
  for (const Family& family : snapshot.families()) {
    if (family.own_names || family.relabelled || family.from_object) {
      AppendRuns(snapshot, family, &exposed);
      continue;
    }
    exposed.push_back({.name = family.name,
                       .family = &family,
                       .labelled = !family.label_names.empty() || constants,
                       .first = true,
                       .listed = false,
                       .rows = {}});
  }
  std::stable_sort(exposed.begin(), exposed.end(),
                   [](const ExposedFamily& a, const ExposedFamily& b) { return a.name < b.name; });
  return exposed;
}

}  // namespace parshall::metrics
