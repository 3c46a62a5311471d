#include "rules/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "base/quoted.h"
#include "base/utf8.h"
#include "rules/source_text.h"

namespace parshall::rules {
namespace {

// Reads from memory without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's own signature; nothing is written
    setg(begin, begin, begin + text.size());
  }
};

// A long text weighs as much as one node for each so many bytes.
constexpr size_t kBytesPerNode = 64;

// Builds the tree from the library's events, which come in the order of the text. One thread.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& name, std::string_view text, const SourceText& source,
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
  std::string QuoteHint() const {
    if (long_quote_end_ == 0) return {};
    const Place first = source_.At(long_quote_begin_);
    const Place last = source_.At(long_quote_end_);
    return " (a quote opened in line " + std::to_string(first.line) + " is closed in line " +
           std::to_string(last.line) + ": is one missing?)";
  }

  // The place of a fault that the library found at `at`: it names the end of the text where
  // something is not closed, and what was opened helps more.
  Place FaultPlace(const std::string& message, size_t at) const {
    if (message.find("illegal EOF in scalar") != std::string::npos)
      return source_.At(source_.OpenQuote(read_to_, at));
    const bool flow = message.find("flow not found") != std::string::npos;
    if (flow && !open_.empty()) return Place{open_.back().node.line, open_.back().node.column};
    return source_.At(at);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ != 2) return;
    const size_t at = Offset(mark);
    if (text_.substr(at).starts_with("---") ||
        text_.substr(0, at).find("\n...") != std::string_view::npos) {
      Add(at, "a second document begins here; a file holds one");
    } else {
      Add(at, "this does not belong to what stands above it; a list and a mapping cannot be mixed");
    }
  }
  void OnDocumentEnd() override {
    if (documents_ == 1) complete_ = true;
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (Skip()) return;
    YamlNode node = NodeAt(mark, YamlKind::kNull);
    // `null: '-'` is how a field names its null values, so the word is a key where a key is due.
    if (KeyIsDue() && text_.substr(Offset(mark)).starts_with("null")) {
      node.kind = YamlKind::kScalar;
      node.text = "null";
    }
    Leaf(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (Skip(1 + value.size() / kBytesPerNode)) return;
    YamlNode node = NodeAt(mark, YamlKind::kScalar);
    CheckTag(tag, mark);
    node.plain = tag == "?";
    node.text = value;
    FindText(Offset(mark), &node);
    Leaf(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (Skip()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Add(Offset(mark), "this alias stands inside of what it names");
      Leaf(NodeAt(mark, YamlKind::kNull), 0);
      return;
    }
    if (nodes_ + found->second.nodes > kYamlNodesMax) {
      Add(Offset(mark), "the aliases make this file too large: more than " +
                            std::to_string(kYamlNodesMax) + " values when written out");
      stopped_ = true;
      return;
    }
    if (static_cast<int>(open_.size()) + found->second.depth > kYamlDepthMax) {
      TooDeep(Offset(mark));
      return;
    }
    nodes_ += found->second.nodes;
    if (KeyIsDue()) {
      Add(Offset(mark), "an alias cannot be a key here");
    }
    deepest_ = std::max(deepest_, static_cast<int>(open_.size()) + found->second.depth);
    Attach(YamlNode(found->second.node));
  }

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

  void Add(size_t offset, std::string what) {
    const Place place = source_.At(offset);
    faults_->Add(Where{name_, place.line, place.column}, std::move(what));
  }

  // After the first document and after a bound was reached nothing more is kept.
  bool Skip(size_t nodes = 1) {
    if (stopped_ || documents_ > 1) return true;
    nodes_ += nodes;
    if (nodes_ > kYamlNodesMax) {
      faults_->Add(Where{name_, 0, 0},
                   "more than " + std::to_string(kYamlNodesMax) + " values in one file");
      stopped_ = true;
    }
    return stopped_;
  }

  bool KeyIsDue() const {
    return !open_.empty() && open_.back().node.kind == YamlKind::kMapping && !open_.back().has_key;
  }

  YamlNode NodeAt(const YAML::Mark& mark, YamlKind kind) const {
    const Place place = source_.At(Offset(mark));
    YamlNode node;
    node.kind = kind;
    node.line = node.text_line = place.line;
    node.column = node.text_column = place.column;
    return node;
  }

  void CheckTag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Add(Offset(mark), "tags (!…) are not used here; put quotes around a text");
  }

  void TooDeep(size_t offset) {
    Add(offset, "nested deeper than " + std::to_string(kYamlDepthMax) + " levels");
    stopped_ = true;
  }

  // Finds where the text of a scalar begins, and whether its quote is closed, which the library
  // does not always ask.
  void FindText(size_t at, YamlNode* node) {
    while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
      while (at < text_.size() && !SourceText::Blank(text_[at])) ++at;
      while (at < text_.size() && SourceText::Blank(text_[at])) ++at;
    }
    read_to_ = at;
    if (at >= text_.size() || node->plain) return;
    const char first = text_[at];
    size_t begin = at;
    if (first == '\'' || first == '"') {
      begin = at + 1;
      const size_t end = source_.QuoteEnd(at);
      read_to_ = end == std::string_view::npos ? text_.size() : end + 1;
      if (end == std::string_view::npos) {
        Add(at, "this quote is never closed");
        quote_open_ = true;
      } else if (text_.substr(at, end - at).find('\n') != std::string_view::npos) {
        long_quote_begin_ = at;
        long_quote_end_ = end;
      }
    } else if (first == '|' || first == '>') {
      const size_t header_end = text_.find('\n', at);
      if (header_end == std::string_view::npos) return;
      begin = text_.find_first_not_of(" \r\n", header_end);
      if (begin == std::string_view::npos) return;
    }
    const Place place = source_.At(begin);
    node->text_line = place.line;
    node->text_column = place.column;
  }

  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind) {
    ++skipped_;
    const size_t nodes_before = nodes_;
    if (Skip()) return;
    if (static_cast<int>(open_.size()) >= kYamlDepthMax) {
      TooDeep(Offset(mark));
      return;
    }
    CheckTag(tag, mark);
    --skipped_;
    Open open;
    open.node = NodeAt(mark, kind);
    open.anchor = anchor;
    open.nodes_before = nodes_before;
    open.deepest_before = deepest_;
    open_.push_back(std::move(open));
    deepest_ = static_cast<int>(open_.size());
  }

  void End() {
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    if (stopped_ || open_.empty()) return;
    Open open = std::move(open_.back());
    open_.pop_back();
    const int depth = deepest_ - static_cast<int>(open_.size());
    Remember(open.anchor, open.node, nodes_ - open.nodes_before, depth);
    if (stopped_) return;
    deepest_ = std::max(deepest_, open.deepest_before);
    if (KeyIsDue()) {
      faults_->Add(Where{name_, open.node.line, open.node.column},
                   "a key is a word, not a list or a mapping");
    }
    Attach(std::move(open.node));
  }

  void Leaf(YamlNode node, YAML::anchor_t anchor) {
    Remember(anchor, node, 1 + node.text.size() / kBytesPerNode, 0);
    if (stopped_) return;
    Attach(std::move(node));
  }

  // Keeps a copy for the aliases that may come. The copies are bounded too: anchors can stand
  // inside of each other.
  void Remember(YAML::anchor_t anchor, const YamlNode& node, size_t nodes, int depth) {
    if (anchor == 0) return;
    remembered_ += nodes;
    if (remembered_ > kYamlNodesMax) {
      faults_->Add(Where{name_, node.line, node.column}, "too much stands behind anchors (&)");
      stopped_ = true;
      return;
    }
    anchors_[anchor] = Anchor{node, nodes, depth};
  }

  // Puts a finished node into the list or mapping that is open, as an item, a key or a value.
  void Attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& open = open_.back();
    if (open.node.kind == YamlKind::kList) {
      open.node.items.push_back(std::move(node));
    } else if (!open.has_key) {
      Key(node, &open);
    } else {
      open.has_key = false;
      if (!open.key_usable) return;
      open.node.members.push_back(YamlMember{std::move(open.key), open.key_place.line,
                                             open.key_place.column, std::move(node)});
      open.key.clear();
    }
  }

  void Key(const YamlNode& node, Open* open) {
    open->has_key = true;
    open->key_usable = false;
    open->key_place = Place{node.line, node.column};
    const Where where{name_, node.line, node.column};
    if (node.kind == YamlKind::kNull) {
      faults_->Add(where, "a key is missing here");
      return;
    }
    if (node.kind != YamlKind::kScalar) return;  // said already
    if (node.plain && node.text == "<<") {
      faults_->Add(where, "merge keys (<<) are not supported; write the keys out");
      return;
    }
    const auto [before, fresh] = open->lines.emplace(node.text, node.line);
    if (!fresh) {
      faults_->Add(where, "the key " + Quoted(node.text) + " stands twice: in line " +
                              std::to_string(before->second) + " and here");
      return;
    }
    open->key_usable = true;
    open->key = node.text;
  }

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

// The library's sentence in the operator's words.
std::string Explain(const std::string& message) {
  const auto has = [&](std::string_view words) { return message.find(words) != std::string::npos; };
  if (has("illegal EOF in scalar")) return "this quote is never closed";
  if (has("illegal EOF")) return "the text ends in the middle of something";
  if (has("alias not found") || has("the referenced anchor is not defined")) {
    return "a plain * begins an alias, and there is none; write '*' in quotes";
  }
  if (has("unknown escape character")) {
    return "in \"…\" a \\ begins an escape, and this one is unknown; write expressions in '…'";
  }
  if (has("invalid unicode")) {
    return "\\u with half of a surrogate pair is not YAML; write the character itself";
  }
  if (has("illegal map value")) {
    return "a \": \" is not allowed here; is the indentation right, or are quotes missing?";
  }
  if (has("illegal tab")) return "a tab cannot indent; use blanks";
  if (has("unknown token")) return "a text cannot begin with this character; put it in '…'";
  if (has("end of map flow not found")) return "a { is never closed";
  if (has("end of sequence flow not found")) return "a [ is never closed";
  if (has("illegal flow end")) return "a ] or } closes nothing, or the wrong bracket";
  if (has("end of map not found")) {
    return "neither a key of the mapping above nor its end; is the indentation right, or does a "
           "text "
           "need quotes?";
  }
  if (has("end of sequence not found")) {
    return "neither an item of the list above nor its end; is the indentation right?";
  }
  return "not YAML: " + message;
}

// Control characters end a text silently in the library, and what is not UTF-8 could not become
// JSON.
bool CheckBytes(const std::string& name, std::string_view text, const SourceText& source,
                Faults* faults) {
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  const size_t valid = ValidPrefix(text);
  const size_t clean = static_cast<size_t>(control - text.begin());
  if (std::min(valid, clean) == text.size()) return true;
  const Place place = source.At(std::min(valid, clean));
  faults->Add(Where{name, place.line, place.column},
              clean < valid ? "a control character; write it as \"\\x..\" in double quotes"
                            : "this is not UTF-8");
  return false;
}

}  // namespace

bool ReadYaml(const std::string& name, std::string_view text, YamlNode* root, Faults* faults) {
  if (text.size() > kYamlBytesMax) {
    faults->Add(Where{name, 0, 0}, "the file is larger than 1 MiB");
    return false;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const SourceText source(text);
  if (!CheckBytes(name, text, source, faults)) return false;

  TreeBuilder builder(name, text, source, faults);
  bool failed = false;
  // The library throws on what it cannot read; its marks count from 0.
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (builder.documents() < 2 && !builder.stopped() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& exception) {
    failed = true;
    if (!builder.stopped() && !builder.quote_open()) {
      const size_t at = source.Offset(exception.mark.line, exception.mark.column);
      const Place place = builder.FaultPlace(exception.msg, at);
      faults->Add(Where{name, place.line, place.column},
                  Explain(exception.msg) + builder.QuoteHint());
    }
  } catch (const std::exception& exception) {
    failed = true;
    faults->Add(Where{name, 0, 0}, std::string("not YAML: ") + exception.what());
  }
  if (builder.stopped()) return false;
  if (builder.documents() == 0) {
    if (!failed) faults->Add(Where{name, 1, 1}, "the file is empty");
    return false;
  }
  if (!builder.complete()) return false;
  *root = builder.TakeRoot();
  return true;
}

}  // namespace parshall::rules
