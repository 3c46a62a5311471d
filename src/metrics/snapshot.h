#pragma once
// One moment of all series, merged over the workers; what the expositions print.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/layout.h"
#include "metrics/registry.h"
#include "metrics/shard.h"

namespace parshall::metrics {

class Store;

// One series of a family. `series` and `cells` live as long as the snapshot.
struct Row {
  const Series* series = nullptr;
  std::string_view labels;          // those that are shown: without the metric's own name
  std::string_view name;            // that own name; empty: it is the family's
  const uint64_t* cells = nullptr;  // Family::cell_count of them, see cells.h
};

// Immutable once taken; any thread. Keeps its store alive.
class Snapshot {
 public:
  // By name.
  const std::vector<Family>& families() const { return layout_->families; }
  const Layout& layout() const { return *layout_; }

  // Calls on_row(Row) for each series of the family that is there, by label text.
  template <typename OnRow>
  void ForEachRow(const Family& family, OnRow on_row) const {
    ForEachRowIn(family, 0, kNoEnd, [&on_row](const Row& row, size_t) { on_row(row); });
  }

  // The same for some places of that order, from `begin` to before `end`: on_row(Row, place). A
  // place without a row is passed over.
  static constexpr size_t kNoEnd = static_cast<size_t>(-1);
  template <typename OnRow>
  void ForEachRowIn(const Family& family, size_t begin, size_t end, OnRow on_row) const {
    const SpaceCells& space = spaces_[family.space];
    const uint32_t block_cells = layout_->spaces[family.space].block_cells;
    const auto index = static_cast<uint32_t>(&family - families().data());
    end = std::min(end, space.order->size());
    for (size_t place = begin; place < end; ++place) {
      const Series& series = *(*space.order)[place];
      const uint64_t* cells =
          space.cells.data() + size_t{series.number} * block_cells + family.cell_first;
      if (IsThere(family.cell_kind, cells, family.cell_count) || IsInitial(series, index)) {
        on_row(RowOf(family, series, cells), place);
      }
    }
  }

  // About what it holds beyond the series themselves, which it shares.
  size_t bytes() const;

  // The exemplars of a family, by series number and bucket; null if there are none.
  const Exemplars* ExemplarsOf(const Family& family) const {
    const auto index = static_cast<size_t>(&family - families().data());
    if (index >= exemplars_.size() || exemplars_[index].empty()) return nullptr;
    return &exemplars_[index];
  }

  // The values of a row: of a native histogram all, of a summary those of its window now. The
  // family has a sketch.
  Sketch SketchOf(const Family& family, const Row& row) const {
    const auto index = static_cast<size_t>(&family - families().data());
    if (index >= sketches_.size()) return Sketch(family.sketch->shape.schema);
    return sketches_[index].At(row.series->number, now_ms_);
  }
  const Sketches* SketchesOf(const Family& family) const {
    const auto index = static_cast<size_t>(&family - families().data());
    return index < sketches_.size() && sketches_[index].any() ? &sketches_[index] : nullptr;
  }

  // When the row was last counted, as Unix time in ms; 0 if its series cannot go.
  int64_t TouchedMs(const Family& family, const Row& row) const {
    const std::vector<int64_t>& touched = spaces_[family.space].touched_ms;
    return row.series->number < touched.size() ? touched[row.series->number] : 0;
  }
  // By space: series that went because of their ttl, and because of an event.
  struct Gone {
    uint64_t expired = 0;
    uint64_t deleted = 0;
  };
  const std::vector<Gone>& gone() const { return gone_; }

  // The value of a counter or gauge, or the number of observations of a histogram; for tests and
  // comparisons. `labels` as in Series::labels: `method="GET",status="200"`.
  std::optional<double> ValueOf(std::string_view family, std::string_view labels) const;

  // By family: what was rejected and why.
  const std::vector<MeterTally>& tallies() const { return tallies_; }
  // By group and field label: records whose value was folded into `__other__`.
  const std::vector<std::vector<uint64_t>>& overflow() const { return overflow_; }
  // Likewise: their values, of one record in kOffenderEvery, since this process began.
  const std::vector<std::vector<Offenders>>& offenders() const { return offenders_; }
  // How many values of a field label have a place within its limit (as of now), and the limit.
  struct LabelUse {
    size_t values = 0;
    size_t values_max = 0;
  };
  LabelUse UseOf(uint32_t group, uint32_t label) const;
  // What the templates of a label know (as of now): all of them, for people; and for a saved
  // moment.
  std::vector<std::string> LearnedTemplates(uint32_t group, uint32_t label) const;
  std::string SavedTemplates(uint32_t space, uint32_t place) const;
  // The values of a field label of a group that have a place within its limit (as of now).
  std::vector<std::string> LearnedValues(uint32_t group, uint32_t label) const;

 private:
  friend class Store;

  struct SpaceCells {
    SeriesOrder order;
    std::vector<uint64_t> cells;      // by series number
    std::vector<int64_t> touched_ms;  // by series number, if series can go
  };

  static Row RowOf(const Family& family, const Series& series, const uint64_t* cells) {
    Row row{.series = &series, .labels = series.labels, .name = {}, .cells = cells};
    if (!family.own_names) return row;
    constexpr std::string_view kBefore = "__name__=\"";
    row.labels.remove_prefix(kBefore.size());
    row.name = row.labels.substr(0, row.labels.find('"'));
    row.labels.remove_prefix(std::min(row.labels.size(), row.name.size() + 2));  // quote and comma
    return row;
  }

  static bool IsInitial(const Series& series, uint32_t family) {
    return !series.initial.empty() &&
           std::find(series.initial.begin(), series.initial.end(), family) != series.initial.end();
  }

  Snapshot(std::shared_ptr<const Store> store, const Layout& layout);

  std::shared_ptr<const Store> store_;  // owns the layout and the series
  const Layout* layout_;
  std::vector<SpaceCells> spaces_;
  std::vector<Exemplars> exemplars_;
  std::vector<Sketches> sketches_;
  int64_t now_ms_ = 0;
  std::vector<MeterTally> tallies_;
  std::vector<std::vector<uint64_t>> overflow_;
  std::vector<std::vector<Offenders>> offenders_;
  std::vector<Gone> gone_;
};

// The number of observations of a histogram's cells.
uint64_t ObservationCount(const Family& family, const uint64_t* cells);

}  // namespace parshall::metrics
