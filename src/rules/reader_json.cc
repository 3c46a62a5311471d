#include "rules/reader_json.h"

#include <string_view>

#include "base/numbers.h"

namespace parshall::rules {
namespace {

// The text is UTF-8, which the tree has seen to.
void AppendString(std::string_view text, std::string* json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json->push_back('\\');
      json->push_back(c);
    } else if (byte < 0x20) {
      json->append("\\u00");
      json->push_back(kHex[byte >> 4]);
      json->push_back(kHex[byte & 15]);
    } else {
      json->push_back(c);
    }
  }
  json->push_back('"');
}

// Recursion is bounded by kYamlDepthMax.
void Append(const YamlNode& node, std::string* json) {
  std::string_view separator;
  switch (node.kind) {
    case YamlKind::kNull:
      json->append("null");
      return;
    case YamlKind::kScalar:
      if (node.plain && (node.text == "true" || node.text == "false" || IsJsonNumber(node.text))) {
        json->append(node.text);
      } else {
        AppendString(node.text, json);
      }
      return;
    case YamlKind::kList:
      json->push_back('[');
      for (const YamlNode& item : node.items) {
        json->append(separator);
        Append(item, json);
        separator = ",";
      }
      json->push_back(']');
      return;
    case YamlKind::kMapping:
      json->push_back('{');
      for (const YamlMember& member : node.members) {
        json->append(separator);
        AppendString(member.key, json);
        json->push_back(':');
        Append(member.value, json);
        separator = ",";
      }
      json->push_back('}');
      return;
  }
}

}  // namespace

std::string ToJson(const YamlNode& node) {
  std::string json;
  Append(node, &json);
  return json;
}

}  // namespace parshall::rules
