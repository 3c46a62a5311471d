#include "records/transformer.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/json_text.h"
#include "records/json_event.h"
#include "records/split_url.h"

namespace parshall::records {
namespace {

constexpr size_t kUnescapeRoom = 16;

// Any two texts may be compared, whatever they are parts of.
bool Before(const char* a, const char* b) { return std::less<>()(a, b); }

bool Inside(const Value& inner, const Value& outer) {
  return !Before(inner.data, outer.data) &&
         !Before(outer.data + outer.size, inner.data + inner.size);
}

bool Within(const char* place, std::string_view text) {
  return !Before(place, text.data()) && Before(place, text.data() + text.size());
}

bool HasText(const Value& value) { return value.there() && value.size > 0; }

// Where a place of a text stands in the text with its spans replaced. A place inside of a span
// moves to the end that keeps the replacement whole.
size_t Moved(const std::vector<RedactSpan>& spans, size_t place, bool is_end) {
  size_t moved = place;
  for (const RedactSpan& span : spans) {
    if (place <= span.begin) break;
    if (place < span.end) {
      moved -= place - span.begin;
      return is_end ? moved + span.with.size() : moved;
    }
    moved += span.with.size();
    moved -= span.end - span.begin;
  }
  return moved;
}

void SetText(std::string_view text, Value* value) {
  value->data = text.data();
  value->size = static_cast<uint32_t>(text.size());
}

}  // namespace

int Transformer::Run(const Transforms& transforms, bool filters, std::string_view from,
                     Value* values, size_t slots) {
  arena_.Reset();
  for (const int slot : transforms.made_slots) values[slot] = Value{};
  for (const Transforms::Constant& constant : transforms.constants) {
    Value& value = values[constant.slot];
    value.kind = ValueKind::kString;
    SetText(std::string_view(constant.text).substr(0, constant.size), &value);
  }
  changed_.assign(slots, 0);
  from_ = Value{};
  from_changed_ = false;
  if (!from.empty()) {
    from_.kind = ValueKind::kString;
    SetText(from, &from_);
  }
  for (const TransformOp& op : transforms.ops) {
    switch (op.kind) {
      case TransformOp::Kind::kKeep:
        if (filters && !Holds(op, values)) return static_cast<int>(op.reason);
        break;
      case TransformOp::Kind::kDrop:
        if (filters && Holds(op, values)) return static_cast<int>(op.reason);
        break;
      case TransformOp::Kind::kRedact:
        for (const int slot : op.slots) Redact(*op.redactor, slot, values, slots);
        break;
      case TransformOp::Kind::kSplit:
        Split(op, values);
        break;
      case TransformOp::Kind::kUserAgent:
        FindAgent(transforms, op, values);
        break;
    }
  }
  return kPassed;
}

bool Transformer::Holds(const TransformOp& op, const Value* values) {
  return std::all_of(op.tests.begin(), op.tests.end(), [values](const CompiledTest& test) {
    const Value& value = values[test.slot];
    if (!value.there()) return false;
    if (!test.values.empty() &&
        std::find(test.values.begin(), test.values.end(), value.text()) == test.values.end()) {
      return false;
    }
    if (test.match != nullptr && !test.match->Test(value.text())) return false;
    if (!test.min && !test.max) return true;
    if (value.kind == ValueKind::kString) return false;
    const double number = value.AsDouble();
    return (!test.min || number >= *test.min) && (!test.max || number <= *test.max);
  });
}

// Several fields can be parts of one text: the path of the request, groups in groups. What is
// redacted in one of them is redacted in all: the spans are replaced in the outermost text, and all
// fields in it are moved to the new one.
void Transformer::Redact(const Redactor& redactor, int slot, Value* values, size_t slots) {
  Value& target = values[slot];
  if (!HasText(target)) return;
  redactor.Find(target.text(), &spans_);
  if (spans_.empty()) return;
  Value root = target;
  for (size_t other = 0; other < slots; ++other) {
    if (HasText(values[other]) && Inside(root, values[other])) root = values[other];
  }
  if (HasText(from_) && Inside(root, from_)) root = from_;
  const auto offset = static_cast<size_t>(target.data - root.data);
  size_t size = root.size;
  for (RedactSpan& span : spans_.list()) {
    span.begin += offset;
    span.end += offset;
    size += span.with.size();
  }
  char* const text = arena_.Take(size);
  char* out = text;
  const char* copied = root.data;
  for (const RedactSpan& span : spans_.list()) {
    const auto plain = static_cast<size_t>(root.data + span.begin - copied);
    std::memcpy(out, copied, plain);
    out += plain;
    std::memcpy(out, span.with.data(), span.with.size());
    out += span.with.size();
    copied = root.data + span.end;
  }
  const auto rest = static_cast<size_t>(root.data + root.size - copied);
  std::memcpy(out, copied, rest);
  std::memset(out + rest, 0, kPaddingBytes);
  const auto move = [&](Value* value) {
    const auto begin = static_cast<size_t>(value->data - root.data);
    const size_t first = Moved(spans_.list(), begin, false);
    const size_t last = std::max(first, Moved(spans_.list(), begin + value->size, true));
    const bool changed =
        std::any_of(spans_.list().begin(), spans_.list().end(), [&](const RedactSpan& span) {
          return span.begin < begin + value->size && span.end > begin;
        });
    SetText({text + first, last - first}, value);
    if (!changed) return false;
    value->kind = ValueKind::kString;
    value->json_number = false;
    return true;
  };
  for (size_t other = 0; other < slots; ++other) {
    if (HasText(values[other]) && Inside(values[other], root) && move(&values[other])) {
      changed_[other] = 1;
    }
  }
  if (HasText(from_) && Inside(from_, root) && move(&from_)) from_changed_ = true;
}

void Transformer::Split(const TransformOp& op, Value* values) {
  const int source = op.slots[0];
  const auto set = [values](int slot, std::string_view text) {
    Value& value = values[slot];
    value = Value{};
    value.kind = text.data() == nullptr ? ValueKind::kNull : ValueKind::kString;
    SetText(text, &value);
  };
  const Value url = values[source];
  SplitUrl parts;
  if (url.there()) parts = SplitUrlText(url.text());
  for (const auto& [name, slot] : op.params) set(slot, QueryParameter(parts.query, name));
  for (const auto& [slot, part] : {std::pair{op.host_slot, parts.host},
                                   {op.path_slot, parts.path},
                                   {op.query_slot, parts.query}}) {
    if (slot < 0 || (slot == source && !url.there())) continue;
    set(slot, part);
    changed_[static_cast<size_t>(slot)] |= slot == source && part.size() != url.size;
  }
}

void Transformer::FindAgent(const Transforms& transforms, const TransformOp& op, Value* values) {
  if (agents_ == nullptr) agents_ = std::make_unique<UserAgentCache>(transforms.agents);
  const auto set = [&](int slot, std::string_view text) {
    if (slot < 0) return;
    Value& value = values[slot];
    value = Value{};
    value.kind = text.empty() ? ValueKind::kNull : ValueKind::kString;
    if (text.empty()) return;
    // The cache may forget it before the record is written.
    char* const copy = arena_.Take(text.size());
    std::memcpy(copy, text.data(), text.size());
    SetText({copy, text.size()}, &value);
  };
  static const UserAgent kNone;
  const Value& source = values[op.slots[0]];
  const UserAgent& found = source.there() ? agents_->Find(source.text()) : kNone;
  set(op.family_slot, found.family);
  set(op.major_slot, found.major);
  set(op.os_slot, found.os);
  set(op.device_slot, found.device);
}

std::string_view Transformer::RawString(std::string_view text) {
  const size_t room = JsonTextBytesMax(text.size()) + 2;
  char* const raw = arena_.Take(room);
  *raw = '"';
  char* end = AppendJsonText(raw + 1, text);
  *end++ = '"';
  return {raw, static_cast<size_t>(end - raw)};
}

// A text of its own, without other fields in it.
std::string_view Transformer::Redacted(const Redactor& redactor, std::string_view text) {
  redactor.Find(text, &spans_);
  if (spans_.empty()) return text;
  size_t size = text.size();
  for (const RedactSpan& span : spans_.list()) size += span.with.size();
  char* const shown = arena_.Take(size);
  char* out = shown;
  size_t copied = 0;
  for (const RedactSpan& span : spans_.list()) {
    out = std::copy_n(text.data() + copied, span.begin - copied, out);
    out = std::copy_n(span.with.data(), span.with.size(), out);
    copied = span.end;
  }
  out = std::copy(text.begin() + static_cast<std::ptrdiff_t>(copied), text.end(), out);
  std::memset(out, 0, kPaddingBytes);
  return {shown, static_cast<size_t>(out - shown)};
}

std::string_view Transformer::RawInside(const KeyEdit& edit, std::string_view raw) {
  raw_.clear();
  const auto change = [&](std::string_view string) {
    char* const plain = arena_.Take(string.size() + kUnescapeRoom);
    const char* const end = UnescapeJson(string, plain);
    const std::string_view text(plain, static_cast<size_t>(end - plain));
    std::string_view shown = text;
    for (const Redactor* redactor : edit.redactors) shown = Redacted(*redactor, shown);
    return shown.data() == text.data() ? string : RawString(shown);
  };
  if (!AppendWithStrings(raw, change, &raw_)) return {};
  char* const copy = arena_.Take(raw_.size());
  std::memcpy(copy, raw_.data(), raw_.size());
  return {copy, raw_.size()};
}

void Transformer::EditMembers(const Transforms& transforms, const std::vector<JsonMember>& found,
                              const Value* values, Record* record) {
  pending_.clear();
  pending_keys_.clear();
  top_keys_.clear();
  for (const KeyEdit& edit : transforms.edits) {
    const JsonMember& member = found[static_cast<size_t>(edit.key)];
    if (member.key.empty()) continue;
    JsonEdit pending{.value = member.value.data(), .hide = edit.hide, .with = {}};
    const bool whole = member.kind == JsonKind::kObject || member.kind == JsonKind::kArray;
    if (edit.slot < 0) {
      if (from_changed_) pending.with = RawString(from_.text());
    } else if (!edit.hide && changed_[static_cast<size_t>(edit.slot)] != 0) {
      const Value& value = values[edit.slot];
      pending.with = value.there() ? RawString(value.text()) : std::string_view("null");
    } else if (!edit.hide && whole && !edit.redactors.empty()) {
      pending.with = RawInside(edit, member.value);
    }
    if (!pending.hide && pending.with.empty() && edit.name.empty()) continue;
    // The same key may be redacted as a field and as the text of the pattern.
    const auto same = std::find_if(pending_.begin(), pending_.end(), [&](const JsonEdit& other) {
      return other.value == pending.value;
    });
    if (same != pending_.end()) {
      if (same->with.empty()) same->with = pending.with;
      continue;
    }
    pending_.push_back(pending);
    pending_keys_.push_back(&edit);
  }
  if (pending_.empty()) return;
  members_.clear();
  // A key below another that gets a name of its own leaves its object.
  std::vector<JsonMember> moved;
  for (size_t n = 0; n < pending_.size(); ++n) {
    const KeyEdit& edit = *pending_keys_[n];
    const JsonMember* const top = TopOf(pending_[n], *record);
    top_keys_.push_back(top != nullptr ? top->key : std::string_view());
    const bool is_top = top == nullptr || top->value.data() == pending_[n].value;
    if (edit.name.empty() || pending_[n].hide || is_top) continue;
    JsonMember member = found[static_cast<size_t>(edit.key)];
    member.key = edit.name_json;
    member.key_escaped = edit.name_json.find('\\') != std::string::npos;
    if (!pending_[n].with.empty()) Replace(pending_[n].with, &member);
    moved.push_back(member);
    pending_[n].hide = true;
  }
  for (uint32_t n = 0; n < record->members_count; ++n) {
    JsonMember member = record->members[n];
    if (EditMember(&member)) members_.push_back(member);
  }
  members_.insert(members_.end(), moved.begin(), moved.end());
  record->members = members_.data();
  record->members_count = static_cast<uint32_t>(members_.size());
  record->own_source = std::any_of(members_.begin(), members_.end(), [](const JsonMember& member) {
    return SameKey(member.key, "\"source\"");
  });
}

// The key of the event that it changes, or in whose value it changes something; null: a parsed
// field has taken its place.
const JsonMember* Transformer::TopOf(const JsonEdit& edit, const Record& record) {
  const auto top =
      std::find_if(record.members, record.members + record.members_count,
                   [&edit](const JsonMember& member) { return Within(edit.value, member.value); });
  return top == record.members + record.members_count ? nullptr : top;
}

void Transformer::Replace(std::string_view raw, JsonMember* member) {
  member->value = raw;
  member->value_escaped = raw.find('\\') != std::string_view::npos;
  if (raw.starts_with('"')) member->kind = JsonKind::kString;
  if (raw == "null") member->kind = JsonKind::kNull;
}

// False: it is left out.
bool Transformer::EditMember(JsonMember* member) {
  bool below = false;
  for (size_t n = 0; n < pending_.size(); ++n) {
    const KeyEdit& edit = *pending_keys_[n];
    if (pending_[n].value == member->value.data()) {
      if (pending_[n].hide) return false;
      if (!edit.name.empty()) {
        member->key = edit.name_json;
        member->key_escaped = edit.name_json.find('\\') != std::string::npos;
      }
      if (!pending_[n].with.empty()) Replace(pending_[n].with, member);
      return true;
    }
    below = below || Within(pending_[n].value, member->value);
  }
  if (below) {
    raw_.clear();
    AppendEdited(member->value, pending_, &raw_);
    char* const copy = arena_.Take(raw_.size());
    std::memcpy(copy, raw_.data(), raw_.size());
    member->value = {copy, raw_.size()};
    return true;
  }
  // The name now belongs to another, or it stands twice: then the last one counts, and the others
  // would show what was changed in it.
  for (size_t n = 0; n < pending_.size(); ++n) {
    const std::string& name = pending_keys_[n]->name_json;
    if (!name.empty() && SameKey(name, member->key)) return false;
    if (!top_keys_[n].empty() && SameKey(top_keys_[n], member->key)) return false;
  }
  return true;
}

bool Transformer::Sampled(const Transforms& transforms, std::string_view line,
                          const Value* values) {
  if (transforms.one_in <= 1) return true;
  std::string_view text = line;
  if (transforms.sample_slot >= 0 && values[transforms.sample_slot].there()) {
    text = values[transforms.sample_slot].text();
  }
  // FNV-1a with a last mixing step (of MurmurHash3), so that the low bits are good: the same text
  // has the same fate in every run and on every machine.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return (hash ^ (hash >> 33)) % transforms.one_in == 0;
}

}  // namespace parshall::records
