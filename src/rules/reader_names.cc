#include "rules/reader_names.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/quoted.h"
#include "rules/environment.h"

namespace parshall::rules {
namespace {

constexpr size_t kNameBytesMax = 256;
constexpr std::string_view kTimestampName = "@timestamp";

}  // namespace

bool GoodName(Section* section, const std::string& name, const Where& where, Faults* faults) {
  if (name.empty() || name.size() > kNameBytesMax) {
    faults->Add(where, section->title() + ": a field's name has 1 to " +
                           std::to_string(kNameBytesMax) + " bytes");
    return false;
  }
  if (name != kTimestampName) return true;
  faults->Add(where, section->title() + ": every record has its @timestamp; it stays as it is");
  return false;
}

void ReadPairs(Section* step, std::string_view key, bool expand, std::vector<NamedText>* pairs,
               Faults* faults) {
  const YamlNode* node = step->Get(key);
  if (node->kind != YamlKind::kMapping || node->members.empty()) {
    step->Add(*node, step->title() + ": " + std::string(key) +
                         ": must be a mapping (name: " + (expand ? "text" : "name") + ")");
    return;
  }
  if (node->members.size() > kTransformNamesMax) {
    step->Add(*node, step->title() + ": " + std::string(key) + ": more than " +
                         std::to_string(kTransformNamesMax) + " names");
    return;
  }
  for (const YamlMember& member : node->members) {
    const Where where{step->file(), member.line, member.column};
    if (!GoodName(step, member.key, where, faults)) continue;
    YamlNode value = member.value;
    if (expand) {
      const auto environment = [](const std::string& name) -> std::optional<std::string> {
        const char* const text = std::getenv(name.c_str());
        return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
      };
      ExpandEnvironment(step->file(), environment, &value, faults);
    }
    std::optional<std::string> text =
        step->TextOf(value, std::string(key) + ": " + Quoted(member.key), expand);
    if (!text) continue;
    if (!expand && !GoodName(step, *text, PlaceOf(step->file(), member.value), faults)) continue;
    if (!expand && *text == member.key && key == "rename") {
      step->Add(member.value,
                step->title() + ": rename: " + Quoted(*text) + " is its name already");
      continue;
    }
    pairs->push_back({member.key, std::move(*text), where});
  }
}

void ReadNames(Section* step, std::string_view key, std::vector<NamedText>* names, Faults* faults) {
  const YamlNode* node = step->Get(key);
  if (node == nullptr) return;
  const bool list = node->kind == YamlKind::kList;
  const std::string name = (list ? "an item of " : "") + std::string(key) + ":";
  const std::vector<YamlNode> one = {*node};
  if (list && node->items.empty()) {
    step->Add(*node, step->title() + ": " + std::string(key) + ": is an empty list");
  }
  for (const YamlNode& item : list ? node->items : one) {
    std::optional<std::string> text = step->TextOf(item, name);
    if (!text) continue;
    const Where where = PlaceOf(step->file(), item);
    const bool twice = std::any_of(names->begin(), names->end(),
                                   [&](const NamedText& other) { return other.name == *text; });
    if (twice) {
      step->Add(item,
                step->title() + ": " + std::string(key) + ": names " + Quoted(*text) + " twice");
    } else if (names->size() == kTransformNamesMax) {
      step->Add(item, step->title() + ": " + std::string(key) + ": more than " +
                          std::to_string(kTransformNamesMax) + " names");
      return;
    } else if (GoodName(step, *text, where, faults)) {
      names->push_back({std::move(*text), {}, where});
    }
  }
}

}  // namespace parshall::rules
