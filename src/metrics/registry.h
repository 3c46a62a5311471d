#pragma once
// Which series there are: for each group, tuples of label values → dense series numbers with their
// label text ready for the exposition. The cold side of the meter: each thread comes here once for
// a new tuple and remembers the answer.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/label_values.h"
#include "metrics/layout.h"
#include "metrics/metric_names.h"
#include "metrics/relabel.h"
#include "metrics/series_space.h"

namespace parshall::metrics {

// One bit for each field label of a group.
using LabelMask = uint32_t;

struct SeriesId {
  static constexpr uint32_t kNone = ~uint32_t{0};  // `overflow` then says why, one of these
  static constexpr LabelMask kRelabelled = 1;      // a step of relabel: drops it
  static constexpr LabelMask kNameTaken = 2;       // another metric has its name
  static constexpr LabelMask kNoLabels = 3;        // what labels_from: names gives none

  uint32_t number = 0;
  LabelMask overflow = 0;
};

struct RegistryOptions {
  // A label set (space) holds at most so many series, whatever the limits of its labels multiply
  // to. Beyond it, all field labels of a new series are `__other__`.
  uint32_t series_max = 200'000;
  // All spaces together; beyond it likewise.
  uint32_t series_total_max = 1'000'000;
  // Unix time at which the series of `init:` begin.
  int64_t now_ms = 0;
};

// Any thread.
class Registry {
 public:
  // The layout must outlive the registry; its expressions compile (CheckMetrics).
  Registry(const Layout& layout, RegistryOptions options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // What field label `label` (index into Group::field_labels) of `group` shows for this raw text.
  LabelValueId ValueOf(uint32_t group, uint32_t label, std::string_view raw);
  // The same for a null or absent value.
  static LabelValueId Other() { return {}; }

  // The series of a tuple: one id for each field label. Its overflow mask is that of the values, or
  // full when the space is.
  SeriesId SeriesOf(uint32_t group, std::span<const LabelValueId> values, int64_t now_ms);

  // How many values of a field label have a place within its limit, and the limit.
  std::pair<size_t, size_t> UseOf(uint32_t group, uint32_t label) const;
  size_t series_total() const;

  // What the templates of a label (a place of Space::template_labels) have learned.
  std::vector<std::string> LearnedTemplates(uint32_t space, uint32_t place) const;
  std::string SavedTemplates(uint32_t space, uint32_t place) const;
  // False if the bytes are wrong, or somebody else's were taken already.
  bool RestoreTemplates(uint32_t space, uint32_t place, std::string_view bytes);
  // While no worker counts: the series whose labels have another text by now, and those that take
  // over what they counted. Empty if no template has changed since this was last asked.
  struct Renamed {
    uint32_t from = 0;
    uint32_t to = 0;
  };
  std::vector<Renamed> Rename(uint32_t space);

  // For a moment that is saved and restored. The values of a field label that have a place within
  // its limit, in the order in which they came; and the same put back.
  std::vector<std::string> LearnedValues(uint32_t group, uint32_t label) const;
  void Learn(uint32_t group, uint32_t label, const std::vector<std::string>& values);
  // The series with this label text (Series::labels), made when it is not there; it began at
  // `created_ms`.
  uint32_t RestoreSeries(uint32_t space, const std::string& labels, int64_t created_ms);

  // The series of the group's space whose labels Space::delete_labels show what these raw texts
  // would. None if a text is not shown as itself: `other` and `__other__` stand for many.
  std::vector<uint32_t> SeriesToDelete(uint32_t group, std::span<const std::string_view> raw) const;

  // For series that go, while no worker counts. Their numbers and the places of their values are
  // free from now on.
  void Remove(uint32_t space, std::span<const uint32_t> numbers);
  void SetCreated(uint32_t space, uint32_t number, int64_t created_ms);
  uint32_t numbers_end(uint32_t space) const;
  bool IsLive(uint32_t space, uint32_t number) const;

  // All series of a space that were made until now, by label text.
  SeriesOrder Sorted(uint32_t space);

  uint32_t series_count(uint32_t space) const;

 private:
  // Why there is no series of a tuple.
  enum class Refusal : uint8_t { kNone, kFull, kRelabelled, kNameTaken, kNoLabels };

  uint32_t NumberOf(uint32_t group, std::span<const uint32_t> values, int64_t now_ms,
                    bool may_be_full, Refusal* refusal);
  Refusal LabelText(uint32_t group, std::span<const uint32_t> values, std::string* text) const;
  bool AppendObject(const Group& group, const Family& family, std::string_view object,
                    std::string* text) const;
  bool IsConstant(std::string_view name) const;
  bool ClaimName(uint32_t space, std::string_view labels);
  void AddInitial(uint32_t group);
  void FreeValues(uint32_t space);

  const Layout& layout_;
  const RegistryOptions options_;
  mutable std::mutex mutex_;
  std::vector<std::vector<std::unique_ptr<LabelValues>>> labels_;  // by group, then field label
  std::vector<TextMap> tuples_;  // by group; the key is the ids' bytes
  std::vector<SeriesSpace> spaces_;
  std::vector<Relabeler> relabelers_;  // by group
  MetricNames names_;
  struct Templates {
    uint32_t place = 0;
    std::unique_ptr<PathTemplates> paths;
    uint64_t version = ~uint64_t{0};  // at the last Rename()
    bool restored = false;
  };
  Templates* TemplatesAt(uint32_t space, uint32_t place);
  bool IsOther(uint32_t space, uint32_t place, std::string_view text) const;
  std::string RenamedLabels(uint32_t space, std::string_view labels) const;
  std::vector<std::vector<Templates>> templates_;  // by space
  size_t series_total_ = 0;
};

}  // namespace parshall::metrics
