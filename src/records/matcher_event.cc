// Of the matcher: what a JSON event's own keys say.

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "records/logfmt.h"
#include "records/matcher.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parshall::records {
namespace {

constexpr size_t kKeySlack = 16;  // UnescapeJson may write so much behind its text

// With the padding that all texts of a record have.
constexpr char kOriginalTimestampBytes[22 + kPaddingBytes] = "\"@timestamp_original\"";
constexpr std::string_view kOriginalTimestamp(kOriginalTimestampBytes, 21);

bool IsText(const JsonMember& member) { return member.kind == JsonKind::kString; }

// The key without its quotes, unescaped into `room` if need be.
std::string_view KeyName(const JsonMember& member, std::string* room) {
  if (!member.key_escaped) return member.key.substr(1, member.key.size() - 2);
  room->resize(member.key.size() + kKeySlack);
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
