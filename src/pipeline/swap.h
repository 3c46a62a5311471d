#pragma once
// A reload, as the pipeline sees it: what takes the place of what, and how it came out.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/store.h"
#include "pipeline/generation.h"
#include "pipeline/intake.h"
#include "records/compile.h"
#include "sinks/json_lines_sink.h"
#include "sinks/record_json.h"

namespace parshall::pipeline {

// Plain data. Everything in it is ready to run; only sources are opened at the barrier, since they
// go on from where the old ones stand there.
struct Change {
  std::shared_ptr<const records::RuleProgram> program;
  std::shared_ptr<metrics::Store> store;  // of the same rules; nothing was counted into it
  sinks::Schema schema = sinks::Schema::kFlat;
  // Another output: the new one, or null for none. Not set: the output stays.
  std::optional<std::unique_ptr<sinks::JsonLinesSink>> output;
  // Other sources; not set: they stay.
  OpenSources open_sources;
  uint64_t config_hash = 0;
};

// One change on its way to a barrier. Guarded by Pipeline's swap mutex but for `next`, which is its
// maker's before and the barrier's holder's from then on.
struct PendingSwap {
  enum class Stage : uint8_t { kWaiting, kTaken, kDone };
  Stage stage = Stage::kWaiting;
  Generation next;
  bool new_output = false;
  OpenSources open_sources;
  Status status = Ok();
  std::vector<std::string> notices;  // sentences for the log: which metrics are gone or begin anew
};

}  // namespace parshall::pipeline
