#include "metrics/label_object.h"

#include <map>

#include "metrics/label_text.h"
#include "records/json_event.h"
#include "records/plan.h"

namespace parshall::metrics {
namespace {

using records::JsonKind;

// The text of a raw JSON string, quotes and all.
std::string TextOf(std::string_view raw) {
  std::string text(raw.size() + records::kPaddingBytes, '\0');
  char* const end = records::UnescapeJson(raw, text.data());
  text.resize(static_cast<size_t>(end - text.data()));
  return text;
}

}  // namespace

std::string LabelTextOfObject(std::string_view object) {
  const std::string none(kNoObject);
  std::string padded(object);
  padded.resize(object.size() + records::kPaddingBytes);
  records::JsonEventParser parser;
  if (!parser.Parse({padded.data(), object.size()})) return none;
  if (parser.members().size() > kObjectLabelsMax) return none;
  std::map<std::string, std::string> values;  // by name
  for (const records::JsonMember& member : parser.members()) {
    const std::string name = TextOf(member.key);
    const bool nested = member.kind == JsonKind::kObject || member.kind == JsonKind::kArray;
    if (nested || !IsLabelName(name)) return none;
    std::string& value = values[name];
    if (member.kind == JsonKind::kNull) {
      value.clear();
    } else {
      value = member.kind == JsonKind::kString ? TextOf(member.value) : std::string(member.value);
    }
  }
  std::string text;
  for (const auto& [name, value] : values) {
    if (!value.empty()) AppendLabel(name, value, &text);
  }
  return text.size() <= kLabelBytesMax ? text : none;
}

}  // namespace parshall::metrics
