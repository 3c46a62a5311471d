#include "records/json_edit.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "records/json_event.h"

namespace parshall::records {
namespace {

constexpr size_t kUnescapeRoom = 16;

bool Blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

const char* SkipBlanks(const char* at, const char* end) {
  while (at < end && Blank(*at)) ++at;
  return at;
}

// Behind the string that begins at `at`. The JSON is valid.
const char* BehindString(const char* at, const char* end) {
  for (++at; at < end && *at != '"'; ++at) {
    if (*at == '\\') ++at;
  }
  return at < end ? at + 1 : end;
}

const char* BehindValue(const char* at, const char* end) {
  int depth = 0;
  while (at < end) {
    switch (*at) {
      case '"':
        at = BehindString(at, end);
        if (depth == 0) return at;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return at;
        if (--depth == 0) return at + 1;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        if (depth == 0 && Blank(*at)) return at;
    }
    ++at;
  }
  return end;
}

struct Member {
  std::string_view key;
  std::string_view value;
};

std::vector<Member> MembersOf(std::string_view object) {
  std::vector<Member> members;
  const char* const end = object.data() + object.size();
  const char* at = SkipBlanks(object.data() + 1, end);
  while (at < end && *at == '"') {
    const char* const key_end = BehindString(at, end);
    const std::string_view key(at, static_cast<size_t>(key_end - at));
    at = SkipBlanks(key_end, end);
    if (at < end) at = SkipBlanks(at + 1, end);  // the colon
    const char* const value_end = BehindValue(at, end);
    members.push_back({key, {at, static_cast<size_t>(value_end - at)}});
    at = SkipBlanks(value_end, end);
    if (at < end && *at == ',') at = SkipBlanks(at + 1, end);
  }
  return members;
}

std::string Plain(std::string_view raw) {
  std::string text(raw.size() + kUnescapeRoom, '\0');
  const char* const end = UnescapeJson(raw, text.data());
  text.resize(static_cast<size_t>(end - text.data()));
  return text;
}

bool Within(const char* place, std::string_view text) {
  return !std::less<>()(place, text.data()) && std::less<>()(place, text.data() + text.size());
}

}  // namespace

bool SameKey(std::string_view raw_a, std::string_view raw_b) {
  if (raw_a == raw_b) return true;
  if (raw_a.find('\\') == raw_a.npos && raw_b.find('\\') == raw_b.npos) return false;
  return Plain(raw_a) == Plain(raw_b);
}

// As deep as the edits' paths; those have at most 255 dots.
void AppendEdited(std::string_view object, std::span<const JsonEdit> edits, std::string* out) {
  const std::vector<Member> members = MembersOf(object);
  const auto edit_of = [&](const Member& member) {
    const auto found = std::find_if(edits.begin(), edits.end(), [&](const JsonEdit& edit) {
      return edit.value == member.value.data();
    });
    return found == edits.end() ? nullptr : &*found;
  };
  *out += '{';
  bool first = true;
  for (const Member& member : members) {
    const JsonEdit* const edit = edit_of(member);
    if (edit != nullptr && edit->hide) continue;
    if (edit == nullptr) {
      // A key that stands twice counts as its last one; the others would show what was replaced.
      const bool twin = std::any_of(members.begin(), members.end(), [&](const Member& other) {
        return edit_of(other) != nullptr && SameKey(other.key, member.key);
      });
      if (twin) continue;
    }
    if (!first) *out += ',';
    first = false;
    out->append(member.key).append(":");
    const bool below = edit == nullptr && member.value.starts_with('{') &&
                       std::any_of(edits.begin(), edits.end(), [&](const JsonEdit& other) {
                         return Within(other.value, member.value);
                       });
    if (below) {
      AppendEdited(member.value, edits, out);
    } else {
      out->append(edit != nullptr && !edit->with.empty() ? edit->with : member.value);
    }
  }
  *out += '}';
}

bool AppendWithStrings(std::string_view raw,
                       const std::function<std::string_view(std::string_view)>& change,
                       std::string* out) {
  const char* const end = raw.data() + raw.size();
  const char* copied = raw.data();
  bool changed = false;
  for (const char* at = raw.data(); at < end;) {
    if (*at != '"') {
      ++at;
      continue;
    }
    const char* const behind = BehindString(at, end);
    const char* const next = SkipBlanks(behind, end);
    if (next == end || *next != ':') {
      const std::string_view text(at, static_cast<size_t>(behind - at));
      const std::string_view shown = change(text);
      if (shown.data() != text.data()) {
        out->append(copied, at).append(shown);
        copied = behind;
        changed = true;
      }
    }
    at = behind;
  }
  out->append(copied, end);
  return changed;
}

}  // namespace parshall::records
