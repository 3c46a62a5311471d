// Of the matcher: the way that nearly all lines go. The first rule that may match is an expression
// with a plan and nothing else, its plan says yes, and its fields are plain texts, short numbers
// and a request: no more is done than has to be.

#include <array>
#include <bit>

#include "records/fill_value.h"
#include "records/http_request.h"
#include "records/matcher.h"

namespace parshall::records {
namespace {

// What a text's kind has less than kString: it is "-", or not there.
inline unsigned LessThanText(const char* begin, uint32_t size) {
  if (begin == nullptr) return static_cast<unsigned>(ValueKind::kString);
  const unsigned byte = static_cast<unsigned char>(*begin);
  return ((byte ^ '-') | (size ^ 1)) == 0 ? 1 : 0;
}

inline void SetText(const Capture& capture, uint32_t size, unsigned less, Value* value) {
  static_assert(static_cast<int>(ValueKind::kNull) + 1 == static_cast<int>(ValueKind::kString));
  static_assert(static_cast<int>(ValueKind::kAbsent) == 0);
  value->data = capture.begin;
  value->size = size;
  value->kind = static_cast<ValueKind>(static_cast<unsigned>(ValueKind::kString) - less);
}

inline uint32_t SizeOf(const Capture& capture) {
  return static_cast<uint32_t>(capture.end - capture.begin);
}

// What a list of one number has.
inline void CountOne(Value* count) {
  static constexpr std::array<char, 1 + kPaddingBytes> kOne = {'1'};
  count->data = kOne.data();
  count->size = 1;
  count->kind = ValueKind::kInt;
  count->json_number = true;
  count->integer = 1;
}

// The usual request, and its parts behind it. False: it is another, or its path is empty.
inline bool FillRequest(const Capture& capture, Value* request) {
  const char* const text = capture.begin;
  const uint32_t size = SizeOf(capture);
  const size_t method = UsualMethodSize({text, size});
  if (method == 0 || size - method == 10) return false;
  SetText(capture, size, 0, request);
  SetRequestPart(text, method, request + 1);
  SetRequestPart(text + method + 1, size - method - 10, request + 2);
  SetRequestPart(text + size - 8, 8, request + 3);
  return true;
}

}  // namespace

// `kinds`: KindsOf() the values, where the rule has no more than kKindsMax fields and no JSON
// event.
[[gnu::always_inline]] inline bool Matcher::FillAll(const CompiledRule& rule, uint64_t* kinds) {
  BeginFill(rule);
  const Steps& steps = StepsOf(rule);
  char* const values = reinterpret_cast<char*>(values_.data());
  const char* const captures = reinterpret_cast<const char*>(captures_);
  const auto value_of = [values](const Step* step) {
    return reinterpret_cast<Value*>(values + step->value_at);
  };
  const auto capture_of = [captures](const Step* step) -> const Capture& {
    return *reinterpret_cast<const Capture*>(captures + step->capture_at);
  };
  uint64_t seen = steps.usual_kinds;
  bool typed = true;
  bool usual = true;
  const auto fill_slowly = [&](const Step* step) {
    typed = FillStep(rule, *step) && typed;
    usual = false;
  };
  const Step* at = steps.begin;
  for (; at < steps.texts_end; ++at) {
    const Capture& capture = capture_of(at);
    SetText(capture, SizeOf(capture), 0, value_of(at));
    if (capture.begin == nullptr) [[unlikely]]
      fill_slowly(at);
  }
  for (; at < steps.dashed_end; ++at) {
    const Capture& capture = capture_of(at);
    const uint32_t size = SizeOf(capture);
    const unsigned less = LessThanText(capture.begin, size);
    SetText(capture, size, less, value_of(at));
    seen -= uint64_t{less} << at->kind_shift;
  }
  for (; at < steps.digits_end; ++at) {
    const Capture& capture = capture_of(at);
    if (capture.begin == nullptr || !FillDigits(capture, value_of(at))) [[unlikely]]
      fill_slowly(at);
  }
  for (; at < steps.decimals_end; ++at) {
    const Capture& capture = capture_of(at);
    if (capture.begin == nullptr || !FillDecimal(capture, value_of(at))) [[unlikely]] {
      fill_slowly(at);
      continue;
    }
    const int count_slot = rule.recipes[at->recipe].count_slot;
    if (count_slot >= 0) CountOne(&values_[static_cast<size_t>(count_slot)]);
  }
  for (; at < steps.requests_end; ++at) {
    const Capture& capture = capture_of(at);
    if (capture.begin == nullptr || !FillRequest(capture, value_of(at))) [[unlikely]]
      fill_slowly(at);
  }
  for (; at < steps.end; ++at) {
    if (at->shared_slot && at->capture_at > 0 && capture_of(at).begin == nullptr) continue;
    fill_slowly(at);
  }
  // A default stands for a field that the event has under none of its keys.
  for (const size_t index : rule.key_defaults) FillDefault(rule.recipes[index]);
  *kinds = usual || !rule.straight ? seen : KindsOf(values_.data(), rule.fields.size());
  return typed;
}

bool Matcher::Fill(const CompiledRule& rule) {
  uint64_t kinds;
  return FillAll(rule, &kinds);
}

Outcome Matcher::Match(std::string_view line, std::string_view source, Record* record,
                       NanosClock clock) {
  line_size_ = line.size();
  ++tally_.lines;
  const bool plain = clock == nullptr && !crowded_ && !line.empty();
  const uint64_t candidates =
      plain ? program_->rules_by_first_byte[static_cast<unsigned char>(line.front())] : 0;
  if (candidates == 0) [[unlikely]]
    return MatchAny(line, source, record, clock, std::nullopt);
  const auto index = static_cast<size_t>(std::countr_zero(candidates));
  const CompiledRule& rule = program_->rules[index];
  if (!rule.straight || !rule.plan) return MatchAny(line, source, record, clock, std::nullopt);
  const PlanVerdict verdict =
      run_plan_(*rule.plan, line.data(), line.data() + line.size(), captures_);
  if (verdict != PlanVerdict::kMatch) return MatchAny(line, source, record, clock, verdict);
  RuleTally& tally = tally_.rules[index];
  ++tally.matches;
  ++tally.plan_matches;
  FinishPlain(rule, index, record);
  return FillAll(rule, &record->kinds) ? Outcome::kMatched : Outcome::kRejected;
}

}  // namespace parshall::records
