#pragma once
// The values of one label of one group: which texts it may show, and the number of each. Whoever
// comes first has a place within the limit; what comes later stands as `__other__`.

#include <re2/re2.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "metrics/path_templates.h"
#include "metrics/series_space.h"
#include "rules/rule.h"

namespace parshall::metrics {

// Stands for one value of one label of one group.
struct LabelValueId {
  uint32_t number = 0;
  bool overflow = false;  // the label's limit was reached: this is `__other__`
};

// Any thread. Grows under the registry's lock until the limit is reached; unless values can go, it
// never changes from then on and is read without the lock.
class LabelValues {
 public:
  static constexpr uint32_t kOther = 0;     // the label's `other`
  static constexpr uint32_t kOverflow = 1;  // `__other__`

  // `can_go`: series of this label come and go, and their values with them. The spec outlives this.
  // `templates` (may be null) makes texts of raw values; it lives longer than this.
  LabelValues(const rules::LabelSpec& spec, bool can_go, PathTemplates* templates, TextHash hash);

  // The value for this raw text; takes `mutex` where it must.
  LabelValueId ValueOf(std::string_view raw, std::mutex* mutex);
  // The same of a text that an operator wrote: of a path, its template as well.
  LabelValueId InitialValueOf(std::string_view text, std::mutex* mutex);

  // The caller holds the lock for all that follows.
  // What would be shown for `raw` without making a place for it; false if that is no value of its
  // own.
  bool Peek(std::string_view raw, std::string* text) const;
  const std::string& text(uint32_t number) const { return texts_[number]; }
  // The values that have a place, in the order in which they came; and the same put back.
  std::vector<std::string> Learned() const;
  void Learn(const std::vector<std::string>& values);
  // Frees the places of all values that are not `used` (escaped, as in a label text).
  void Keep(const std::unordered_set<std::string_view>& used);

  size_t count() const { return numbers_.size() - fixed_count_; }
  uint32_t values_max() const { return values_max_; }

 private:
  static constexpr uint32_t kFixedValues = 2;
  static constexpr size_t kRenamedMost = 100'000;

  bool Allows(std::string_view raw) const;
  LabelValueId Place(std::string_view text);
  bool IsFull();

  std::vector<std::string> allowed_;  // sorted; empty: all
  std::unique_ptr<RE2> match_;
  uint32_t values_max_ = 0;
  const bool can_go_;
  PathTemplates* const templates_;
  const std::string name_template_;  // of a metric's name; else empty
  const bool from_object_;           // raw texts are JSON objects, values are label texts
  TextMap numbers_;
  size_t fixed_count_ = 0;                   // entries of numbers_ for `other` and `__other__`
  std::vector<std::string> texts_;           // by number
  std::vector<uint32_t> free_;               // numbers without a value
  std::unordered_set<std::string> renamed_;  // values that are another template by now
  uint64_t templates_version_ = 0;           // when renamed_ was made
  std::atomic<bool> full_{false};
};

}  // namespace parshall::metrics
