#pragma once
// The names on /metrics: what a metric of some kind claims of them, and, for metrics whose names
// only come with the records, who has which.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/layout.h"

namespace parshall::metrics {

// Every name under which a metric appears, in the text format or in OpenMetrics.
std::vector<std::string> ExposedNames(std::string_view name, rules::MetricKind kind);

// What a metric is called for a value of the field in its name: `{component}_seconds`, "a-b" →
// a_b_seconds. Every byte that no name may have becomes _; a value that is empty is "other".
std::string NameFor(std::string_view name_template, std::string_view value);

// One thread at a time: the registry's lock guards it.
class MetricNames {
 public:
  explicit MetricNames(const Layout& layout);

  // False if the name is another metric's, or none of its kind. `family` has own names.
  bool Claim(uint32_t family, std::string_view name);
  // Gives up all names that the family has claimed.
  void Release(uint32_t family);

 private:
  struct Owner {
    uint32_t family = 0;
    std::string name;
    bool operator==(const Owner&) const = default;
  };

  const Layout& layout_;
  std::unordered_map<std::string, Owner> owners_;  // of exposed names
};

}  // namespace parshall::metrics
