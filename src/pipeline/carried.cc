#include "pipeline/carried.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace parshall::pipeline {
namespace {

constexpr std::string_view kBytesRead = "bytes_read";
constexpr std::string_view kLinesFramed = "lines_framed";
constexpr std::string_view kLinesWaiting = "lines_waiting";
constexpr std::string_view kBytesSkipped = "bytes_skipped";
constexpr std::string_view kTwins = "twins";
constexpr std::string_view kGonePlace = "gone_place";  // from 1 on
constexpr std::string_view kMatches = "matches";
constexpr std::string_view kMisses = "misses";
constexpr std::string_view kPlanMatches = "plan_matches";
constexpr std::string_view kNanos = "nanos";
constexpr std::string_view kLastMatchMs = "last_match_ms";
constexpr std::string_view kSampledOut = "sampled_out";
constexpr std::string_view kDroppedPrefix = "dropped_";  // and the reason
constexpr std::string_view kGonePrefix = "gone_";        // and what is counted of a source
constexpr std::string_view kSources = "sources";
constexpr std::string_view kRecords = "records";
constexpr std::string_view kTimestampErrors = "timestamp_errors";
constexpr std::string_view kContinuationLines = "continuation_lines";
constexpr std::string_view kRegexLines = "regex_lines";
constexpr std::string_view kOutputBytes = "output_bytes";

uint64_t Find(const state::Counters& counters, std::string_view name) {
  const auto at = std::find_if(counters.begin(), counters.end(),
                               [name](const auto& counter) { return counter.first == name; });
  return at == counters.end() ? 0 : at->second;
}

std::string OutcomeKey(size_t outcome) {
  return "outcome_" + std::string(records::OutcomeName(static_cast<records::Outcome>(outcome)));
}

SourceTally ReadTally(const state::Counters& counters, std::string_view prefix) {
  const auto find = [&](std::string_view name) {
    return Find(counters, std::string(prefix) + std::string(name));
  };
  SourceTally tally;
  tally.bytes_read = find(kBytesRead);
  tally.lines_framed = find(kLinesFramed);
  tally.lines_waiting = find(kLinesWaiting);
  tally.bytes_skipped = find(kBytesSkipped);
  tally.twins = find(kTwins);
  for (size_t n = 0; n < records::kOutcomes; ++n) tally.outcomes[n] = find(OutcomeKey(n));
  return tally;
}

state::SavedEvent SaveEvent(const OpenEvent& event, const records::RuleProgram& program) {
  state::SavedEvent saved;
  if (!event.open) return saved;
  saved.rule = program.rules[event.rule].name;
  saved.text = event.text;
  saved.first_line_size = event.first_line_size;
  saved.continuation = event.continuation.position();
  for (const lines::EnvelopeField& field : event.envelope) {
    saved.envelope.emplace_back(field.name, field.text);
  }
  return saved;
}

// An event that is not open has no rule; its text is then the line whose twin may still come, which
// programs that know nothing of twins pass over. first_line_size says that it is a second one.
void SaveLineBefore(const SourceState& state, state::SavedEvent* saved) {
  if (!saved->rule.empty()) return;
  saved->text = state.line_before.text;
  saved->first_line_size = !saved->text.empty() && state.line_before.second ? 1 : 0;
}

}  // namespace

std::vector<state::SavedSource> SaveSources(const std::vector<SourceEntry*>& entries,
                                            const std::vector<Ledger::Source>& sources,
                                            const records::RuleProgram& program) {
  // Of the sources of one name only the latest can be open.
  std::unordered_map<std::string_view, const SourceEntry*> latest;
  for (const SourceEntry* entry : entries) latest.insert_or_assign(entry->name, entry);
  std::vector<state::SavedSource> all;
  for (const Ledger::Source& source : sources) {
    const auto at = latest.find(source.name);
    if (at == latest.end()) continue;
    const SourceEntry& entry = *at->second;
    state::SavedSource& saved = all.emplace_back();
    saved.name = source.name;
    saved.skipping = entry.begun ? entry.framer.skipping() : entry.skipping;
    // The half line is read again.
    SourceTally tally = source.tally;
    tally.bytes_read -= entry.framer.reserve();
    saved.tally = SaveTally(tally);
    saved.event = SaveEvent(entry.state.event, program);
    SaveLineBefore(entry.state, &saved.event);
    saved.pieces = entry.state.pieces.Waiting();
  }
  return all;
}

void RestoreOpenLines(const state::SavedSource& saved, const records::RuleProgram& program,
                      SourceState* state) {
  for (const state::SavedPieces& pieces : saved.pieces) state->pieces.Restore(pieces);
  if (saved.event.rule.empty()) {
    state->line_before.Set(saved.event.text, saved.event.first_line_size != 0);
    return;
  }
  for (size_t rule = 0; rule < program.rules.size(); ++rule) {
    if (program.rules[rule].name != saved.event.rule || !program.rules[rule].multiline) continue;
    std::vector<lines::EnvelopeField> envelope;
    for (const auto& [name, text] : saved.event.envelope) {
      const std::string_view known = lines::EnvelopeName(name);
      if (!known.empty()) envelope.push_back({known, text});
    }
    state->event.Resume(static_cast<uint32_t>(rule), saved.event.text, saved.event.first_line_size,
                        saved.event.continuation, envelope);
    return;
  }
}

SourceTally TallyOf(const state::SavedSource& saved) { return ReadTally(saved.tally, ""); }

uint64_t GonePlace(const state::SavedSource& saved) { return Find(saved.tally, kGonePlace); }

state::Counters SaveTally(const SourceTally& tally) {
  state::Counters counters = {{std::string(kBytesRead), tally.bytes_read},
                              {std::string(kLinesFramed), tally.lines_framed},
                              {std::string(kLinesWaiting), tally.lines_waiting},
                              {std::string(kBytesSkipped), tally.bytes_skipped},
                              {std::string(kTwins), tally.twins}};
  for (size_t n = 0; n < records::kOutcomes; ++n) {
    counters.emplace_back(OutcomeKey(n), tally.outcomes[n]);
  }
  return counters;
}

void SaveAbsent(const AbsentSources& absent, state::Snapshot* snapshot) {
  for (const auto& [name, source] : absent.by_name()) {
    snapshot->sources.push_back(source.open);
    state::Counters& tally = snapshot->sources.back().tally = SaveTally(source.tally);
    if (source.place) tally.emplace_back(kGonePlace, *source.place + 1);
  }
  const GoneSources& gone = absent.given_up();
  if (gone.sources == 0) return;
  snapshot->totals.emplace_back(std::string(kGonePrefix) + std::string(kSources), gone.sources);
  for (auto& [name, count] : SaveTally(gone.tally)) {
    snapshot->totals.emplace_back(std::string(kGonePrefix) + name, count);
  }
}

GoneSources EarlierGone(const state::Snapshot& snapshot) {
  GoneSources gone;
  gone.sources = Find(snapshot.totals, std::string(kGonePrefix) + std::string(kSources));
  gone.tally = ReadTally(snapshot.totals, kGonePrefix);
  return gone;
}

void SaveLedger(const Ledger& ledger, state::Snapshot* snapshot) {
  for (const RuleRow& row : RuleRows(ledger)) {
    snapshot->rules.emplace_back(
        row.name, state::Counters{{std::string(kMatches), row.matches},
                                  {std::string(kMisses), row.misses},
                                  {std::string(kPlanMatches), row.plan_matches},
                                  {std::string(kNanos), row.nanos},
                                  {std::string(kLastMatchMs),
                                   static_cast<uint64_t>(row.last_match_seconds * 1e3 + 0.5)}});
    state::Counters& counters = snapshot->rules.back().second;
    if (row.samples) counters.emplace_back(kSampledOut, row.sampled_out);
    for (const auto& [reason, count] : row.dropped) {
      counters.emplace_back(std::string(kDroppedPrefix) + reason, count);
    }
  }
  snapshot->totals = {{std::string(kRecords), ledger.records.records},
                      {std::string(kTimestampErrors), ledger.records.timestamp_errors},
                      {std::string(kContinuationLines), ledger.continuation_lines},
                      {std::string(kRegexLines), ledger.matching.regex_lines},
                      {std::string(kOutputBytes), ledger.output_bytes}};
}

Ledger EarlierLedger(const state::Snapshot& snapshot) {
  Ledger ledger;
  for (const auto& [name, counters] : snapshot.rules) {
    ledger.earlier_rules.push_back(
        {.name = name,
         .matches = Find(counters, kMatches),
         .misses = Find(counters, kMisses),
         .plan_matches = Find(counters, kPlanMatches),
         .nanos = Find(counters, kNanos),
         .last_match_seconds = static_cast<double>(Find(counters, kLastMatchMs)) / 1e3,
         .dropped = {},
         .sampled_out = Find(counters, kSampledOut)});
    for (const auto& [counter, count] : counters) {
      if (!std::string_view(counter).starts_with(kDroppedPrefix)) continue;
      ledger.earlier_rules.back().dropped.emplace_back(counter.substr(kDroppedPrefix.size()),
                                                       count);
    }
  }
  ledger.records.records = Find(snapshot.totals, kRecords);
  ledger.records.timestamp_errors = Find(snapshot.totals, kTimestampErrors);
  ledger.continuation_lines = Find(snapshot.totals, kContinuationLines);
  ledger.matching.regex_lines = Find(snapshot.totals, kRegexLines);
  ledger.output_bytes = Find(snapshot.totals, kOutputBytes);
  return ledger;
}

void AddEarlier(const Ledger& earlier, Ledger* ledger) {
  ledger->earlier_rules = earlier.earlier_rules;
  ledger->records.records += earlier.records.records;
  ledger->records.timestamp_errors += earlier.records.timestamp_errors;
  ledger->continuation_lines += earlier.continuation_lines;
  ledger->matching.regex_lines += earlier.matching.regex_lines;
  ledger->output_bytes += earlier.output_bytes;
}

}  // namespace parshall::pipeline
