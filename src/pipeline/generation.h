#pragma once
// What a run is made of until the next reload: rules, series, workers and output. A reload makes
// another generation beside it and puts it in its place at a barrier; what was counted and what is
// open goes on (swap.cc).

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "metrics/store.h"
#include "pipeline/ledger.h"
#include "pipeline/line_worker.h"
#include "records/compile.h"
#include "sinks/json_lines_sink.h"

namespace parshall::pipeline {

// Handed over: a worker's part belongs to its thread; all of it to the holder of a barrier.
struct Generation {
  std::shared_ptr<const records::RuleProgram> program;
  std::shared_ptr<metrics::Store> store;
  std::unique_ptr<sinks::JsonLinesSink> sink;  // null: records are not written
  std::vector<std::unique_ptr<LineWorker>> workers;
  Ledger earlier;                     // what runs and generations before this one have counted
  sinks::OutputTally earlier_output;  // of outputs before this one
  uint64_t config_hash = 0;
};

// Whether some rule wants to see lines that stand there twice.
inline bool LooksForTwins(const records::RuleProgram& program) {
  return std::any_of(program.rules.begin(), program.rules.end(),
                     [](const auto& rule) { return rule.dedupe != rules::Dedupe::kOff; });
}

}  // namespace parshall::pipeline
