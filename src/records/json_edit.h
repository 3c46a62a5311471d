#pragma once
// Raw JSON that is known to be valid, with parts of it replaced. For transforms; the text of an
// untouched part stays as it came, byte for byte.

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace parshall::records {

// What becomes of the member whose value begins at `value`.
struct JsonEdit {
  const char* value = nullptr;
  bool hide = false;
  std::string_view with;  // the new raw value; empty: as it is
};

// Appends the object with the members in it, at any depth of objects, edited. Other members that
// have the same key as an edited one are left out.
void AppendEdited(std::string_view object, std::span<const JsonEdit> edits, std::string* out);

// Appends `raw` with each string in it that is a value, not a key, handed to `change`: the raw
// string as it stood, what it returns is written instead. True if any differed.
bool AppendWithStrings(std::string_view raw,
                       const std::function<std::string_view(std::string_view)>& change,
                       std::string* out);

// Whether two raw keys, with their quotes, are the same text.
bool SameKey(std::string_view raw_a, std::string_view raw_b);

}  // namespace parshall::records
