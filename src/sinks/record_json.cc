#include "sinks/record_json.h"

#include <cstring>

#include "base/json_text.h"
#include "records/event_time.h"

namespace parshall::sinks {
namespace {

using records::Record;
using records::ValueKind;

constexpr std::string_view kTimestampKey = "\"@timestamp\":\"";
constexpr size_t kFixedBytes =
    256;  // braces, @timestamp, outcome, newline, and stores that run over the end
constexpr size_t kNumberBytes = 40;

char* Copy(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* AppendQuoted(char* at, std::string_view text) {
  *at++ = '"';
  at = AppendJsonText(at, text);
  *at++ = '"';
  return at;
}

}  // namespace

RecordJson::RecordJson(std::shared_ptr<const records::RuleProgram> program)
    : program_(std::move(program)), append_fields_(BestAppendFields()) {
  for (const records::CompiledRule& rule : program_->rules) {
    Keys& keys = keys_.emplace_back();
    keys.texts.reserve(rule.fields.size());  // the views into them stay valid
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      const records::FieldInfo& field = rule.fields[slot];
      if (!field.in_record) continue;
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

char* RecordJson::AppendTail(char* at, const RecordContext& context, bool with_source) {
  for (const lines::EnvelopeField& field : context.envelope) {
    at = Copy(at, ",\"");
    at = Copy(at, field.name);
    at = Copy(at, "\":");
    at = AppendQuoted(at, field.text);
  }
  if (with_source && !context.source.empty()) {
    at = Copy(at, ",\"source\":");
    at = AppendQuoted(at, context.source);
  }
  *at++ = '}';
  *at++ = '\n';
  return at;
}

void RecordJson::Append(const Record& record, const RecordContext& context, Buffer* out) {
  ++tally_.records;
  const records::CompiledRule& rule = program_->rules[record.rule];
  const Keys& keys = keys_[record.rule];
  // All the room that the worst case needs, once: then there is no check on the way. Twice the
  // line, since the parts of a request are written again; the members of an event are as they stood
  // in it, or repaired to the same size.
  size_t bytes = kFixedBytes + keys.bytes_max + JsonTextBytesMax(2 * record.text_size);
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
  at = AppendTail(at, context, !record.own_source);
  out->SetEnd(at);
}

void RecordJson::AppendLine(std::string_view line, std::string_view outcome,
                            const RecordContext& context, Buffer* out) {
  ++tally_.records;
  char* at = out->Reserve(kFixedBytes + JsonTextBytesMax(line.size()) + TailBytesMax(context));
  *at++ = '{';
  at = AppendMoment(at, context.has_envelope_moment ? context.envelope_moment : context.read_at);
  at = Copy(at, ",\"message\":");
  at = AppendQuoted(at, line);
  at = Copy(at, ",\"outcome\":\"");
  at = Copy(at, outcome);
  *at++ = '"';
  at = AppendTail(at, context, true);
  out->SetEnd(at);
}

}  // namespace parshall::sinks
