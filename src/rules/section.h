#pragma once
// One mapping of a file on its way to a spec: hands out the values of the keys that a reader asks
// for, converts them, and in the end complains about the keys that nobody asked for. Knows YAML
// nodes, but no rule and no metric.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/faults.h"
#include "rules/yaml_tree.h"

namespace parshall::rules {

// Where a node stands, and where its text begins.
Where PlaceOf(const std::string& file, const YamlNode& node);
Where PlaceOfText(const std::string& file, const YamlNode& node);

// "a text", "a number", "a list" …: what somebody wrote, for a sentence.
std::string_view KindName(const YamlNode& node);

// A word and what it stands for.
template <typename T>
struct Choice {
  std::string_view word;
  T meaning;
};

// One thread. Borrows the node; every fault goes to `faults` with the place of the value it is
// about. The getters return nothing when the key is not there; when its value is wrong they add a
// fault and return nothing.
class Section {
 public:
  // `title` names the mapping in sentences: `rule "access"`, `field "status"`, `the file`.
  Section(const std::string& file, const YamlNode& node, std::string title, Faults* faults);

  const std::string& title() const { return title_; }
  const std::string& file() const { return file_; }
  Where where() const { return PlaceOf(file_, node_); }
  void set_title(std::string title) { title_ = std::move(title); }

  bool Has(std::string_view key);
  const YamlNode* Get(std::string_view key);
  // Any scalar but null and, if it must not be, the empty text.
  std::optional<std::string> Text(std::string_view key, bool may_be_empty = false);
  std::optional<bool> Bool(std::string_view key);
  // A whole number from min to max.
  std::optional<int64_t> Integer(std::string_view key, int64_t min, int64_t max);
  // A text or a list of texts; an empty list is a fault.
  std::optional<std::vector<std::string>> Texts(std::string_view key, bool may_be_empty = false);

  template <typename T>
  std::optional<T> OneOf(std::string_view key, const std::vector<Choice<T>>& choices) {
    const std::optional<std::string> word = Text(key);
    std::vector<std::string_view> words;
    for (const Choice<T>& choice : choices) words.push_back(choice.word);
    if (faults_->vocabulary() != nullptr) words_.emplace(key, words);
    if (!word) return std::nullopt;
    for (const Choice<T>& choice : choices) {
      if (choice.word == *word) return choice.meaning;
    }
    AddUnknownWord(key, *word, words);
    return std::nullopt;
  }

  // "rule \"x\" needs `kind:`": the key must be there.
  void Require(std::string_view key, std::string_view why);

  // `what` is said about the value of the key, or about the mapping when there is no such key.
  void Add(std::string_view key, std::string what);
  void Add(const YamlNode& node, std::string what);

  // Complains about every key that was never asked for, and tells the vocabulary those that were.
  void Finish();

  // One text out of a node that is no member of this mapping, an item of a list for example.
  std::optional<std::string> TextOf(const YamlNode& node, std::string_view name,
                                    bool may_be_empty = false);

 private:
  void AddUnknownWord(std::string_view key, const std::string& word,
                      const std::vector<std::string_view>& words);

  const std::string& file_;
  const YamlNode& node_;
  std::string title_;
  Faults* faults_;
  std::vector<std::string> asked_;
  std::map<std::string, std::vector<std::string_view>> words_;  // for the vocabulary only
};

}  // namespace parshall::rules
