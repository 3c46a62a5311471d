#pragma once
// Builds the tree of a YAML text from the library's events, which come in the order of the text,
// and says what the library would let pass: keys that stand twice, merge keys, tags, several
// documents, quotes that are never closed. Bounds what depth, size and aliases can cost.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/faults.h"
#include "rules/source_text.h"
#include "rules/yaml_tree.h"

namespace parshall::rules {

// One thread; lives for one reading. Throws nothing itself; the library that calls it does.
class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(const std::string& name, std::string_view text, const SourceText& source,
              Faults* faults)
      : name_(name), text_(text), source_(source), faults_(faults) {}

  int documents() const { return documents_; }
  bool stopped() const { return stopped_; }
  // A quote that is never closed has been reported; whatever the library says of the end of the
  // text follows from it.
  bool quote_open() const { return quote_open_; }
  bool complete() const { return complete_; }
  YamlNode TakeRoot() { return std::move(root_); }
  // Where the last quoted text began and ended when it went over several lines: often a quote is
  // missing there.
  std::string QuoteHint() const;

  // The place of a fault that the library found at `at`: it names the end of the text where
  // something is not closed, and what was opened helps more.
  Place FaultPlace(const std::string& message, size_t at) const;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {
    if (documents_ == 1) complete_ = true;
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Begin(mark, tag, anchor, YamlKind::kList);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Begin(mark, tag, anchor, YamlKind::kMapping);
  }
  void OnMapEnd() override { End(); }

 private:
  // A list or mapping whose end has not come yet.
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    size_t nodes_before = 0;
    int deepest_before = 0;
    bool has_key = false;
    bool key_usable = false;
    std::string key;
    Place key_place;
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };
  struct Anchor {
    YamlNode node;
    size_t nodes = 1;
    int depth = 0;
  };

  size_t Offset(const YAML::Mark& mark) const { return source_.Offset(mark.line, mark.column); }

  void Add(size_t offset, std::string what);

  // After the first document and after a bound was reached nothing more is kept.
  bool Skip(size_t nodes = 1);

  bool KeyIsDue() const;
  YamlNode NodeAt(const YAML::Mark& mark, YamlKind kind) const;
  void CheckTag(const std::string& tag, const YAML::Mark& mark);
  void TooDeep(size_t offset);

  // Finds where the text of a scalar begins, and whether its quote is closed, which the library
  // does not always ask.
  void FindText(size_t at, YamlNode* node);

  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind);
  void End();
  void Leaf(YamlNode node, YAML::anchor_t anchor);

  // Keeps a copy for the aliases that may come. The copies are bounded too: anchors can stand
  // inside of each other.
  void Remember(YAML::anchor_t anchor, const YamlNode& node, size_t nodes, int depth);

  // Puts a finished node into the list or mapping that is open, as an item, a key or a value.
  void Attach(YamlNode node);
  void Key(const YamlNode& node, Open* open);

  const std::string& name_;
  std::string_view text_;
  const SourceText& source_;
  Faults* faults_;
  YamlNode root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchor> anchors_;
  size_t nodes_ = 0;       // so far, aliases written out; long texts count for several
  size_t remembered_ = 0;  // of them, in anchors_
  size_t skipped_ = 0;     // lists and mappings begun while nothing is kept
  int deepest_ = 0;
  int documents_ = 0;
  bool stopped_ = false;
  bool complete_ = false;
  bool quote_open_ = false;
  size_t read_to_ = 0;  // before this, every quote is closed
  size_t long_quote_begin_ = 0;
  size_t long_quote_end_ = 0;
};

}  // namespace parshall::rules
