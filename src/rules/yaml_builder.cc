#include "rules/yaml_builder.h"

#include <algorithm>
#include <utility>

#include "base/quoted.h"

namespace parshall::rules {
namespace {

// A long text weighs as much as one node for each so many bytes.
constexpr size_t kBytesPerNode = 64;

}  // namespace

std::string YamlBuilder::QuoteHint() const {
  if (long_quote_end_ == 0) return {};
  const Place first = source_.At(long_quote_begin_);
  const Place last = source_.At(long_quote_end_);
  return " (a quote opened in line " + std::to_string(first.line) + " is closed in line " +
         std::to_string(last.line) + ": is one missing?)";
}

Place YamlBuilder::FaultPlace(const std::string& message, size_t at) const {
  if (message.find("illegal EOF in scalar") != std::string::npos)
    return source_.At(source_.OpenQuote(read_to_, at));
  const bool flow = message.find("flow not found") != std::string::npos;
  if (flow && !open_.empty()) return Place{open_.back().node.line, open_.back().node.column};
  return source_.At(at);
}

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ != 2) return;
  const size_t at = Offset(mark);
  if (text_.substr(at).starts_with("---") ||
      text_.substr(0, at).find("\n...") != std::string_view::npos) {
    Add(at, "a second document begins here; a file holds one");
  } else {
    Add(at, "this does not belong to what stands above it; a list and a mapping cannot be mixed");
  }
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (Skip()) return;
  YamlNode node = NodeAt(mark, YamlKind::kNull);
  // `null: '-'` is how a field names its null values, so the word is a key where a key is due.
  if (KeyIsDue() && text_.substr(Offset(mark)).starts_with("null")) {
    node.kind = YamlKind::kScalar;
    node.text = "null";
  }
  Leaf(std::move(node), anchor);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  if (Skip(1 + value.size() / kBytesPerNode)) return;
  YamlNode node = NodeAt(mark, YamlKind::kScalar);
  CheckTag(tag, mark);
  node.plain = tag == "?";
  node.text = value;
  FindText(Offset(mark), &node);
  Leaf(std::move(node), anchor);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
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

void YamlBuilder::Add(size_t offset, std::string what) {
  const Place place = source_.At(offset);
  faults_->Add(Where{name_, place.line, place.column}, std::move(what));
}

bool YamlBuilder::Skip(size_t nodes) {
  if (stopped_ || documents_ > 1) return true;
  nodes_ += nodes;
  if (nodes_ > kYamlNodesMax) {
    faults_->Add(Where{name_, 0, 0},
                 "more than " + std::to_string(kYamlNodesMax) + " values in one file");
    stopped_ = true;
  }
  return stopped_;
}

YamlNode YamlBuilder::NodeAt(const YAML::Mark& mark, YamlKind kind) const {
  const Place place = source_.At(Offset(mark));
  YamlNode node;
  node.kind = kind;
  node.line = node.text_line = place.line;
  node.column = node.text_column = place.column;
  return node;
}

void YamlBuilder::CheckTag(const std::string& tag, const YAML::Mark& mark) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  Add(Offset(mark), "tags (!…) are not used here; put quotes around a text");
}

void YamlBuilder::TooDeep(size_t offset) {
  Add(offset, "nested deeper than " + std::to_string(kYamlDepthMax) + " levels");
  stopped_ = true;
}

void YamlBuilder::FindText(size_t at, YamlNode* node) {
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

void YamlBuilder::Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                        YamlKind kind) {
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

void YamlBuilder::End() {
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

void YamlBuilder::Leaf(YamlNode node, YAML::anchor_t anchor) {
  Remember(anchor, node, 1 + node.text.size() / kBytesPerNode, 0);
  if (stopped_) return;
  Attach(std::move(node));
}

void YamlBuilder::Remember(YAML::anchor_t anchor, const YamlNode& node, size_t nodes, int depth) {
  if (anchor == 0) return;
  remembered_ += nodes;
  if (remembered_ > kYamlNodesMax) {
    faults_->Add(Where{name_, node.line, node.column}, "too much stands behind anchors (&)");
    stopped_ = true;
    return;
  }
  anchors_[anchor] = Anchor{node, nodes, depth};
}

void YamlBuilder::Attach(YamlNode node) {
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

void YamlBuilder::Key(const YamlNode& node, Open* open) {
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

bool YamlBuilder::KeyIsDue() const {
  return !open_.empty() && open_.back().node.kind == YamlKind::kMapping && !open_.back().has_key;
}

}  // namespace parshall::rules
