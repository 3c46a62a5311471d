#include "app/rule_trial.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "app/mistyped.h"
#include "base/quoted.h"
#include "lines/newline_framer.h"
#include "lines/unwrap.h"
#include "pipeline/line_worker.h"
#include "records/logfmt.h"

namespace parshall::app {
namespace {

constexpr size_t kUnescapeRoom = 16;

std::string TypeName(const records::Value& value) {
  switch (value.kind) {
    case records::ValueKind::kAbsent:
      return "absent";
    case records::ValueKind::kNull:
      return "null";
    case records::ValueKind::kString:
      return "string";
    case records::ValueKind::kInt:
      return "int";
    case records::ValueKind::kFloat:
      return "float";
    case records::ValueKind::kBool:
      return "bool";
  }
  return "absent";
}

std::string ValueText(const records::Value& value) {
  // Only a value that is there has a text; the others may point into a line before this one.
  if (value.kind == records::ValueKind::kAbsent || value.kind == records::ValueKind::kNull) {
    return {};
  }
  if (value.kind == records::ValueKind::kFloat && !value.json_number) {
    return fmt::format("{}", value.number);
  }
  return std::string(value.text());
}

// A part of an expression, by its name if it has one.
std::string Described(const std::string& part) {
  std::string described = "`" + part + "`";
  for (const std::string_view opening : {"(?P<", "(?<"}) {
    const size_t close = part.find('>');
    if (!part.starts_with(opening) || close == std::string::npos) continue;
    return "the field " + part.substr(opening.size(), close - opening.size()) + ", " + described +
           ",";
  }
  return described;
}

std::string WhyNoMatch(const records::Regex& regex, std::string_view text, size_t* matched_bytes) {
  const records::Regex::Reach reach = regex.HowFar(text);
  *matched_bytes = reach.text_end;
  if (reach.expected.empty()) {
    return regex.Test(text) ? "its conditions do not hold"
                            : "the pattern asks for more than stands there";
  }
  const std::string follows = "where " + Described(reach.expected) + " should follow";
  if (reach.text_end >= text.size()) return "it ends " + follows;
  return "stopped at byte " + std::to_string(reach.text_end + 1) + ", " + follows;
}

// The value of a dotted key that is a text, a number or a truth value, as a text. The line is a
// JSON event.
bool TextAt(std::string_view line, std::string_view key, std::string* text) {
  records::JsonMember member;
  if (!records::FindJsonPath(line, key, &member)) return false;
  if (member.kind == records::JsonKind::kNull) return false;
  *text = member.value;
  if (text->starts_with('"')) {
    std::string plain(text->size() + kUnescapeRoom, '\0');
    char* const end = records::UnescapeJson(member.value, plain.data());
    plain.resize(static_cast<size_t>(end - plain.data()));
    *text = std::move(plain);
  }
  return true;
}

}  // namespace

RuleTrial::RuleTrial(std::shared_ptr<const records::RuleProgram> program,
                     std::shared_ptr<metrics::Store> store, sinks::Schema schema)
    : program_(std::move(program)),
      store_(std::move(store)),
      shard_(store_->AddShard()),
      meter_(*store_, shard_, pipeline::RuleFieldsOf(*program_)),
      matcher_(program_),
      json_(program_, schema) {}

bool RuleTrial::Matches(const std::string& rule, const std::string& line) {
  const std::string padded = line + std::string(lines::kPadBytes, '\0');
  records::Record record;
  for (size_t index = 0; index < program_->rules.size(); ++index) {
    if (program_->rules[index].name == rule) {
      return matcher_.MatchRule(index, std::string_view(padded).substr(0, line.size()), "",
                                &record) != records::Outcome::kUnmatched;
    }
  }
  return false;
}

RuleTrial::Attempt RuleTrial::Try(size_t index, std::string_view line, bool matched) {
  const records::CompiledRule& rule = program_->rules[index];
  Attempt attempt{.rule = rule.name, .matched = matched};
  records::Capture captures[records::kCapturesMax];
  if (rule.json) {
    if (!matched) attempt.why = WhyNoEvent(index, line);
    return attempt;
  }
  attempt.by_plan =
      rule.plan && records::RunPlan(*rule.plan, line.data(), line.data() + line.size(), captures) ==
                       records::PlanVerdict::kMatch;
  if (matched) return attempt;
  attempt.why = WhyNoMatch(*rule.regex, line, &attempt.matched_bytes);
  return attempt;
}

// Why a rule for JSON events does not take this line.
std::string RuleTrial::WhyNoEvent(size_t index, std::string_view line) const {
  const records::CompiledRule& rule = program_->rules[index];
  records::JsonEventParser parser;
  std::vector<char> room;
  if (rule.logfmt) {
    line = records::LogfmtToJson(line, &room);
    if (line.empty()) return "the line is not logfmt (key=value pairs, the first word one of them)";
  }
  if (!parser.Parse(line)) return "the line is not a JSON object";
  for (const records::CompiledCondition& condition : rule.key_conditions) {
    if (condition.key < 0) continue;
    const std::string& key = program_->keys[static_cast<size_t>(condition.key)];
    std::string text;
    if (!TextAt(line, key, &text)) return "it has no " + Quoted(key);
    if (condition.values.empty() || std::find(condition.values.begin(), condition.values.end(),
                                              text) != condition.values.end()) {
      continue;
    }
    return Quoted(key) + " is " + Quoted(text) + ", not " + Quoted(condition.values.front()) +
           (condition.values.size() > 1 ? " or another of its values" : "");
  }
  if (rule.from_key < 0) return "its conditions do not hold";
  const std::string& from = program_->keys[static_cast<size_t>(rule.from_key)];
  std::string text;
  if (!TextAt(line, from, &text)) return "it has no " + Quoted(from);
  size_t matched_bytes = 0;
  const size_t size = text.size();
  text.append(lines::kPadBytes, '\0');
  return "the key " + Quoted(from) + ": " +
         WhyNoMatch(*rule.regex, std::string_view(text).substr(0, size), &matched_bytes);
}

// What counting the record changes, from one moment to the next.
void RuleTrial::Count(const records::Record& record, Outcome* outcome) {
  const metrics::Snapshot before = store_->TakeSnapshot();
  {
    const metrics::Shard::Batch batch(shard_, ++sequence_, 0);
    meter_.Apply(record);
  }
  const metrics::Snapshot after = store_->TakeSnapshot();
  for (const metrics::Family& family : after.families()) {
    const auto index = static_cast<size_t>(&family - after.families().data());
    for (size_t reason = 0; reason < metrics::kRejectionCount; ++reason) {
      const uint64_t then = before.tallies()[index].rejected[reason];
      if (after.tallies()[index].rejected[reason] == then) continue;
      outcome->refused.push_back(family.name + ": " +
                                 metrics::RejectionName(static_cast<metrics::Rejection>(reason)));
    }
    after.ForEachRow(family, [&](const metrics::Row& row) {
      // The cells are compared, since observing 0 leaves a sum as it is.
      const double then = before.ValueOf(family.name, row.series->labels).value_or(0);
      const double value = after.ValueOf(family.name, row.series->labels).value_or(0);
      const bool latest_wins = metrics::LatestWins(family.cell_kind);
      if (value == then && family.kind != rules::MetricKind::kGauge && !latest_wins) return;
      std::string change(row.name.empty() ? std::string_view(family.name) : row.name);
      change.append("{").append(row.labels).append("}");
      switch (family.kind) {
        case rules::MetricKind::kCounter:
          change += latest_wins ? fmt::format(" = {}", value) : fmt::format(" +{}", value - then);
          break;
        case rules::MetricKind::kInfo:
          change += " = 1";
          break;
        case rules::MetricKind::kStateSet:
          change += " = " + family.states[static_cast<size_t>(value)];
          break;
        case rules::MetricKind::kGauge:
          change += fmt::format(" = {}", value);
          break;
        case rules::MetricKind::kHistogram:
        case rules::MetricKind::kSummary:
          change += " one observation";
          break;
      }
      outcome->metrics.push_back(std::move(change));
    });
  }
}

// The least of several times: what it costs when nothing else happens.
uint64_t RuleTrial::CostOf(std::string_view line) {
  constexpr int kRounds = 200;
  constexpr uint64_t kNanosMax = 20'000'000;  // a long line is slow enough to be measured once
  uint64_t least = ~uint64_t{0};
  uint64_t spent = 0;
  for (int round = 0; round < kRounds && spent < kNanosMax; ++round) {
    timespec begin;
    timespec end;
    records::Record record;
    ::clock_gettime(CLOCK_MONOTONIC, &begin);
    matcher_.Match(line, "", &record);
    ::clock_gettime(CLOCK_MONOTONIC, &end);
    const int64_t nanos = (end.tv_sec - begin.tv_sec) * 1'000'000'000 + end.tv_nsec - begin.tv_nsec;
    least = std::min(least, static_cast<uint64_t>(std::max<int64_t>(nanos, 0)));
    spent += static_cast<uint64_t>(std::max<int64_t>(nanos, 0));
  }
  return least;
}

RuleTrial::Outcome RuleTrial::Run(const std::string& whole, bool measure) {
  Outcome outcome;
  lines::Unwrapper unwrapper;
  lines::Unwrapped unwrapped;
  const std::string padded = whole + std::string(lines::kPadBytes, '\0');
  std::string_view line = std::string_view(padded).substr(0, whole.size());
  std::span<const lines::EnvelopeField> envelope;
  if (unwrapper.Unwrap(line, &unwrapped)) {
    line = unwrapped.payload;
    envelope = unwrapped.fields();
    for (const lines::EnvelopeField& field : envelope)
      outcome.envelope.emplace_back(field.name, field.text);
  }
  records::Record record;
  // The first line decides which rule it is; the others are joined to it.
  const size_t newline = line.find('\n');
  const std::string first =
      std::string(line.substr(0, newline)) + std::string(lines::kPadBytes, '\0');
  const std::string_view first_line =
      std::string_view(first).substr(0, first.size() - lines::kPadBytes);
  records::Outcome result = matcher_.Match(first_line, "", &record);
  size_t matched_rule = program_->rules.size();
  if (result != records::Outcome::kUnmatched) {
    matched_rule = record.rule;
    if (result == records::Outcome::kDropped && program_->rules[record.rule].drop) {
      for (matched_rule = 0; matched_rule < program_->rules.size(); ++matched_rule) {
        records::Record ignored;
        if (matcher_.MatchRule(matched_rule, first_line, "", &ignored) !=
            records::Outcome::kUnmatched)
          break;
      }
    }
    outcome.rule_name = program_->rules[matched_rule].name;
    const records::Transforms* const transforms = program_->rules[matched_rule].transforms.get();
    if (result == records::Outcome::kDropped && transforms != nullptr) {
      outcome.drop_reason = transforms->reasons[static_cast<size_t>(matcher_.drop_reason())];
    }
    if (newline != std::string_view::npos && result != records::Outcome::kDropped)
      result = matcher_.MatchRule(matched_rule, line, "", &record);
  }
  outcome.outcome = records::OutcomeName(result);

  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const sinks::RecordContext context{.read_at = {now.tv_sec, static_cast<uint32_t>(now.tv_nsec)},
                                     .source = {},
                                     .envelope = envelope};
  Buffer json;
  if (result == records::Outcome::kMatched || result == records::Outcome::kRejected) {
    const records::CompiledRule& rule = program_->rules[record.rule];
    const std::vector<std::string> whys = WhyMistyped(*program_, record, line);
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      if (rule.fields[slot].name.empty()) continue;  // removed by a transform
      outcome.fields.push_back({rule.fields[slot].name, TypeName(record.values[slot]),
                                ValueText(record.values[slot]), rule.fields[slot].in_record,
                                whys[slot]});
    }
    outcome.sampled_out = record.sampled_out;
    json_.Append(record, context, &json);
    if (result == records::Outcome::kMatched) {
      Count(record, &outcome);
    }
  } else if (result == records::Outcome::kUnmatched) {
    json_.AppendLine(line, outcome.outcome, context, &json);
  }
  outcome.record_json = std::string(json.view());
  if (outcome.record_json.ends_with('\n')) outcome.record_json.pop_back();

  for (size_t index = 0; index < program_->rules.size(); ++index) {
    const bool matched = index == matched_rule;
    outcome.attempts.push_back(Try(index, matched ? first_line : line, matched));
    if (matched) break;
  }
  // Of those that came equally far, the one that is asked first.
  for (size_t n = 0; outcome.rule_name.empty() && n < outcome.attempts.size(); ++n) {
    const size_t bytes = outcome.attempts[n].matched_bytes;
    if (bytes == 0) continue;
    if (outcome.nearest == kNone || bytes > outcome.attempts[outcome.nearest].matched_bytes) {
      outcome.nearest = n;
    }
  }
  if (outcome.nearest != kNone) {
    outcome.nearest_prefix = line.substr(0, outcome.attempts[outcome.nearest].matched_bytes);
  }
  if (measure) outcome.nanos = CostOf(first_line);
  return outcome;
}

}  // namespace parshall::app
