#include "sinks/record_json.h"

#include <algorithm>
#include <cstring>

#include "base/json_text.h"
#include "records/event_time.h"

namespace parshall::sinks {
namespace {

using records::Record;
using records::ValueKind;

constexpr std::string_view kSource = "source";

constexpr std::string_view kOpening = "{\"@timestamp\":\"";
constexpr std::string_view kTimestampKey = "\",\"@timestamp\":\"";
constexpr std::string_view kEnd = "\"}\n";
constexpr size_t kTailBytesAtOnce = 64;
constexpr records::Value kNoValue{};  // of a program whose rules have no fields
constexpr size_t kFixedBytes =
    256;  // braces, @timestamp, outcome, newline, and stores that run over the end

char* Copy(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// How many fields a byte can be part of: a group's, those of the groups around it, and a request's
// parts.
size_t CopiesBelow(const records::Node& node, const std::vector<size_t>& copies_by_group) {
  size_t copies = 0;
  for (const records::Node& child : node.children) {
    copies = std::max(copies, CopiesBelow(child, copies_by_group));
  }
  if (node.kind != records::NodeKind::kCapture) return copies;
  return copies + copies_by_group[static_cast<size_t>(node.group)];
}

size_t CopiesOf(const records::CompiledRule& rule) {
  if (rule.regex == nullptr) return 0;
  std::vector<size_t> by_group(static_cast<size_t>(rule.regex->groups()) + 1, 0);
  size_t all = 0;
  for (const records::Recipe& recipe : rule.recipes) {
    if (recipe.capture == 0) continue;
    const size_t copies = recipe.method_slot >= 0 ? 2 : 1;
    by_group[static_cast<size_t>(recipe.capture)] += copies;
    all += copies;
  }
  return rule.regex->tree() ? CopiesBelow(*rule.regex->tree(), by_group) : all;
}

// The event's own members, with the brace before them.
char* AppendMembers(char* at, const Record& record) {
  *at++ = '{';
  for (uint32_t n = 0; n < record.members_count; ++n) {
    if (n > 0) *at++ = ',';
    at = Copy(at, record.members[n].key);
    *at++ = ':';
    at = Copy(at, record.members[n].value);
  }
  return at;
}

}  // namespace

RecordJson::RecordJson(std::shared_ptr<const records::RuleProgram> program, Schema schema)
    : program_(std::move(program)), append_fields_(BestAppendFields()) {
  if (schema == Schema::kEcs) ecs_ = std::make_unique<EcsJson>(program_);
  for (const records::CompiledRule& rule : program_->rules) {
    Keys& keys = keys_.emplace_back(rule);
    keys.bytes_max = keys.shapes.bytes_max();
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      if (rule.fields[slot].in_record && rule.fields[slot].name == kSource)
        keys.source_slot = static_cast<int>(slot);
    }
    for (const records::Recipe& recipe : rule.recipes) {
      if (recipe.conversion.fallback)
        keys.bytes_max += JsonTextBytesMax(recipe.conversion.fallback->size());
    }
    keys.event = rule.json;
    keys.may_own_source = rule.json || keys.source_slot >= 0;
    keys.copies = CopiesOf(rule);
    // What transforms have made is in Record::text_size once.
    if (rule.transforms != nullptr) keys.copies = std::max<size_t>(keys.copies, 1);
    if (!rule.timestamp.empty() && rule.timestamp[0].format == "clf")
      keys.clf_slot = rule.timestamp[0].slot;
  }
}

// The record's own time, else what stands in for it.
inline char* RecordJson::AppendEventTime(char* at, int clf_slot, const Record& record,
                                         const RecordContext& context) {
  if (clf_slot >= 0 && record.values[clf_slot].kind == ValueKind::kString &&
      clf_.Write(record.values[clf_slot].text(), at)) [[likely]] {
    return at + kRfc3339MillisSize;
  }
  return AppendOtherTime(at, record, context);
}

[[gnu::noinline]] char* RecordJson::AppendOtherTime(char* at, const Record& record,
                                                    const RecordContext& context) {
  Moment moment;
  const records::EventTime time =
      records::FindEventTime(program_->rules[record.rule], record, &moment);
  if (time != records::EventTime::kFound) {
    if (time == records::EventTime::kInvalid) ++tally_.timestamp_errors;
    moment = context.has_envelope_moment ? context.envelope_moment : context.read_at;
  }
  FormatRfc3339Millis(moment, at);
  return at + kRfc3339MillisSize;
}

size_t RecordJson::EnvelopeBytesMax(const RecordContext& context) {
  size_t bytes = 0;
  for (const lines::EnvelopeField& field : context.envelope) {
    bytes += field.name.size() + JsonTextBytesMax(field.text.size()) + 8;
  }
  return bytes;
}

// A key must not stand twice: Elasticsearch, for one, refuses such a document.
bool RecordJson::HasKey(const Record& record, std::string_view name) const {
  if (keys_[record.rule].shapes.Has(record.values, name)) return true;
  return std::any_of(record.members, record.members + record.members_count,
                     [name](const records::JsonMember& member) {
                       return member.key.size() == name.size() + 2 &&
                              member.key.substr(1, name.size()) == name;
                     });
}

// How records of this source end.
[[gnu::noinline]] void RecordJson::BeginSource(const RecordContext& context) {
  source_id_ = context.source_id;
  if (context.source == source_ && !source_tail_.empty()) return;
  source_.assign(context.source);
  source_tail_.assign(JsonTextBytesMax(source_.size()) + 32 + kTailBytesAtOnce, '\0');
  char* at = source_tail_.data();
  if (!source_.empty()) {
    const std::string padded = source_ + std::string(kTailBytesAtOnce, '\0');
    at = Copy(at, "\",\"source\":\"");
    at = AppendJsonText(at, std::string_view(padded).substr(0, source_.size()));
  }
  at = Copy(at, kEnd);
  source_tail_size_ = static_cast<size_t>(at - source_tail_.data());
}

// What a wrapping said, before the end.
[[gnu::noinline]] char* RecordJson::AppendEnvelope(char* at, Joint* joint,
                                                   const RecordContext& context,
                                                   const Record* record) const {
  for (const lines::EnvelopeField& field : context.envelope) {
    if (record != nullptr && HasKey(*record, field.name)) continue;
    const std::string_view before("\",\"");
    at = Copy(at, before.substr(static_cast<size_t>(*joint)));
    at = Copy(at, field.name);
    at = Copy(at, "\":\"");
    at = AppendJsonText(at, field.text);
    *joint = Joint::kAfterText;
  }
  return at;
}

// Whether the record has a source of its own.
[[gnu::noinline]] bool RecordJson::OwnSource(const Record& record) const {
  const int slot = keys_[record.rule].source_slot;
  return record.own_source || (slot >= 0 && record.values[slot].kind != ValueKind::kAbsent);
}

inline char* RecordJson::AppendTail(char* at, Joint joint, const RecordContext& context,
                                    const Record* record) {
  if (!context.envelope.empty()) [[unlikely]]
    at = AppendEnvelope(at, &joint, context, record);
  if (record != nullptr && keys_[record->rule].may_own_source && OwnSource(*record)) [[unlikely]] {
    return Copy(at, kEnd.substr(joint == Joint::kAfterText ? 0 : 1));
  }
  // Where there is no source, only a quote may be to be left out.
  const size_t skip = std::min<size_t>(static_cast<size_t>(joint), source_.empty() ? 1 : 2);
  const char* const tail = source_tail_.data() + skip;
  const size_t size = source_tail_size_ - skip;
  std::memcpy(at, tail, kTailBytesAtOnce);
  if (size > kTailBytesAtOnce) [[unlikely]]
    std::memcpy(at, tail, size);
  return at + size;
}

void RecordJson::Append(const Record& record, const RecordContext& context, Buffer* out) {
  ++tally_.records;
  if (ecs_ != nullptr) [[unlikely]] {
    if (ecs_->Append(record, context, out)) ++tally_.timestamp_errors;
    return;
  }
  Keys& keys = keys_[record.rule];
  if (context.source_id == 0 || context.source_id != source_id_) [[unlikely]]
    BeginSource(context);
  // All the room that the worst case needs, once: then there is no check on the way. The members of
  // an event are as they stood in it, or repaired to the same size.
  size_t bytes = kFixedBytes + keys.bytes_max + JsonTextBytesMax(keys.copies * record.text_size) +
                 source_tail_size_;
  if (record.members_count > 0) bytes += record.text_size;
  if (!context.envelope.empty()) [[unlikely]]
    bytes += EnvelopeBytesMax(context);
  char* at = out->Reserve(bytes);

  Joint joint = Joint::kAfterText;
  if (!keys.event) [[likely]] {
    at = AppendEventTime(Copy(at, kOpening), keys.clf_slot, record, context);
  } else {
    at = AppendMembers(at, record);
    joint = record.members_count > 0 ? Joint::kAfterOther : Joint::kFirst;
  }
  const records::Value* const values = record.values != nullptr ? record.values : &kNoValue;
  const RecordShape shape = keys.shapes.Find(values, record.kinds, joint);
  at = append_fields_(at, shape.steps, values);
  joint = shape.joint;
  if (keys.event && !record.own_timestamp) {
    at = Copy(at, kTimestampKey.substr(static_cast<size_t>(joint)));
    at = AppendEventTime(at, keys.clf_slot, record, context);
    joint = Joint::kAfterText;
  }
  at = AppendTail(at, joint, context, &record);
  out->SetEnd(at);
}

void RecordJson::AppendLine(std::string_view line, std::string_view outcome,
                            const RecordContext& context, Buffer* out) {
  ++tally_.records;
  if (ecs_ != nullptr) {
    ecs_->AppendLine(line, outcome, context, out);
    return;
  }
  if (context.source_id == 0 || context.source_id != source_id_) BeginSource(context);
  char* at = out->Reserve(kFixedBytes + JsonTextBytesMax(line.size()) + source_tail_size_ +
                          EnvelopeBytesMax(context));
  at = Copy(at, kOpening);
  FormatRfc3339Millis(context.has_envelope_moment ? context.envelope_moment : context.read_at, at);
  at = Copy(at + kRfc3339MillisSize, "\",\"message\":\"");
  at = AppendJsonText(at, line);
  at = Copy(at, "\",\"outcome\":\"");
  at = Copy(at, outcome);
  at = AppendTail(at, Joint::kAfterText, context, nullptr);
  out->SetEnd(at);
}

}  // namespace parshall::sinks
