#include "records/matcher.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

namespace parshall::records {
namespace {

constexpr std::array<std::string_view, kOutcomes> kOutcomeNames = {
    "matched", "unmatched", "oversized", "dropped", "rejected", "duplicate"};

uint64_t NoClock() { return 0; }

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  return kOutcomeNames[static_cast<size_t>(outcome)];
}

Matcher::Matcher(std::shared_ptr<const RuleProgram> program, bool all_fields)
    : program_(std::move(program)), all_fields_(all_fields) {
  tally_.rules.resize(program_->rules.size());
  found_.resize(program_->keys.size());
  texts_.resize(program_->keys.size());
  size_t slots = 0;
  for (size_t index = 0; index < program_->rules.size(); ++index) {
    const CompiledRule& rule = program_->rules[index];
    slots = std::max(slots, rule.fields.size());
    if (rule.transforms == nullptr) continue;
    tally_.rules[index].dropped.resize(rule.transforms->reasons.size());
    if (transformer_ == nullptr) transformer_ = std::make_unique<Transformer>();
  }
  values_.resize(slots);
}

// `verdict`: what the rule's plan said about this line, if it was asked already.
[[gnu::always_inline]] inline Matcher::Verdict Matcher::Try(const CompiledRule& rule,
                                                            std::string_view line,
                                                            std::string_view source,
                                                            std::optional<PlanVerdict> verdict) {
  std::string_view text = line;
  if (rule.json && !(rule.logfmt ? ParseLogfmt(line) : ParseEvent(line))) return Verdict::kNo;
  for (const CompiledCondition& condition : rule.key_conditions) {
    if (!Holds(condition, source)) return Verdict::kNo;
  }
  if (rule.from_key >= 0) {
    if (found_[static_cast<size_t>(rule.from_key)].kind != JsonKind::kString ||
        !KeyText(rule.from_key, &text)) {
      return Verdict::kNo;
    }
  }
  if (rule.regex != nullptr) {
    if (rule.plan && !verdict) {
      verdict = RunPlan(*rule.plan, text.data(), text.data() + text.size(), captures_);
    }
    if (verdict == PlanVerdict::kNoMatch) return Verdict::kNo;
    if (verdict != PlanVerdict::kMatch) {
      by_plan_ = false;
      if (!rule.regex->Match(text, captures_)) return Verdict::kNo;
    }
  }
  const bool typed = Fill(rule);
  for (const CompiledCondition& condition : rule.field_conditions) {
    const Value& value = values_[static_cast<size_t>(condition.slot)];
    if (!value.there()) return Verdict::kNo;
    if (!condition.values.empty() && std::find(condition.values.begin(), condition.values.end(),
                                               value.text()) == condition.values.end()) {
      return Verdict::kNo;
    }
  }
  return typed ? Verdict::kYes : Verdict::kRejected;
}

inline Outcome Matcher::Finish(const CompiledRule& rule, size_t index, Verdict verdict,
                               std::string_view line, bool filters, Record* record) {
  if (rule.drop || rule.transforms != nullptr) [[unlikely]] {
    return FinishTransformed(rule, index, verdict, line, filters, record);
  }
  FinishPlain(rule, index, record);
  if (rule.json) HideOverwritten(rule, record);
  return verdict == Verdict::kYes ? Outcome::kMatched : Outcome::kRejected;
}

// Asks one rule after the other. `first_verdict`: what the plan of the first of them said, if it
// was asked already.
Outcome Matcher::MatchAny(std::string_view line, std::string_view source, Record* record,
                          NanosClock clock, std::optional<PlanVerdict> first_verdict) {
  event_ = Event::kNotParsed;
  logfmt_ = Event::kNotParsed;
  scratch_used_ = 0;
  if (clock != nullptr) ++tally_.sampled_lines;
  const NanosClock now = clock != nullptr ? clock : NoClock;
  const size_t first_byte = line.empty() ? 256 : static_cast<unsigned char>(line[0]);
  const uint64_t candidates = program_->rules_by_first_byte[first_byte];
  const size_t count = program_->rules.size();
  bool regex_before = false;
  bool filtered = false;
  // The first 64 rules by their bits; should there be more, all of the rest.
  uint64_t waiting = candidates;
  size_t beyond = 64;
  const auto next = [&waiting, &beyond] {
    if (waiting == 0) return beyond++;
    const auto index = static_cast<size_t>(std::countr_zero(waiting));
    waiting &= waiting - 1;
    return index;
  };
  const size_t first = waiting == 0 ? beyond : static_cast<size_t>(std::countr_zero(waiting));
  // Lines are like the line before: where rules had to be left out then, it is done at once.
  if (crowded_) {
    waiting = LeaveOut(line, waiting, clock);
    filtered = true;
  }
  for (size_t index = next(); index < count; index = next()) {
    const CompiledRule& rule = program_->rules[index];
    by_plan_ = true;
    const uint64_t begin = clock != nullptr ? now() : 0;
    const Verdict verdict = Try(rule, line, source, std::exchange(first_verdict, std::nullopt));
    if (clock != nullptr) tally_.rules[index].sampled_nanos += now() - begin;
    if (!by_plan_ && !regex_before) {
      regex_before = true;
      ++tally_.regex_lines;
    }
    if (verdict == Verdict::kNo) {
      if (!filtered) {
        waiting = LeaveOut(line, waiting, clock);
        filtered = true;
      }
      continue;
    }
    crowded_ = filtered && index != first;
    ++tally_.rules[index].matches;
    if (by_plan_) ++tally_.rules[index].plan_matches;
    const Outcome outcome = Finish(rule, index, verdict, line, true, record);
    if (outcome == Outcome::kDropped && drop_reason_ != Transformer::kPassed) [[unlikely]] {
      ++tally_.rules[index].dropped[static_cast<size_t>(drop_reason_)];
    }
    return outcome;
  }
  return Outcome::kUnmatched;
}

// Of the rules that wait, those that the line may match. Its cost is that of the rules it is about.
uint64_t Matcher::LeaveOut(std::string_view line, uint64_t waiting, NanosClock clock) {
  const uint64_t known = waiting & program_->filter.rules();
  if ((known & (known - 1)) == 0) return waiting;  // a single rule is as quickly tried
  const uint64_t begin = clock != nullptr ? clock() : 0;
  const uint64_t left = waiting & (program_->filter.Candidates(line) | ~known);
  if (clock != nullptr) {
    const uint64_t share = (clock() - begin) / static_cast<uint64_t>(std::popcount(known));
    for (uint64_t rules = known; rules != 0; rules &= rules - 1) {
      tally_.rules[static_cast<size_t>(std::countr_zero(rules))].sampled_nanos += share;
    }
  }
  return left;
}

Outcome Matcher::MatchRule(size_t index, std::string_view line, std::string_view source,
                           Record* record, bool filters) {
  event_ = Event::kNotParsed;
  logfmt_ = Event::kNotParsed;
  scratch_used_ = 0;
  line_size_ = line.size();
  by_plan_ = true;
  const CompiledRule& rule = program_->rules[index];
  const Verdict verdict = Try(rule, line, source, std::nullopt);
  if (verdict == Verdict::kNo) return Outcome::kUnmatched;
  return Finish(rule, index, verdict, line, filters, record);
}

// A rule that drops its lines, or changes its records.
[[gnu::noinline]] Outcome Matcher::FinishTransformed(const CompiledRule& rule, size_t index,
                                                     Verdict verdict, std::string_view line,
                                                     bool filters, Record* record) {
  record->rule = static_cast<uint32_t>(index);
  drop_reason_ = Transformer::kPassed;
  if (rule.drop) return Outcome::kDropped;
  const Transforms& transforms = *rule.transforms;
  std::string_view from;
  if (rule.from_key >= 0) KeyText(rule.from_key, &from);
  drop_reason_ = transformer_->Run(transforms, filters, from, values_.data(), rule.fields.size());
  if (drop_reason_ != Transformer::kPassed) return Outcome::kDropped;
  FinishPlain(rule, index, record);
  if (rule.json) {
    HideOverwritten(rule, record);
    transformer_->EditMembers(transforms, found_, values_.data(), record);
  }
  for (uint32_t slot = 0; slot < record->values_count; ++slot) {
    const Value& value = values_[slot];
    if (value.there() && rule.fields[slot].in_record) record->text_size += value.size;
  }
  for (uint32_t n = 0; n < record->members_count; ++n) {
    record->text_size += record->members[n].key.size() + record->members[n].value.size() + 2;
  }
  record->sampled_out = !Transformer::Sampled(transforms, line, values_.data());
  return verdict == Verdict::kYes ? Outcome::kMatched : Outcome::kRejected;
}

}  // namespace parshall::records
