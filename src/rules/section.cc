#include "rules/section.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/numbers.h"
#include "base/quoted.h"

namespace parshall::rules {

Where PlaceOf(const std::string& file, const YamlNode& node) {
  return Where{file, node.line, node.column};
}

Where PlaceOfText(const std::string& file, const YamlNode& node) {
  return Where{file, node.text_line, node.text_column};
}

std::string_view KindName(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull:
      return "nothing";
    case YamlKind::kScalar:
      return "a text";
    case YamlKind::kList:
      return "a list";
    case YamlKind::kMapping:
      return "a mapping";
  }
  return "nothing";
}

Section::Section(const std::string& file, const YamlNode& node, std::string title, Faults* faults)
    : file_(file), node_(node), title_(std::move(title)), faults_(faults) {
  if (node.kind != YamlKind::kMapping) {
    Add(node,
        title_ + " must be a mapping (key: value), and this is " + std::string(KindName(node)));
  }
}

const YamlNode* Section::Get(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  for (const YamlMember& member : node_.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

bool Section::Has(std::string_view key) { return Get(key) != nullptr; }

std::optional<std::string> Section::TextOf(const YamlNode& node, std::string_view name,
                                           bool may_be_empty) {
  const std::string subject = title_ + ": " + std::string(name);
  if (node.kind == YamlKind::kNull) {
    Add(node, subject + " has no value; write null in quotes if the word is meant");
    return std::nullopt;
  }
  if (node.kind != YamlKind::kScalar) {
    Add(node, subject + " must be one text, and this is " + std::string(KindName(node)));
    return std::nullopt;
  }
  if (node.text.empty() && !may_be_empty) {
    Add(node, subject + " is empty");
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::string> Section::Text(std::string_view key, bool may_be_empty) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::nullopt;
  return TextOf(*node, std::string(key) + ":", may_be_empty);
}

std::optional<bool> Section::Bool(std::string_view key) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == YamlKind::kScalar && node->plain) {
    if (node->text == "true") return true;
    if (node->text == "false") return false;
  }
  Add(*node, title_ + ": " + std::string(key) + ": must be true or false" +
                 (node->kind == YamlKind::kScalar ? ", and this is " + Quoted(node->text)
                                                  : std::string()));
  return std::nullopt;
}

std::optional<int64_t> Section::Integer(std::string_view key, int64_t min, int64_t max) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::nullopt;
  int64_t value = 0;
  if (node->kind == YamlKind::kScalar && node->plain && ParseInt64(node->text, &value) &&
      value >= min && value <= max) {
    return value;
  }
  Add(*node, title_ + ": " + std::string(key) + ": must be a whole number from " +
                 std::to_string(min) + " to " + std::to_string(max) +
                 (node->kind == YamlKind::kScalar ? ", and this is " + Quoted(node->text)
                                                  : std::string()));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Section::Texts(std::string_view key, bool may_be_empty) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::nullopt;
  const std::string name = std::string(key) + ":";
  std::vector<std::string> texts;
  if (node->kind != YamlKind::kList) {
    std::optional<std::string> text = TextOf(*node, name, may_be_empty);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
    return texts;
  }
  if (node->items.empty()) {
    Add(*node, title_ + ": " + name + " is an empty list");
    return std::nullopt;
  }
  std::unordered_set<std::string> seen;
  for (const YamlNode& item : node->items) {
    std::optional<std::string> text = TextOf(item, "an item of " + name, may_be_empty);
    if (!text) continue;
    if (!seen.insert(*text).second) {
      Add(item, title_ + ": " + name + " names " + Quoted(*text) + " twice");
      continue;
    }
    texts.push_back(std::move(*text));
  }
  if (texts.empty()) return std::nullopt;
  return texts;
}

void Section::Require(std::string_view key, std::string_view why) {
  if (node_.kind != YamlKind::kMapping || Has(key)) return;
  Add(node_, title_ + " needs `" + std::string(key) + ":`, " + std::string(why));
}

void Section::Add(std::string_view key, std::string what) {
  const YamlNode* node = Get(key);
  Add(node != nullptr ? *node : node_, std::move(what));
}

void Section::Add(const YamlNode& node, std::string what) {
  faults_->Add(PlaceOf(file_, node), std::move(what));
}

void Section::AddUnknownWord(std::string_view key, const std::string& word,
                             const std::vector<std::string_view>& words) {
  Add(key, title_ + ": " + std::string(key) + ": cannot be " + Quoted(word) + Hint(word, words));
}

void Section::Finish() {
  if (faults_->vocabulary() != nullptr) {
    faults_->vocabulary()->mappings.push_back({where(), asked_, words_});
  }
  // A key that is there already was hardly meant.
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  std::vector<std::string_view> missing = known;
  for (const YamlMember& member : node_.members) std::erase(missing, member.key);
  size_t unknown = 0;
  for (const YamlMember& member : node_.members) {
    if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
    std::string hint;
    if (++unknown <= Faults::kFaultsMax) {
      hint = Hint(member.key, Nearest(member.key, missing).empty() ? known : missing);
    }
    faults_->Add(Where{file_, member.line, member.column},
                 title_ + " has an unknown key " + Quoted(member.key) + hint);
  }
}

}  // namespace parshall::rules
