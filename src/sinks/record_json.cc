#include "sinks/record_json.h"

#include <charconv>
#include <cstring>

#include "base/json_text.h"
#include "records/event_time.h"

namespace parshall::sinks {
namespace {

using records::Record;
using records::Value;
using records::ValueKind;

constexpr std::string_view kTimestampKey = "\"@timestamp\":\"";
constexpr size_t kFixedBytes =
    256;  // braces, @timestamp, outcome, newline, and stores that run over the end
constexpr size_t kNumberBytes = 40;

char* Copy(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// Keys are short and padded to 32 bytes, so that one fixed-size copy takes nearly all of them.
char* CopyKey(char* at, const std::string& key) {
  if (key.size() <= 32 && key.capacity() >= 32) {
    std::memcpy(at, key.data(), 32);
    return at + key.size();
  }
  return Copy(at, key);
}

char* AppendQuoted(char* at, std::string_view text) {
  *at++ = '"';
  at = AppendJsonText(at, text);
  *at++ = '"';
  return at;
}

char* AppendValue(char* at, const Value& value) {
  switch (value.kind) {
    case ValueKind::kAbsent:
    case ValueKind::kNull:
      return Copy(at, "null");
    case ValueKind::kString:
      return AppendQuoted(at, value.text());
    case ValueKind::kBool:
      return Copy(at, value.integer != 0 ? "true" : "false");
    case ValueKind::kInt:
      if (value.json_number) {
        if (value.size > 16) return Copy(at, value.text());
        std::memcpy(at, value.data, 16);  // readable: the padding; the rest is written over
        return at + value.size;
      }
      return std::to_chars(at, at + kNumberBytes, value.integer).ptr;
    case ValueKind::kFloat:
      if (value.json_number) return Copy(at, value.text());
      return std::to_chars(at, at + kNumberBytes, value.number).ptr;
  }
  return at;
}

}  // namespace

RecordJson::RecordJson(std::shared_ptr<const records::RuleProgram> program)
    : program_(std::move(program)) {
  for (const records::CompiledRule& rule : program_->rules) {
    Keys& keys = keys_.emplace_back();
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      const records::FieldInfo& field = rule.fields[slot];
      if (!field.in_record) continue;
      Key key{.slot = static_cast<uint32_t>(slot), .text = {}};
      key.text.reserve(64);
      std::string escaped(JsonTextBytesMax(field.name.size()), '\0');
      const std::string padded = field.name + std::string(64, '\0');
      char* end =
          AppendJsonText(escaped.data(), std::string_view(padded).substr(0, field.name.size()));
      key.text.append(",\"").append(escaped.data(), end).append("\":");
      keys.bytes_max += key.text.size() + kNumberBytes + JsonTextBytesMax(0);
      keys.written.push_back(std::move(key));
    }
    for (const records::Recipe& recipe : rule.recipes) {
      if (recipe.conversion.fallback) keys.bytes_max += JsonTextBytesMax(recipe.conversion.fallback->size());
    }
  }
}

char* RecordJson::AppendMoment(char* at, Moment moment) {
  at = Copy(at, kTimestampKey);
  FormatRfc3339Millis(moment, at);
  at += kRfc3339MillisSize;
  *at++ = '"';
  return at;
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
  // All the room that the worst case needs, once: then there is no check on the way. Twice the line, since the parts of a
  // request are written again; the members of an event are as they stood in it, or repaired to the same size.
  size_t bytes = kFixedBytes + keys.bytes_max + JsonTextBytesMax(2 * record.text_size);
  if (!context.envelope.empty() || !context.source.empty()) bytes += TailBytesMax(context);
  char* at = out->Reserve(bytes);

  Moment moment;
  const records::EventTime time = records::FindEventTime(rule, record, &moment);
  if (time != records::EventTime::kFound) {
    if (time == records::EventTime::kInvalid) ++tally_.timestamp_errors;
    moment = context.has_envelope_moment ? context.envelope_moment : context.read_at;
  }

  *at++ = '{';
  const bool event = rule.json;
  bool first = true;
  if (!event) {
    at = AppendMoment(at, moment);
    first = false;
  }
  for (uint32_t n = 0; n < record.members_count; ++n) {
    if (n > 0) *at++ = ',';
    at = Copy(at, record.members[n].key);
    *at++ = ':';
    at = Copy(at, record.members[n].value);
    first = false;
  }
  for (const Key& key : keys.written) {
    const Value& value = record.values[key.slot];
    if (value.kind == ValueKind::kAbsent) continue;
    if (first) {
      at = Copy(at, std::string_view(key.text).substr(1));
      first = false;
    } else {
      at = CopyKey(at, key.text);
    }
    at = AppendValue(at, value);
  }
  if (event && !record.own_timestamp) {
    if (!first) *at++ = ',';
    at = AppendMoment(at, moment);
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
