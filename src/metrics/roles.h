#pragma once
// Which of the active metrics tell of traffic, whatever the operator named them: requests by
// status, sizes of responses, durations of requests. For what is drawn without being asked, such as
// the status page.

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/layout.h"

namespace parshall::metrics {

// Indices into Layout::families; empty: no metric plays the role.
struct Roles {
  std::optional<uint32_t>
      requests;                  // a counter of ones, or a histogram, with a label of the status
  std::string status_label;      // its name
  std::optional<uint32_t> size;  // a histogram of bytes
  std::optional<uint32_t> duration;  // a histogram of times
  double duration_unit_seconds = 1;  // what its 1 means: 0.001 for milliseconds
};

// By names, units and labels: the conventions of Prometheus (`_seconds`, `_bytes`), and the fields
// that the values come from. Metrics of requests beat others; among equals the first by name wins.
Roles FindRoles(const Layout& layout);

}  // namespace parshall::metrics
