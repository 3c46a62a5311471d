#include "sinks/ecs_json.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/json_text.h"
#include "records/event_time.h"
#include "records/split_url.h"
#include "sinks/record_json.h"

namespace parshall::sinks {
namespace {

using records::JsonKind;
using records::Record;
using records::Value;
using records::ValueKind;

constexpr size_t kUnescapeRoom = 16;
constexpr double kNanosMax = 9.2e18;
constexpr std::string_view kTraceback = "\nTraceback (most recent call last):";

bool IsIp(std::string_view text) {
  char address[INET6_ADDRSTRLEN];
  unsigned char bytes[16];
  if (text.size() >= sizeof address) return false;
  std::memcpy(address, text.data(), text.size());
  address[text.size()] = '\0';
  return ::inet_pton(AF_INET, address, bytes) == 1 || ::inet_pton(AF_INET6, address, bytes) == 1;
}

// The address that a list like X-Forwarded-For begins with.
std::string_view FirstOfList(std::string_view text) {
  text = text.substr(0, text.find(','));
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "error" of error.stack_trace, "http" and "request" of http.request.method.
std::string_view Segment(std::string_view path, size_t begin) {
  return path.substr(begin, path.find('.', begin) - begin);
}

}  // namespace

EcsJson::EcsJson(std::shared_ptr<const records::RuleProgram> program)
    : program_(std::move(program)) {
  for (const records::CompiledRule& rule : program_->rules) {
    std::vector<Slot>& slots = slots_.emplace_back();
    for (uint32_t index = 0; index < rule.fields.size(); ++index) {
      const records::FieldInfo& field = rule.fields[index];
      Slot slot{.slot = index, .field = EcsFieldOf(field.name), .label = field.name, .key = {}};
      bool part = false;  // of a request that is shown
      for (const records::Recipe& recipe : rule.recipes) {
        const int place = static_cast<int>(index);
        if (recipe.slot == place && recipe.capture == 0) {
          slot.key = program_->keys[static_cast<size_t>(recipe.key)];
        }
        const bool of = recipe.method_slot == place || recipe.path_slot == place ||
                        recipe.protocol_slot == place;
        part = part || (of && recipe.method_slot >= 0 &&
                        rule.fields[static_cast<size_t>(recipe.slot)].in_record);
      }
      slot.time = std::any_of(rule.timestamp.begin(), rule.timestamp.end(),
                              [index](const records::TimestampField& one) {
                                return one.slot == static_cast<int>(index);
                              });
      if (field.name.empty() && slot.key.empty()) continue;  // removed
      if (!field.in_record && slot.key.empty() && !part) continue;
      slots.push_back(std::move(slot));
    }
  }
}

void EcsJson::Put(std::string_view text) { out_->Append(text); }

void EcsJson::PutText(std::string_view text) {
  char* at = out_->Reserve(JsonTextBytesMax(text.size()) + 2);
  *at++ = '"';
  at = AppendJsonText(at, text);
  *at++ = '"';
  out_->SetEnd(at);
}

void EcsJson::Begin(Buffer* out) {
  out_ = out;
  cells_.fill({});
  labels_.clear();
  label_names_.clear();
  taken_keys_.clear();
  held_.clear();
}

bool EcsJson::SetText(EcsField field, std::string_view text) {
  Cell& cell = CellOf(field);
  if (cell.kind != Cell::Kind::kNone) return false;
  switch (EcsDefinitionOf(field).type) {
    case EcsType::kKeyword:
      break;
    case EcsType::kIp:
      if (!IsIp(text)) return false;
      break;
    case EcsType::kLong: {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) return false;
      return SetInteger(field, number);
    }
  }
  cell = {.kind = Cell::Kind::kText, .text = text};
  return true;
}

bool EcsJson::SetInteger(EcsField field, int64_t number) {
  Cell& cell = CellOf(field);
  if (cell.kind != Cell::Kind::kNone || EcsDefinitionOf(field).type != EcsType::kLong) return false;
  cell = {.kind = Cell::Kind::kInteger, .text = {}, .number = number};
  return true;
}

// Path and query are there for those who count, the original for those who search.
void EcsJson::SetUrl(std::string_view text) {
  const records::SplitUrl parts = records::SplitUrlText(text);
  if (!parts.path.empty()) SetText(EcsField::kUrlPath, parts.path);
  if (parts.query.data() != nullptr) SetText(EcsField::kUrlQuery, parts.query);
  if (parts.host.data() != nullptr) SetText(EcsField::kUrlDomain, parts.host);
}

// A traceback behind the message of an error is its stack trace.
void EcsJson::SetMessage(std::string_view text) {
  const size_t trace = text.find(kTraceback);
  if (trace == std::string_view::npos ||
      CellOf(EcsField::kErrorStackTrace).kind != Cell::Kind::kNone)
    return;
  SetText(EcsField::kErrorStackTrace, text.substr(trace + 1));
  CellOf(EcsField::kMessage).text = text.substr(0, trace);
}

bool EcsJson::Set(EcsField field, const Value& value) {
  if (field == EcsField::kEventDuration) {
    if (value.kind != ValueKind::kFloat && value.kind != ValueKind::kInt) return false;
    const double nanos = value.AsDouble() * 1e9;
    if (!(std::abs(nanos) < kNanosMax)) return false;
    return SetInteger(field, std::llround(nanos));
  }
  if (EcsDefinitionOf(field).type == EcsType::kLong) {
    if (value.kind == ValueKind::kInt) return SetInteger(field, value.integer);
    const double whole = value.kind == ValueKind::kFloat ? std::nearbyint(value.number) : 0.5;
    if (value.kind == ValueKind::kFloat && whole == value.number && std::abs(whole) < kNanosMax) {
      return SetInteger(field, static_cast<int64_t>(whole));
    }
    return value.kind == ValueKind::kString && SetText(field, value.text());
  }
  const std::string_view text = value.text();
  if (field == EcsField::kHttpVersion) {
    return text.starts_with("HTTP/") && SetText(field, text.substr(5));
  }
  if (field == EcsField::kNetworkForwardedIp) {
    const std::string_view first = FirstOfList(text);
    return SetText(field, first) && first.size() == text.size();
  }
  if (!SetText(field, text)) return false;
  if (field == EcsField::kSourceAddress) SetText(EcsField::kSourceIp, text);
  if (field == EcsField::kUrlOriginal) SetUrl(text);
  if (field == EcsField::kMessage) SetMessage(text);
  return true;
}

void EcsJson::Values(const Record& record, bool found_time) {
  const records::CompiledRule& rule = program_->rules[record.rule];
  bool has_method = false;
  for (const Slot& slot : slots_[record.rule]) {
    const Value& value = record.values[slot.slot];
    const bool key = !slot.key.empty();
    if (!value.there() || value.size == 0) continue;
    if (slot.field == EcsField::kHttpRequestMethod) has_method = true;
    if (slot.time && found_time) {
      if (key) taken_keys_.push_back(slot.key);
      continue;
    }
    if (slot.field != EcsField::kCount && Set(slot.field, value)) {
      if (key) taken_keys_.push_back(slot.key);
      if (key) taken_keys_.push_back(slot.label);
      continue;
    }
    if (key || !rule.fields[slot.slot].in_record) continue;  // the member is a label as it came
    if (rule.fields[slot.slot].type == rules::FieldType::kHttpRequest) continue;  // see below
    Label(slot.label, value.text());
  }
  // A request that could not be taken apart has no other place.
  for (const Slot& slot : slots_[record.rule]) {
    const bool request = rule.fields[slot.slot].type == rules::FieldType::kHttpRequest;
    const Value& value = record.values[slot.slot];
    if (request && !has_method && value.there() && rule.fields[slot.slot].in_record) {
      Label(slot.label, value.text());
    }
  }
}

void EcsJson::Members(const Record& record) {
  for (uint32_t n = 0; n < record.members_count; ++n) {
    const records::JsonMember& member = record.members[n];
    std::string name(member.key.substr(1, member.key.size() - 2));
    if (member.key_escaped) {
      name.resize(member.key.size() + kUnescapeRoom);
      const char* const end = records::UnescapeJson(member.key, name.data());
      name.resize(static_cast<size_t>(end - name.data()));
    }
    if (member.kind == JsonKind::kNull || name == "@timestamp" || name == "ecs.version") continue;
    if (std::find(taken_keys_.begin(), taken_keys_.end(), name) != taken_keys_.end()) continue;
    const bool text = member.kind == JsonKind::kString;
    const bool scalar = member.kind != JsonKind::kObject && member.kind != JsonKind::kArray;
    // Of a request, host is the client's; elsewhere it is the machine that tells of itself.
    const EcsField field = name == "host" && record.event != rules::EventKind::kRequest
                               ? EcsField::kHostHostname
                               : EcsFieldOf(name);
    const std::string_view inside =
        text ? member.value.substr(1, member.value.size() - 2) : member.value;
    if (field != EcsField::kCount && scalar && field != EcsField::kEventDuration) {
      const EcsType type = EcsDefinitionOf(field).type;
      // A raw string may be written as it is; what is looked into must have no escapes.
      if (type == EcsType::kKeyword && CellOf(field).kind == Cell::Kind::kNone) {
        CellOf(field) = {.kind = Cell::Kind::kRaw,
                         .text = text ? member.value : Held(member.value)};
        if (field == EcsField::kSourceAddress) SetText(EcsField::kSourceIp, inside);
        if (field == EcsField::kUrlOriginal && text && !member.value_escaped) SetUrl(inside);
        continue;
      }
      if (type != EcsType::kKeyword && !member.value_escaped && SetText(field, inside)) continue;
    }
    if (!BeginLabel(name)) continue;
    Buffer* const out = std::exchange(out_, &labels_);
    Put(text ? member.value : Held(member.value));
    out_ = out;
  }
}

// A JSON string of what is none: a number, an object.
std::string_view EcsJson::Held(std::string_view raw) {
  const std::string padded = std::string(raw) + std::string(records::kPaddingBytes, '\0');
  std::string& text = held_.emplace_back(JsonTextBytesMax(raw.size()) + 2, '"');
  char* const end = AppendJsonText(text.data() + 1, std::string_view(padded).substr(0, raw.size()));
  *end = '"';
  text.resize(static_cast<size_t>(end + 1 - text.data()));
  return text;
}

void EcsJson::Wrapping(const RecordContext& context) {
  for (const lines::EnvelopeField& part : context.envelope) {
    const EcsField field = EcsFieldOf(part.name);
    if (field == EcsField::kCount || !SetText(field, part.text)) Label(part.name, part.text);
  }
  if (!context.source.empty()) SetText(EcsField::kLogFilePath, context.source);
}

bool EcsJson::BeginLabel(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '.', '_');  // a dot would make an object of it
  if (key.empty()) key = "_";
  if (!label_names_.insert(key).second) return false;
  key.append(records::kPaddingBytes, '\0');
  Buffer* const out = std::exchange(out_, &labels_);
  if (!labels_.empty()) Put(",");
  PutText(std::string_view(key).substr(0, key.size() - records::kPaddingBytes));
  Put(":");
  out_ = out;
  return true;
}

void EcsJson::Label(std::string_view name, std::string_view text) {
  if (!BeginLabel(name)) return;
  Buffer* const out = std::exchange(out_, &labels_);
  PutText(text);
  out_ = out;
}

void EcsJson::PutTimestamp(std::string_view rfc3339) {
  Put("{\"@timestamp\":\"");
  Put(rfc3339);
  Put("\",\"ecs\":{\"version\":\"");
  Put(kEcsVersion);
  Put("\"}");
}

// event.* but for its duration, which is among the cells.
void EcsJson::Event(const records::CompiledRule* rule, const Record* record) {
  Put(",\"event\":{\"kind\":\"event\"");
  if (record != nullptr && record->event == rules::EventKind::kRequest) {
    Put(",\"category\":[\"web\"],\"type\":[\"access\"]");
    const Cell& status = CellOf(EcsField::kHttpResponseStatusCode);
    if (status.kind == Cell::Kind::kInteger) {
      Put(status.number < 400 ? ",\"outcome\":\"success\"" : ",\"outcome\":\"failure\"");
    }
  }
  if (rule != nullptr) {
    Put(",\"dataset\":\"");
    Put(rule->name);
    Put("\"");
  }
  const Cell& duration = CellOf(EcsField::kEventDuration);
  if (duration.kind == Cell::Kind::kInteger) {
    Put(",\"duration\":");
    Put(std::to_string(duration.number));
  }
  Put("}");
}

// The cells in the order of their paths: objects are opened and closed where paths part.
void EcsJson::Cells() {
  std::string_view open;  // the path of the object that is open, with its last dot
  const auto close_to = [&](std::string_view wanted) {
    while (!wanted.starts_with(open)) {
      Put("}");
      const size_t dot = open.substr(0, open.size() - 1).rfind('.');
      open = dot == std::string_view::npos ? std::string_view() : open.substr(0, dot + 1);
    }
  };
  bool fresh = false;  // nothing stands in the object yet
  for (size_t n = 0; n < kEcsFields; ++n) {
    const auto field = static_cast<EcsField>(n);
    const Cell& cell = cells_[n];
    if (cell.kind == Cell::Kind::kNone || field == EcsField::kEventDuration) continue;
    const std::string_view path = EcsDefinitionOf(field).path;
    const size_t depth = open.size();
    close_to(path);
    fresh = fresh && open.size() >= depth;
    for (;;) {
      const std::string_view segment = Segment(path, open.size());
      if (!fresh) Put(",");
      fresh = false;
      Put("\"");
      Put(segment);
      Put("\":");
      const size_t end = open.size() + segment.size();
      if (end == path.size()) break;
      Put("{");
      fresh = true;
      open = path.substr(0, end + 1);
    }
    switch (cell.kind) {
      case Cell::Kind::kText:
        PutText(cell.text);
        break;
      case Cell::Kind::kRaw:
        Put(cell.text);
        break;
      default:
        Put(std::to_string(cell.number));
    }
  }
  close_to({});
  if (!labels_.empty()) {
    Put(",\"labels\":{");
    Put(labels_.view());
    Put("}");
  }
  Put("}\n");
}

bool EcsJson::Append(const Record& record, const RecordContext& context, Buffer* out) {
  Begin(out);
  const records::CompiledRule& rule = program_->rules[record.rule];
  Moment moment = context.has_envelope_moment ? context.envelope_moment : context.read_at;
  Moment found;
  const records::EventTime time = records::FindEventTime(rule, record, &found);
  if (time == records::EventTime::kFound) moment = found;
  char text[kRfc3339MillisSize];
  for (uint32_t n = 0; record.own_timestamp && n < record.members_count; ++n) {
    const records::JsonMember& member = record.members[n];
    if (member.key != "\"@timestamp\"") continue;
    ParseRfc3339(member.value.substr(1, member.value.size() - 2), &moment);
  }
  FormatRfc3339Millis(moment, text);
  PutTimestamp({text, sizeof text});
  Values(record, time == records::EventTime::kFound);
  Members(record);
  Wrapping(context);
  Event(&rule, &record);
  Cells();
  return time == records::EventTime::kInvalid;
}

void EcsJson::AppendLine(std::string_view line, std::string_view outcome,
                         const RecordContext& context, Buffer* out) {
  Begin(out);
  char text[kRfc3339MillisSize];
  FormatRfc3339Millis(context.has_envelope_moment ? context.envelope_moment : context.read_at,
                      text);
  PutTimestamp({text, sizeof text});
  SetText(EcsField::kMessage, line);
  const std::string padded = std::string(outcome) + std::string(records::kPaddingBytes, '\0');
  Label("outcome", std::string_view(padded).substr(0, outcome.size()));
  Wrapping(context);
  Event(nullptr, nullptr);
  Cells();
}

}  // namespace parshall::sinks
