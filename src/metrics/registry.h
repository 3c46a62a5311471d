#pragma once
// Which series there are: for each group, tuples of label values → dense series numbers with their
// label text ready for the exposition. The cold side of the meter: each thread comes here once for
// a new tuple and remembers the answer.

#include <re2/re2.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/layout.h"

namespace parshall::metrics {

// One series of a space. Immutable once made; lives as long as the registry.
struct Series {
  uint32_t number = 0;     // within its space, from 0
  int64_t created_ms = 0;  // Unix time of the batch that brought it
  std::string labels;      // a="x",b="y" with the constant labels, escaped; no braces
};

using SeriesOrder = std::shared_ptr<const std::vector<const Series*>>;

// Stands for one value of one label of one group.
struct LabelValueId {
  uint32_t number = 0;
  bool overflow = false;  // the label's limit was reached: this is `__other__`
};

// One bit for each field label of a group.
using LabelMask = uint32_t;

struct SeriesId {
  uint32_t number = 0;
  LabelMask overflow = 0;
};

struct RegistryOptions {
  // A label set (space) holds at most so many series, whatever the limits of its labels multiply
  // to. Beyond it, all field labels of a new series are `__other__`.
  uint32_t series_max = 200'000;
};

// Hashes text that anybody may have chosen: seeded, so that collisions cannot be prepared.
struct TextHash {
  using is_transparent = void;
  uint64_t seed = 0;
  size_t operator()(std::string_view text) const;
};

using TextMap = std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>>;

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

  // For a moment that is saved and restored. The values of a field label that have a place within
  // its limit, in the order in which they came; and the same put back.
  std::vector<std::string> LearnedValues(uint32_t group, uint32_t label) const;
  void Learn(uint32_t group, uint32_t label, const std::vector<std::string>& values);
  // The series with this label text (Series::labels), made when it is not there.
  uint32_t RestoreSeries(uint32_t space, const std::string& labels, int64_t created_ms);

  // All series of a space that were made until now, by label text.
  SeriesOrder Sorted(uint32_t space);

  uint32_t series_count(uint32_t space) const;

 private:
  struct Label;
  struct SpaceState;

  uint32_t NumberOf(uint32_t group, std::span<const uint32_t> values, int64_t now_ms, bool* full);
  std::string LabelText(uint32_t group, std::span<const uint32_t> values) const;

  const Layout& layout_;
  const RegistryOptions options_;
  mutable std::mutex mutex_;
  std::vector<std::vector<std::unique_ptr<Label>>> labels_;  // by group, then field label
  std::vector<TextMap> tuples_;                              // by group; the key is the ids' bytes
  std::vector<std::unique_ptr<SpaceState>> spaces_;
};

}  // namespace parshall::metrics
