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

constexpr std::string_view kTimestampKey = "\"@timestamp\":\"";
constexpr size_t kFixedBytes =
    256;  // braces, @timestamp, outcome, newline, and stores that run over the end
constexpr size_t kNumberBytes = 40;

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

char* AppendQuoted(char* at, std::string_view text) {
  *at++ = '"';
  at = AppendJsonText(at, text);
  *at++ = '"';
  return at;
}

}  // namespace

RecordJson::RecordJson(std::shared_ptr<const records::RuleProgram> program, Schema schema)
    : program_(std::move(program)), append_fields_(BestAppendFields()) {
  if (schema == Schema::kEcs) ecs_ = std::make_unique<EcsJson>(program_);
  for (const records::CompiledRule& rule : program_->rules) {
    Keys& keys = keys_.emplace_back();
    keys.texts.reserve(rule.fields.size());  // the views into them stay valid
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      const records::FieldInfo& field = rule.fields[slot];
      if (!field.in_record) continue;
      if (field.name == kSource) keys.source_slot = static_cast<int>(slot);
      std::string escaped(JsonTextBytesMax(field.name.size()), '\0');
      const std::string padded = field.name + std::string(64, '\0');
      char* end =
          AppendJsonText(escaped.data(), std::string_view(padded).substr(0, field.name.size()));
      std::string& text = keys.texts.emplace_back(",\"");
      text.append(escaped.data(), end).append("\":");
      const auto size = static_cast<uint32_t>(text.size());
      text.append(kKeyBytesReadable, '\0');
      keys.written.push_back(
          {.text = text.data(), .size = size, .slot = static_cast<uint32_t>(slot)});
      keys.bytes_max += size + kNumberBytes + JsonTextBytesMax(0);
    }
    for (const records::Recipe& recipe : rule.recipes) {
      if (recipe.conversion.fallback)
        keys.bytes_max += JsonTextBytesMax(recipe.conversion.fallback->size());
    }
    keys.copies = CopiesOf(rule);
    // What transforms have made is in Record::text_size once.
    if (rule.transforms != nullptr) keys.copies = std::max<size_t>(keys.copies, 1);
    if (!rule.timestamp.empty() && rule.timestamp[0].format == "clf")
      keys.clf_slot = rule.timestamp[0].slot;
  }
}

char* RecordJson::AppendMoment(char* at, Moment moment) {
  at = Copy(at, kTimestampKey);
  FormatRfc3339Millis(moment, at);
  at += kRfc3339MillisSize;
  *at++ = '"';
  return at;
}

// The record's own time, else what stands in for it.
char* RecordJson::AppendEventTime(char* at, const Record& record, const RecordContext& context) {
  const int clf_slot = keys_[record.rule].clf_slot;
  if (clf_slot >= 0 && record.values[clf_slot].kind == ValueKind::kString) {
    char* const behind_key = Copy(at, kTimestampKey);
    if (clf_.Write(record.values[clf_slot].text(), behind_key)) {
      behind_key[kRfc3339MillisSize] = '"';
      return behind_key + kRfc3339MillisSize + 1;
    }
  }
  Moment moment;
  const records::EventTime time =
      records::FindEventTime(program_->rules[record.rule], record, &moment);
  if (time != records::EventTime::kFound) {
    if (time == records::EventTime::kInvalid) ++tally_.timestamp_errors;
    moment = context.has_envelope_moment ? context.envelope_moment : context.read_at;
  }
  return AppendMoment(at, moment);
}

size_t RecordJson::TailBytesMax(const RecordContext& context) {
  size_t bytes = JsonTextBytesMax(context.source.size()) + 32;
  for (const lines::EnvelopeField& field : context.envelope) {
    bytes += field.name.size() + JsonTextBytesMax(field.text.size()) + 8;
  }
  return bytes;
}

// A key must not stand twice: Elasticsearch, for one, refuses such a document.
bool RecordJson::HasKey(const Record& record, std::string_view name) const {
  for (const FieldKey& key : keys_[record.rule].written) {
    if (record.values[key.slot].kind != ValueKind::kAbsent &&
        program_->rules[record.rule].fields[key.slot].name == name) {
      return true;
    }
  }
  return std::any_of(record.members, record.members + record.members_count,
                     [name](const records::JsonMember& member) {
                       return member.key.size() == name.size() + 2 &&
                              member.key.substr(1, name.size()) == name;
                     });
}

char* RecordJson::AppendTail(char* at, const RecordContext& context, const Record* record) {
  for (const lines::EnvelopeField& field : context.envelope) {
    if (record != nullptr && HasKey(*record, field.name)) continue;
    at = Copy(at, ",\"");
    at = Copy(at, field.name);
    at = Copy(at, "\":");
    at = AppendQuoted(at, field.text);
  }
  const auto own_source = [this, record] {
    if (record == nullptr) return false;
    const int slot = keys_[record->rule].source_slot;
    return record->own_source || (slot >= 0 && record->values[slot].kind != ValueKind::kAbsent);
  };
  if (!context.source.empty() && !own_source()) {
    at = Copy(at, ",\"source\":");
    at = AppendQuoted(at, context.source);
  }
  *at++ = '}';
  *at++ = '\n';
  return at;
}

void RecordJson::Append(const Record& record, const RecordContext& context, Buffer* out) {
  ++tally_.records;
  if (ecs_ != nullptr) [[unlikely]] {
    if (ecs_->Append(record, context, out)) ++tally_.timestamp_errors;
    return;
  }
  const records::CompiledRule& rule = program_->rules[record.rule];
  const Keys& keys = keys_[record.rule];
  // All the room that the worst case needs, once: then there is no check on the way. The members of
  // an event are as they stood in it, or repaired to the same size.
  size_t bytes = kFixedBytes + keys.bytes_max + JsonTextBytesMax(keys.copies * record.text_size);
  if (record.members_count > 0) bytes += record.text_size;
  if (!context.envelope.empty() || !context.source.empty()) bytes += TailBytesMax(context);
  char* at = out->Reserve(bytes);

  *at++ = '{';
  const bool event = rule.json;
  bool first = true;
  if (!event) {
    at = AppendEventTime(at, record, context);
    first = false;
  }
  for (uint32_t n = 0; n < record.members_count; ++n) {
    if (n > 0) *at++ = ',';
    at = Copy(at, record.members[n].key);
    *at++ = ':';
    at = Copy(at, record.members[n].value);
    first = false;
  }
  at = append_fields_(at, keys.written.data(), keys.written.size(), record.values, &first);
  if (event && !record.own_timestamp) {
    if (!first) *at++ = ',';
    at = AppendEventTime(at, record, context);
  }
  at = AppendTail(at, context, &record);
  out->SetEnd(at);
}

void RecordJson::AppendLine(std::string_view line, std::string_view outcome,
                            const RecordContext& context, Buffer* out) {
  ++tally_.records;
  if (ecs_ != nullptr) {
    ecs_->AppendLine(line, outcome, context, out);
    return;
  }
  char* at = out->Reserve(kFixedBytes + JsonTextBytesMax(line.size()) + TailBytesMax(context));
  *at++ = '{';
  at = AppendMoment(at, context.has_envelope_moment ? context.envelope_moment : context.read_at);
  at = Copy(at, ",\"message\":");
  at = AppendQuoted(at, line);
  at = Copy(at, ",\"outcome\":\"");
  at = Copy(at, outcome);
  *at++ = '"';
  at = AppendTail(at, context, nullptr);
  out->SetEnd(at);
}

}  // namespace parshall::sinks
