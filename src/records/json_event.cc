#include "records/json_event.h"

#include <simdjson.h>

#include <cstring>

#include "records/json_scan.h"
#include "records/plan.h"

namespace parshall::records {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Calls visit(member) for each member of the object at `at`; returns the place behind it, or null
// for bad syntax.
template <typename Visit>
const char* ForEachMember(const char* at, const char* end, JsonSeen* seen, Visit visit) {
  if (at >= end || *at != '{') return nullptr;
  at = SkipJsonBlanks(at + 1, end);
  if (at < end && *at == '}') return at + 1;
  while (true) {
    JsonMember member;
    if (at >= end || *at != '"') return nullptr;
    seen->escapes = false;
    const char* key_end = SkipJsonString(at, end, seen);
    if (key_end == nullptr) return nullptr;
    member.key = {at, static_cast<size_t>(key_end - at)};
    member.key_escaped = seen->escapes;
    seen->escapes = false;
    at = SkipJsonBlanks(key_end, end);
    if (at >= end || *at != ':') return nullptr;
    at = SkipJsonBlanks(at + 1, end);
    const char* value_end = SkipJsonValue(at, end, &member.kind, seen);
    if (value_end == nullptr) return nullptr;
    member.value = {at, static_cast<size_t>(value_end - at)};
    member.value_escaped = seen->escapes;
    visit(member);
    at = SkipJsonBlanks(value_end, end);
    if (at >= end) return nullptr;
    if (*at == '}') return at + 1;
    if (*at != ',') return nullptr;
    at = SkipJsonBlanks(at + 1, end);
  }
}

// Raw JSON text in which each half of a surrogate pair is replaced by \ufffd (strict parsers refuse
// such halves, and Python's json.dumps writes them), and each line end by a blank.
std::string Repaired(std::string_view raw) {
  std::string text;
  text.reserve(raw.size() + kPaddingBytes);  // which may be read behind a member, as behind a line
  for (size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      text += raw[i] == '\n' ? ' ' : raw[i];
      ++i;
      continue;
    }
    if (raw[i + 1] != 'u') {
      text.append(raw, i, 2);
      i += 2;
      continue;
    }
    const char* end = raw.data() + raw.size();
    const int unit = JsonHexUnit(raw.data() + i + 2, end);
    const bool pair = IsHighSurrogate(unit) && i + 7 < raw.size() && raw[i + 6] == '\\' &&
                      raw[i + 7] == 'u' && IsLowSurrogate(JsonHexUnit(raw.data() + i + 8, end));
    if (pair) {
      text.append(raw, i, 12);
      i += 12;
    } else {
      if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
        text += "\\ufffd";
      } else {
        text.append(raw, i, 6);
      }
      i += 6;
    }
  }
  return text;
}

bool KeyIs(std::string_view raw_key, std::string_view name) {
  const std::string_view inner = raw_key.substr(1, raw_key.size() - 2);
  if (inner == name) return true;
  if (inner.find('\\') == std::string_view::npos) return false;
  std::string text(raw_key.size() + 16, '\0');
  char* end = UnescapeJson(raw_key, text.data());
  return std::string_view(text.data(), static_cast<size_t>(end - text.data())) == name;
}

}  // namespace

bool JsonEventParser::Parse(std::string_view line) {
  members_.clear();
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const char* const end = line.data() + line.size();
  const char* at = SkipJsonBlanks(line.data(), end);
  JsonSeen seen;
  const int indexed = scan_ == nullptr ? kNotIndexed : scan_(at, end, indexed_.data(), &seen);
  if (indexed != kNotIndexed &&
      (!seen.high_bytes || simdjson::validate_utf8(line.data(), line.size()))) {
    members_.assign(indexed_.begin(), indexed_.begin() + indexed);
    return true;
  }
  seen = {};
  bool line_end = false;  // out of a container's wrapping: a record must stay on one line
  at = ForEachMember(at, end, &seen, [this, &line_end](const JsonMember& member) {
    members_.push_back(member);
    const bool nested = member.kind == JsonKind::kObject || member.kind == JsonKind::kArray;
    line_end = line_end || (nested && member.value.find('\n') != std::string_view::npos);
  });
  if (at == nullptr || SkipJsonBlanks(at, end) != end) return false;
  if (seen.high_bytes && !simdjson::validate_utf8(line.data(), line.size())) return false;
  if (seen.lone_surrogate || line_end) {
    repaired_.clear();
    repaired_.reserve(members_.size() * 2);
    for (JsonMember& member : members_) {
      member.key = repaired_.emplace_back(Repaired(member.key));
      member.value = repaired_.emplace_back(Repaired(member.value));
    }
  }
  return true;
}

namespace {

// Asked of each member in turn: is it the one at `path`, or on the way there?
class PathSearch {
 public:
  explicit PathSearch(std::string_view path) : path_(path) {}

  void See(const JsonMember& member) {
    if (KeyIs(member.key, path_)) {
      found_ = member;
      direct_ = true;
      return;
    }
    if (member.kind != JsonKind::kObject) return;
    for (size_t dot = path_.find('.'); dot != std::string_view::npos;
         dot = path_.find('.', dot + 1)) {
      if (KeyIs(member.key, path_.substr(0, dot))) {
        through_ = member;
        through_size_ = dot + 1;
      }
    }
  }

  bool End(JsonMember* found) const {
    if (direct_) *found = found_;
    if (direct_) return true;
    return through_size_ > 0 && FindJsonPath(through_.value, path_.substr(through_size_), found);
  }

 private:
  std::string_view path_;
  JsonMember found_;
  JsonMember through_;
  size_t through_size_ = 0;
  bool direct_ = false;
};

}  // namespace

bool FindJsonPath(std::string_view object, std::string_view path, JsonMember* found) {
  PathSearch search(path);
  JsonSeen seen;
  const char* const end = object.data() + object.size();
  ForEachMember(SkipJsonBlanks(object.data(), end), end, &seen,
                [&search](const JsonMember& member) { search.See(member); });
  return search.End(found);
}

bool FindJsonPath(std::span<const JsonMember> members, std::string_view path, JsonMember* found) {
  PathSearch search(path);
  for (const JsonMember& member : members) search.See(member);
  return search.End(found);
}

}  // namespace parshall::records
