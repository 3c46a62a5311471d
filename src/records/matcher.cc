#include "records/matcher.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cstring>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "records/convert.h"
#include "records/http_request.h"
#include "records/logfmt.h"
#include "records/unescape.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall::records {
namespace {

using rules::FieldType;

constexpr std::array<std::string_view, kOutcomes> kOutcomeNames = {
    "matched", "unmatched", "oversized", "dropped", "rejected", "duplicate"};
constexpr size_t kUnescapeSlack = 16;  // UnescapeJson may write so much behind its text
constexpr size_t kNumberBytes = 24;    // an int64 in decimal

// With the padding that all texts of a record have.
constexpr char kOriginalTimestampBytes[22 + kPaddingBytes] = "\"@timestamp_original\"";
constexpr std::string_view kOriginalTimestamp(kOriginalTimestampBytes, 21);

uint64_t NoClock() { return 0; }

// 1 to 18 digits. Up to eight, the usual number, in one word, since loops of changing length are
// mispredicted. Reads eight bytes (padding is promised).
inline bool ParseDigits(const char* text, size_t size, int64_t* number) {
  if (size == 0 || size > 18) return false;
  if (size <= 8 && std::endian::native == std::endian::little) {
    uint64_t word;
    std::memcpy(&word, text, sizeof word);
    // The digits' values to the end of the number, zeros before them.
    const uint64_t digits = (word ^ 0x3030303030303030) << (64 - 8 * size);
    if (((digits + 0x7676767676767676) | digits) & 0x8080808080808080) return false;
    const uint64_t pairs = (digits * 10) + (digits >> 8);
    constexpr uint64_t kMask = 0x000000ff000000ff;
    constexpr uint64_t kHigh = 100 + (uint64_t{1000000} << 32);
    constexpr uint64_t kLow = 1 + (uint64_t{10000} << 32);
    *number =
        static_cast<int64_t>(((pairs & kMask) * kHigh + ((pairs >> 16) & kMask) * kLow) >> 32);
    return true;
  }
  int64_t value = 0;
  for (size_t n = 0; n < size; ++n) {
    const unsigned digit = static_cast<unsigned char>(text[n]) - unsigned{'0'};
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  *number = value;
  return true;
}

bool IsText(const JsonMember& member) { return member.kind == JsonKind::kString; }

// The key without its quotes, unescaped into `room` if need be.
std::string_view KeyName(const JsonMember& member, std::string* room) {
  if (!member.key_escaped) return member.key.substr(1, member.key.size() - 2);
  room->resize(member.key.size() + kUnescapeSlack);
  const char* end = UnescapeJson(member.key, room->data());
  return {room->data(), static_cast<size_t>(end - room->data())};
}

// Whether the raw key is this text; `text` has 32 readable bytes.
inline bool SameKey(std::string_view key, const char* text, size_t size) {
  if (key.size() != size) return false;
#if defined(__SSE2__)
  // No more than 32 bytes; what is behind the key is readable.
  const auto equal = [&](size_t at) {
    return static_cast<uint32_t>(_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(key.data() + at)),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at)))));
  };
  const uint64_t different = ~(uint64_t{equal(0)} | (uint64_t{equal(16)} << 16));
  return (different & ((uint64_t{1} << size) - 1)) == 0;
#else
  return std::memcmp(key.data(), text, size) == 0;
#endif
}

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

Outcome Matcher::Match(std::string_view line, std::string_view source, Record* record,
                       NanosClock clock) {
  event_ = Event::kNotParsed;
  logfmt_ = Event::kNotParsed;
  scratch_used_ = 0;
  line_size_ = line.size();
  ++tally_.lines;
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
    const Verdict verdict = Try(rule, line, source);
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
  const Verdict verdict = Try(rule, line, source);
  if (verdict == Verdict::kNo) return Outcome::kUnmatched;
  return Finish(rule, index, verdict, line, filters, record);
}

Outcome Matcher::Finish(const CompiledRule& rule, size_t index, Verdict verdict,
                        std::string_view line, bool filters, Record* record) {
  if (rule.drop || rule.transforms != nullptr) [[unlikely]] {
    return FinishTransformed(rule, index, verdict, line, filters, record);
  }
  record->rule = static_cast<uint32_t>(index);
  record->event = rule.event;
  record->values = values_.data();
  record->values_count = static_cast<uint32_t>(rule.fields.size());
  record->own_timestamp = false;
  record->own_source = false;
  record->sampled_out = false;
  record->text_size = line_size_;
  if (rule.json) {
    HideOverwritten(rule, record);
  } else {
    record->members = nullptr;
    record->members_count = 0;
  }
  return verdict == Verdict::kYes ? Outcome::kMatched : Outcome::kRejected;
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
  record->event = rule.event;
  record->values = values_.data();
  record->values_count = static_cast<uint32_t>(rule.fields.size());
  record->own_timestamp = false;
  record->own_source = false;
  record->members = nullptr;
  record->members_count = 0;
  record->text_size = line_size_;
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

Matcher::Verdict Matcher::Try(const CompiledRule& rule, std::string_view line,
                              std::string_view source) {
  std::string_view text = line;
  if (rule.json && !(rule.logfmt ? ParseLogfmt(line) : ParseEvent(line))) return Verdict::kNo;
  for (const CompiledCondition& condition : rule.key_conditions) {
    if (!Holds(condition, source)) return Verdict::kNo;
  }
  if (rule.from_key >= 0) {
    if (!IsText(found_[static_cast<size_t>(rule.from_key)]) || !KeyText(rule.from_key, &text)) {
      return Verdict::kNo;
    }
  }
  if (rule.regex != nullptr) {
    PlanVerdict verdict = PlanVerdict::kUnknown;
    if (rule.plan) verdict = RunPlan(*rule.plan, text.data(), text.data() + text.size(), captures_);
    if (verdict == PlanVerdict::kNoMatch) return Verdict::kNo;
    if (verdict == PlanVerdict::kUnknown) {
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

bool Matcher::ParseEvent(std::string_view line) {
  if (event_ == Event::kNotParsed) {
    event_ = events_.Parse(line) || ParseRepaired(line) ? Event::kParsed : Event::kNone;
    if (event_ == Event::kParsed) FindKeys();
  }
  return event_ == Event::kParsed;
}

// nginx's escape=json passes bytes on that are no UTF-8. Such an event is taken as it will be
// written: with U+FFFD in their place.
bool Matcher::ParseRepaired(std::string_view line) {
  if (!line.starts_with('{') || IsValidUtf8(line)) return false;
  repaired_.clear();
  AppendValidUtf8(line, &repaired_);
  const size_t size = repaired_.size();
  repaired_.append(kPaddingBytes, ' ');
  if (!events_.Parse({repaired_.data(), size})) return false;
  line_size_ = size;
  return true;
}

// key=value … becomes the JSON event that says the same; from there on it is one. A line cannot be
// both: an event begins with a brace, and a key of logfmt does not.
bool Matcher::ParseLogfmt(std::string_view line) {
  if (logfmt_ == Event::kNotParsed) {
    logfmt_ = Event::kNone;
    const std::string_view json = LogfmtToJson(line, &logfmt_json_);
    if (!json.empty() && events_.Parse(json)) {
      logfmt_ = Event::kParsed;
      line_size_ = json.size();
      FindKeys();
    }
  }
  return logfmt_ == Event::kParsed;
}

void Matcher::LearnKey(const JsonMember& member, KnownKey* known) const {
  std::string room;
  const std::string_view key = KeyName(member, &room);
  const size_t bucket = KeyBucket(key);
  known->bucket = static_cast<uint8_t>(bucket);
  known->wanted = -1;
  for (const uint16_t wanted : program_->key_buckets[bucket]) {
    if (program_->keys[wanted] == key) known->wanted = static_cast<int16_t>(wanted);
  }
  // Keys that are long are looked up each time.
  known->size = 0;
  if (member.key.size() > KnownKey::kBytesMax) return;
  known->size = static_cast<uint8_t>(member.key.size());
  std::memcpy(known->text.data(), member.key.data(), member.key.size());
}

// One pass over the members for all keys that any rule looks at. A key that stands twice counts as
// it does in Python and JavaScript: the last one.
void Matcher::FindKeys() {
  for (const uint16_t key : found_keys_) {
    found_[key] = {};
    texts_[key] = {};
  }
  found_keys_.clear();
  bool paths = false;
  member_buckets_ = 0;
  size_t index = 0;
  for (const JsonMember& member : events_.members()) {
    KnownKey& known = known_keys_[index++ % known_keys_.size()];
    if (!SameKey(member.key, known.text.data(), known.size)) LearnKey(member, &known);
    member_buckets_ |= uint64_t{1} << known.bucket;
    if (known.wanted >= 0) {
      const auto wanted = static_cast<uint16_t>(known.wanted);
      found_[wanted] = member;
      found_keys_.push_back(wanted);
    }
    paths = paths || member.kind == JsonKind::kObject;
  }
  if (!paths) return;
  for (size_t key = 0; key < found_.size(); ++key) {
    const std::string& path = program_->keys[key];
    const size_t dot = path.find('.');
    if (!found_[key].key.empty() || dot == std::string::npos) continue;
    for (const JsonMember& member : events_.members()) {
      if (member.kind != JsonKind::kObject) continue;
      std::string room;
      const std::string_view name = KeyName(member, &room);
      if (path.size() > name.size() && path[name.size()] == '.' &&
          path.compare(0, name.size(), name) == 0) {
        if (FindJsonPath(member.value, std::string_view(path).substr(name.size() + 1),
                         &found_[key])) {
          found_keys_.push_back(static_cast<uint16_t>(key));
        }
      }
    }
  }
}

// Each key's text is unescaped once a line, so all of them fit into the size of the line and some
// slack. The block is sized at its first use on a line: views into it are handed out after that.
char* Matcher::Scratch(size_t bytes) {
  if (scratch_used_ == 0) {
    const size_t whole = line_size_ +
                         (found_.size() + values_.size() + 1) * (kNumberBytes + kUnescapeSlack) +
                         kPaddingBytes;
    if (scratch_.size() < whole) scratch_.resize(whole);
  }
  assert(scratch_used_ + bytes + kUnescapeSlack + kPaddingBytes <=
         scratch_.size());  // each text comes once
  char* place = scratch_.data() + scratch_used_;
  scratch_used_ += bytes + kUnescapeSlack;
  return place;
}

// For captures without their server's escapes, and counts. Only those of the rule that matches in
// the end are looked at, so each try begins anew; the block is sized at the first use of a try.
char* Matcher::Decoded(size_t bytes) {
  if (decoded_used_ == 0) {
    const size_t whole = line_size_ + values_.size() * kNumberBytes + kPaddingBytes;
    if (decoded_.size() < whole) decoded_.resize(whole);
  }
  assert(decoded_used_ + bytes + kPaddingBytes <= decoded_.size());  // captures do not overlap
  char* const place = decoded_.data() + decoded_used_;
  decoded_used_ += bytes;
  return place;
}

// The text of a scalar: unescaped for strings, as it stands for the rest.
bool Matcher::KeyText(int key, std::string_view* text) {
  const JsonMember& member = found_[static_cast<size_t>(key)];
  if (member.key.empty() || member.kind == JsonKind::kObject || member.kind == JsonKind::kArray) {
    return false;
  }
  if (!IsText(member)) {
    *text = member.value;
    return true;
  }
  std::string_view& cached = texts_[static_cast<size_t>(key)];
  if (cached.data() == nullptr) {
    cached = member.value.substr(1, member.value.size() - 2);
    if (member.value_escaped) {
      char* out = Scratch(cached.size());
      cached = {out, static_cast<size_t>(unescape_(member.value, out) - out)};
    }
  }
  *text = cached;
  return true;
}

bool Matcher::Holds(const CompiledCondition& condition, std::string_view source) {
  std::string_view text;
  if (condition.source) {
    text = source;
  } else {
    const JsonMember& member = found_[static_cast<size_t>(condition.key)];
    if (member.key.empty() || member.kind == JsonKind::kNull) return false;
    if (condition.values.empty()) return true;
    if (!KeyText(condition.key, &text)) return false;
  }
  return condition.values.empty() || std::find(condition.values.begin(), condition.values.end(),
                                               text) != condition.values.end();
}

bool Matcher::Fill(const CompiledRule& rule) {
  for (const int slot : rule.shared_slots)
    values_[static_cast<size_t>(slot)].kind = ValueKind::kAbsent;
  bool typed = true;
  decoded_used_ = 0;
  const std::vector<Step>& steps = all_fields_ ? rule.steps : rule.metric_steps;
  const Step* at = steps.data();
  const Step* const end = at + steps.size();
  const Step* const texts_end = at + (all_fields_ ? rule.text_steps : rule.text_metric_steps);
  for (; at < texts_end; ++at) {
    FillText(*at, captures_[at->capture], &values_[at->slot]);
  }
  for (; at < end && at->way == Recipe::Way::kDigits && !at->shared_slot; ++at) {
    const Capture& capture = captures_[at->capture];
    Value& value = values_[at->slot];
    if (capture.begin == nullptr) {
      value.kind = ValueKind::kAbsent;
    } else if (!FillFromCapture(*at, capture, &value) &&
               !FillSlowly(rule.recipes[at->recipe], capture, &value)) {
      typed = false;
    }
  }
  for (; at < end; ++at) {
    const Step& step = *at;
    Value& value = values_[step.slot];
    if (step.way == Recipe::Way::kText) {
      const Capture& capture = captures_[step.capture];
      if (step.shared_slot && (capture.begin == nullptr || value.kind != ValueKind::kAbsent)) {
        continue;
      }
      FillText(step, capture, &value);
      if (step.request >= 0) SplitRequest(rule.recipes[step.recipe]);
      continue;
    }
    if (step.shared_slot && value.kind != ValueKind::kAbsent) continue;
    if (step.capture > 0) {
      const Capture& capture = captures_[step.capture];
      if (capture.begin == nullptr) {
        value.kind = ValueKind::kAbsent;
      } else if (!FillFromCapture(step, capture, &value) &&
                 !FillSlowly(rule.recipes[step.recipe], capture, &value)) {
        typed = false;
      }
    } else {
      value.kind = ValueKind::kAbsent;
      // A JSON key of another type than declared is the event's own affair: it is written as it
      // came, and is null for labels and conditions. A metric that wants it says so in its tally.
      const Recipe& recipe = rule.recipes[step.recipe];
      if (!FillFromKey(recipe, &value)) {
        ConvertNull(recipe.conversion, &value);
        if (!recipe.conversion.fallback) value.SetMistyped();
      }
    }
    if (step.request >= 0) SplitRequest(rule.recipes[step.recipe]);
  }
  // A default stands for a field that the event has under none of its keys.
  for (const size_t index : rule.key_defaults) {
    const Recipe& recipe = rule.recipes[index];
    Value& value = values_[static_cast<size_t>(recipe.slot)];
    if (value.kind != ValueKind::kAbsent) continue;
    ConvertNull(recipe.conversion, &value);
    if (recipe.method_slot >= 0) SplitRequest(recipe);
  }
  return typed;
}

// Text, most of it null only as "-": no branch.
inline void Matcher::FillText(const Step& step, const Capture& capture, Value* value) {
  const bool there = capture.begin != nullptr;
  const auto size = static_cast<uint32_t>(capture.end - capture.begin);
  const bool dash = *(there ? capture.begin : "") == '-';
  const unsigned null = static_cast<unsigned>(step.dash_is_null) & static_cast<unsigned>(dash) &
                        static_cast<unsigned>(size == 1);
  static_assert(static_cast<int>(ValueKind::kNull) + 1 == static_cast<int>(ValueKind::kString));
  const unsigned kind = static_cast<unsigned>(ValueKind::kString) - null;
  value->data = capture.begin;
  value->size = size;
  value->kind = there ? static_cast<ValueKind>(kind) : ValueKind::kAbsent;
}

// The usual cases at once; false leaves the text to Convert().
inline bool Matcher::FillFromCapture(const Step& step, const Capture& capture, Value* value) {
  if (step.way != Recipe::Way::kDigits) return false;
  const auto size = static_cast<size_t>(capture.end - capture.begin);
  int64_t number = 0;
  if (!step.plain_nulls || !ParseDigits(capture.begin, size, &number)) return false;
  value->data = capture.begin;
  value->size = static_cast<uint32_t>(size);
  value->kind = ValueKind::kInt;
  value->json_number = *capture.begin != '0' || size == 1;
  value->integer = number;
  return true;
}

bool Matcher::FillSlowly(const Recipe& recipe, const Capture& capture, Value* value) {
  std::string_view text(capture.begin, static_cast<size_t>(capture.end - capture.begin));
  if (recipe.conversion.escapes != rules::Escapes::kNone &&
      text.find('\\') != std::string_view::npos) {
    char* const out = Decoded(text.size());
    text = {out, static_cast<size_t>(Unescape(recipe.conversion.escapes, text, out) - out)};
  }
  const bool typed = Convert(recipe.conversion, text, value);
  if (recipe.count_slot >= 0) CountTries(recipe, *value);
  return typed;
}

// A list that says nothing ("-") has no count either.
void Matcher::CountTries(const Recipe& recipe, const Value& list) {
  Value& count = values_[static_cast<size_t>(recipe.count_slot)];
  count = {};
  count.kind = ValueKind::kNull;
  if (!list.there()) return;
  count.kind = ValueKind::kInt;
  count.integer = CountItems(list.text());
  char* const out = Decoded(kNumberBytes);
  const std::to_chars_result digits = std::to_chars(out, out + kNumberBytes, count.integer);
  count.data = out;
  count.size = static_cast<uint32_t>(digits.ptr - out);
  count.json_number = true;
}

bool Matcher::FillFromKey(const Recipe& recipe, Value* value) {
  const JsonMember& member = found_[static_cast<size_t>(recipe.key)];
  std::string_view text;
  if (member.key.empty()) return true;  // absent
  if (member.kind == JsonKind::kNull) return ConvertNull(recipe.conversion, value);
  if (!KeyText(recipe.key, &text)) return false;
  if (recipe.conversion.typed) {
    if (!Convert(recipe.conversion, text, value)) return false;
    if (value->kind == ValueKind::kInt && !value->json_number) {
      // 200.0 is the status 200, as a label too.
      char* out = Scratch(kNumberBytes);
      const std::to_chars_result digits = std::to_chars(out, out + kNumberBytes, value->integer);
      value->data = out;
      value->size = static_cast<uint32_t>(digits.ptr - out);
    }
    return true;
  }
  Conversion as_json;
  if (member.kind == JsonKind::kNumber) as_json.type = FieldType::kInt;
  if (member.kind == JsonKind::kTrue || member.kind == JsonKind::kFalse)
    as_json.type = FieldType::kBool;
  if (Convert(as_json, text, value)) return true;
  as_json.type = FieldType::kFloat;
  return Convert(as_json, text, value);
}

void Matcher::SplitRequest(const Recipe& recipe) {
  const Value& request = values_[static_cast<size_t>(recipe.slot)];
  const auto set = [this](int slot, const char* data, size_t size) {
    Value& value = values_[static_cast<size_t>(slot)];
    value.kind = size != 0 ? ValueKind::kString : ValueKind::kNull;
    value.data = data;
    value.size = static_cast<uint32_t>(size);
  };
  if (request.kind == ValueKind::kString) {
    const char* const text = request.data;
    if (const size_t method = UsualMethodSize(request.text())) {
      set(recipe.method_slot, text, method);
      set(recipe.path_slot, text + method + 1, request.size - method - 10);
      set(recipe.protocol_slot, text + request.size - 8, 8);
      return;
    }
    HttpRequest parts;
    if (SplitHttpRequest(request.text(), &parts)) {
      set(recipe.method_slot, parts.method.data(), parts.method.size());
      set(recipe.path_slot, parts.path.data(), parts.path.size());
      set(recipe.protocol_slot, parts.protocol.data(), parts.protocol.size());
      return;
    }
  }
  for (const int slot : {recipe.method_slot, recipe.path_slot, recipe.protocol_slot})
    set(slot, nullptr, 0);
}

// The event's own keys stay as they came, first and in their order, but for those that a parsed
// field replaces (as Python's dict.update would) and an @timestamp that is no time.
void Matcher::HideOverwritten(const CompiledRule& rule, Record* record) {
  const JsonMember& own_timestamp = found_[kTimestampKey];
  bool odd_timestamp = false;
  if (!own_timestamp.key.empty()) {
    Moment moment;
    std::string_view text;
    record->own_timestamp =
        IsText(own_timestamp) && KeyText(kTimestampKey, &text) && ParseRfc3339(text, &moment);
    odd_timestamp = !record->own_timestamp;
  }
  record->own_source = !found_[kSourceKey].key.empty();
  const std::vector<JsonMember>& members = events_.members();
  record->members = members.data();
  record->members_count = static_cast<uint32_t>(members.size());
  if (rule.regex == nullptr && rule.transforms == nullptr && !odd_timestamp) return;
  if (!odd_timestamp && (member_buckets_ & rule.record_name_buckets) == 0) return;
  const auto replaced = [this, &rule](const JsonMember& member) {
    std::string room;
    const std::string_view key = KeyName(member, &room);
    if (((rule.record_name_buckets >> KeyBucket(key)) & 1) == 0) return false;
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      const FieldInfo& field = rule.fields[slot];
      if (field.in_record && field.name == key && values_[slot].kind != ValueKind::kAbsent)
        return true;
    }
    return false;
  };
  if (!odd_timestamp && std::none_of(members.begin(), members.end(), replaced)) return;
  members_.clear();
  for (JsonMember member : members) {
    if (replaced(member)) continue;
    std::string room;
    if (odd_timestamp && KeyName(member, &room) == program_->keys[kTimestampKey])
      member.key = kOriginalTimestamp;
    members_.push_back(member);
  }
  record->members = members_.data();
  record->members_count = static_cast<uint32_t>(members_.size());
}

}  // namespace parshall::records
