#pragma once
// One line through the rules as a run would take it, for `check` and `explain`.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/meter.h"
#include "metrics/store.h"
#include "records/matcher.h"
#include "sinks/record_json.h"

namespace parshall::app {

// One thread.
class RuleTrial {
 public:
  RuleTrial(std::shared_ptr<const records::RuleProgram> program,
            std::shared_ptr<metrics::Store> store, sinks::Schema schema = sinks::Schema::kFlat);

  struct Field {
    std::string name;
    std::string type;  // "string", "int", …, "null", "absent"
    std::string text;
    bool in_record = true;
    std::string why;  // it is not of its rule's type: what stood there
  };
  struct Attempt {
    std::string rule;
    bool matched = false;
    bool by_plan = false;
    std::string why;  // a miss: where it stopped and what was expected there
    size_t matched_bytes = 0;
  };
  static constexpr size_t kNone = ~size_t{0};
  struct Outcome {
    std::string rule_name;          // empty: nothing matched
    std::string outcome;            // "matched", "unmatched", …
    std::vector<Attempt> attempts;  // each rule tried, in order
    std::vector<Field> fields;
    std::string record_json;           // without its newline
    std::vector<std::string> metrics;  // http_requests_total{method="GET"} +1
    std::vector<std::string> refused;  // n_total: not_a_number
    std::vector<std::pair<std::string, std::string>> envelope;
    size_t nearest = kNone;      // a miss: the attempt whose pattern came furthest
    std::string nearest_prefix;  // what it matched of the line
    std::string drop_reason;     // of the transform that drops the record
    bool sampled_out = false;
    uint64_t nanos = 0;  // that it takes to recognise the line and make its record
  };

  // `line` may have several lines when a multiline rule matches the first.
  // `measure`: also what it costs, which takes a few hundred times as long.
  Outcome Run(const std::string& line, bool measure = false);
  // Whether that rule alone matches.
  bool Matches(const std::string& rule, const std::string& line);

 private:
  uint64_t CostOf(std::string_view line);
  Attempt Try(size_t rule, std::string_view line, bool matched);
  std::string WhyNoEvent(size_t rule, std::string_view line) const;
  void Count(const records::Record& record, Outcome* outcome);

  std::shared_ptr<const records::RuleProgram> program_;
  std::shared_ptr<metrics::Store> store_;
  metrics::Shard& shard_;
  metrics::Meter meter_;
  uint64_t sequence_ = 0;
  records::Matcher matcher_;
  sinks::RecordJson json_;
};

}  // namespace parshall::app
