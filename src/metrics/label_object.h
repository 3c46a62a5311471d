#pragma once
// Labels out of a JSON object: {"worker": "7", "queue": "mail"} → queue="mail",worker="7". For
// `labels_from:`, whose labels are known only when the record comes.

#include <string>
#include <string_view>

namespace parshall::metrics {

// At most so many members.
inline constexpr size_t kObjectLabelsMax = 32;

// What LabelTextOfObject() gives where no labels can be made; no label text begins so.
inline constexpr std::string_view kNoObject = "{";

// The label text, by name, escaped: of strings, of numbers and booleans as logged; a null or an
// empty text is no label, and of two members of one name the last counts. kNoObject if it is no
// JSON object, a name is none that labels may have, a value is a list or an object, or the text is
// longer than that of one label may be.
std::string LabelTextOfObject(std::string_view object);

}  // namespace parshall::metrics
