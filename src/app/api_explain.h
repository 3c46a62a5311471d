#pragma once
// POST /api/v1/explain: what a run would make of pasted lines. Works with the active rules and a
// store of its own, so that nothing of the run changes.

#include <memory>
#include <mutex>

#include "app/load_rules.h"
#include "http/message.h"
#include "metrics/layout.h"
#include "rules/rule.h"
#include "sinks/output_options.h"
#include "sinks/record_json.h"

namespace parshall::app {

// What is explained with. Immutable.
struct ExplainRules {
  rules::RuleSet set;
  std::shared_ptr<const records::RuleProgram> program;
  metrics::ConstantLabels constants;
  sinks::Schema schema = sinks::Schema::kFlat;
};

// Any thread. One request at a time: another one is told to come again, so that scrapes find a
// thread.
class ApiExplain {
 public:
  static constexpr size_t kLinesMax = 20;  // of a request; more is refused
  static constexpr int kMillisMax = 2000;  // no further line is begun after it

  // The rules from now on; before the first request, and after a reload.
  void Use(std::shared_ptr<const ExplainRules> rules);

  http::Response Answer(const http::Request& request);

 private:
  std::mutex rules_mutex_;
  std::shared_ptr<const ExplainRules> rules_;
  std::mutex busy_;
};

}  // namespace parshall::app
