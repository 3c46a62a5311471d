#include "pipeline/ledger.h"

namespace parshall::pipeline {

void Add(const SourceTally& from, SourceTally* into) {
  into->bytes_read += from.bytes_read;
  into->lines_framed += from.lines_framed;
  into->lines_waiting += from.lines_waiting;
  into->bytes_skipped += from.bytes_skipped;
  for (size_t n = 0; n < records::kOutcomes; ++n) into->outcomes[n] += from.outcomes[n];
}

void Add(const records::MatcherTally& from, records::MatcherTally* into) {
  into->lines += from.lines;
  into->sampled_lines += from.sampled_lines;
  into->regex_lines += from.regex_lines;
  if (into->rules.size() < from.rules.size()) into->rules.resize(from.rules.size());
  for (size_t n = 0; n < from.rules.size(); ++n) {
    into->rules[n].matches += from.rules[n].matches;
    into->rules[n].plan_matches += from.rules[n].plan_matches;
    into->rules[n].sampled_nanos += from.rules[n].sampled_nanos;
  }
}

}  // namespace parshall::pipeline
