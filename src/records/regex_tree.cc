#include "records/regex_tree.h"

#include <algorithm>
#include <utility>

#include "records/regex_class.h"

namespace parshall::records {
namespace {

constexpr int kDepthMax = 200;
constexpr int kRepeatMax = 1000;  // RE2's own bound on {n,m}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Recursive descent over the expression. One thread; lives for one parse.
class Parser {
 public:
  Parser(std::string_view text, UnsupportedConstruct* unsupported)
      : text_(text), unsupported_(unsupported) {}

  std::optional<Node> Parse() {
    std::optional<Node> node = Alternation(0);
    if (node && at_ != text_.size()) return No("an unexpected )");
    return node;
  }

 private:
  std::nullopt_t No(std::string what) {
    if (unsupported_->what.empty()) *unsupported_ = {std::move(what), at_};
    return std::nullopt;
  }
  bool Done() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Eat(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  std::optional<Node> Alternation(int depth) {
    if (depth > kDepthMax) return No("groups nested too deeply");
    Node alternation{.kind = NodeKind::kAlternate, .begin = at_};
    while (true) {
      std::optional<Node> branch = Concatenation(depth);
      if (!branch) return std::nullopt;
      alternation.children.push_back(std::move(*branch));
      if (!Eat("|")) break;
    }
    alternation.end = at_;
    if (alternation.children.size() == 1) return std::move(alternation.children[0]);
    return alternation;
  }

  std::optional<Node> Concatenation(int depth) {
    Node concat{.kind = NodeKind::kConcat, .begin = at_};
    while (!Done() && Peek() != '|' && Peek() != ')') {
      std::optional<Node> atom = Atom(depth);
      if (!atom) return std::nullopt;
      std::optional<Node> repeated = Repetition(std::move(*atom));
      if (!repeated) return std::nullopt;
      concat.children.push_back(std::move(*repeated));
    }
    concat.end = at_;
    if (concat.children.size() == 1) return std::move(concat.children[0]);
    return concat;
  }

  std::optional<Node> Repetition(Node atom) {
    int min = 0;
    int max = 0;
    if (Eat("*")) {
      max = -1;
    } else if (Eat("+")) {
      min = 1;
      max = -1;
    } else if (Eat("?")) {
      max = 1;
    } else if (!Braces(&min, &max)) {
      return atom;
    }
    if (min > kRepeatMax || max > kRepeatMax) return No("a repeat count over 1000");
    if (atom.kind == NodeKind::kBegin || atom.kind == NodeKind::kEnd)
      return No("a repeated anchor");
    Node repeat{.kind = NodeKind::kRepeat, .min = min, .max = max, .begin = atom.begin};
    repeat.greedy = !Eat("?");
    repeat.end = at_;
    repeat.children.push_back(std::move(atom));
    // a** and (a*)+ are legal only as groups; a second operator here is RE2's error, not ours to
    // judge.
    if (!Done() && (Peek() == '*' || Peek() == '+' || Peek() == '?'))
      return No("a doubled repetition");
    int ignored = 0;
    if (Braces(&ignored, &ignored)) return No("a doubled repetition");
    return repeat;
  }

  // {n}, {n,} or {n,m}; anything else in braces is literal text, as in RE2.
  bool Braces(int* min, int* max) {
    const size_t start = at_;
    const auto number = [this](int* value) {
      size_t digits = 0;
      *value = 0;
      while (Peek() >= '0' && Peek() <= '9' && digits < 6) {
        *value = *value * 10 + (Peek() - '0');
        ++at_;
        ++digits;
      }
      return digits > 0;
    };
    if (Eat("{") && number(min)) {
      if (Eat("}")) {
        *max = *min;
        return true;
      }
      if (Eat(",")) {
        if (Eat("}")) {
          *max = -1;
          return true;
        }
        if (number(max) && Eat("}")) return true;
      }
    }
    at_ = start;
    return false;
  }

  Node Byte(ByteSet set, size_t begin) const {
    return Node{.kind = NodeKind::kByte, .set = set, .begin = begin, .end = at_};
  }

  std::optional<Node> Atom(int depth) {
    const size_t begin = at_;
    const char c = text_[at_];
    switch (c) {
      case '(':
        return Group(depth);
      case '[':
        return Class();
      case '\\':
        return Escape();
      case '.':
        ++at_;
        return Byte(~ByteSet::Of('\n'), begin);
      case '^':
        ++at_;
        return Node{.kind = NodeKind::kBegin, .begin = begin, .end = at_};
      case '$':
        ++at_;
        return Node{.kind = NodeKind::kEnd, .begin = begin, .end = at_};
      case '*':
      case '+':
      case '?':
        return No("a repetition of nothing");
      default:
        ++at_;
        return Byte(ByteSet::Of(static_cast<unsigned char>(c)), begin);
    }
  }

  std::optional<Node> Group(int depth) {
    const size_t begin = at_;
    ++at_;
    bool capture = true;
    if (Eat("?:")) {
      capture = false;
    } else if (Eat("?P<")) {
      const size_t close = text_.find('>', at_);
      if (close == std::string_view::npos) return No("an unterminated group name");
      at_ = close + 1;
    } else if (Peek() == '?') {
      at_ = begin;
      return No("flags like (?i)");
    }
    const int group = capture ? ++groups_ : 0;
    std::optional<Node> body = Alternation(depth + 1);
    if (!body) return std::nullopt;
    if (!Eat(")")) return No("an unclosed group");
    if (!capture) {
      body->begin = begin;
      body->end = at_;
      return body;
    }
    Node node{.kind = NodeKind::kCapture, .group = group, .begin = begin, .end = at_};
    node.children.push_back(std::move(*body));
    return node;
  }

  // The byte or class behind a backslash; works inside and outside of brackets.
  std::optional<ByteSet> EscapedSet() {
    const char c = Peek(1);
    switch (c) {
      case 'd':
        at_ += 2;
        return DigitSet();
      case 'D':
        at_ += 2;
        return ~DigitSet();
      case 'w':
        at_ += 2;
        return WordSet();
      case 'W':
        at_ += 2;
        return ~WordSet();
      case 's':
        at_ += 2;
        return BlankSet();
      case 'S':
        at_ += 2;
        return ~BlankSet();
      case 'n':
        at_ += 2;
        return ByteSet::Of('\n');
      case 't':
        at_ += 2;
        return ByteSet::Of('\t');
      case 'r':
        at_ += 2;
        return ByteSet::Of('\r');
      case 'f':
        at_ += 2;
        return ByteSet::Of('\f');
      case 'v':
        at_ += 2;
        return ByteSet::Of('\v');
      case 'a':
        at_ += 2;
        return ByteSet::Of('\a');
      case 'x': {
        const int high = HexDigit(Peek(2));
        const int low = HexDigit(Peek(3));
        if (high < 0 || low < 0) {
          No("an escape like \\x{…}");
          return std::nullopt;
        }
        at_ += 4;
        return ByteSet::Of(static_cast<unsigned char>(high * 16 + low));
      }
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool punctuation = byte > ' ' && byte < 0x7f && !WordSet().Has(byte);
        if (!punctuation && c != ' ' && c != '_') {
          No(std::string("the escape \\") + c);
          return std::nullopt;
        }
        at_ += 2;
        return ByteSet::Of(byte);
      }
    }
  }

  std::optional<Node> Escape() {
    const size_t begin = at_;
    if (Peek(1) == 'A' || Peek(1) == 'z') {
      const NodeKind kind = Peek(1) == 'A' ? NodeKind::kBegin : NodeKind::kEnd;
      at_ += 2;
      return Node{.kind = kind, .begin = begin, .end = at_};
    }
    const std::optional<ByteSet> set = EscapedSet();
    if (!set) return std::nullopt;
    return Byte(*set, begin);
  }

  std::optional<Node> Class() {
    const size_t begin = at_;
    ++at_;
    const bool negated = Eat("^");
    ByteSet set;
    bool first = true;
    while (true) {
      if (Done()) return No("an unclosed class");
      if (Peek() == ']' && !first) break;
      first = false;
      if (text_.substr(at_, 2) == "[:") {
        const size_t close = text_.find(":]", at_ + 2);
        if (close != std::string_view::npos) {
          std::string_view name = text_.substr(at_ + 2, close - at_ - 2);
          const bool inverted = !name.empty() && name[0] == '^';
          if (inverted) name.remove_prefix(1);
          const std::optional<ByteSet> named = PosixSet(name);
          if (!named) return No("an unknown [:class:]");
          set = set | (inverted ? ~*named : *named);
          at_ = close + 2;
          continue;
        }
      }
      const std::optional<ByteSet> low = ClassItem();
      if (!low) return std::nullopt;
      if (Peek() == '-' && Peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        const std::optional<ByteSet> high = ClassItem();
        if (!high) return std::nullopt;
        if (low->Single() < 0 || high->Single() < low->Single()) return No("an odd class range");
        set.AddRange(static_cast<unsigned>(low->Single()), static_cast<unsigned>(high->Single()));
      } else {
        set = set | *low;
      }
    }
    ++at_;
    return Byte(negated ? ~set : set, begin);
  }

  std::optional<ByteSet> ClassItem() {
    if (Done()) {
      No("an unclosed class");
      return std::nullopt;
    }
    if (Peek() == '\\') return EscapedSet();
    const auto byte = static_cast<unsigned char>(text_[at_]);
    ++at_;
    return ByteSet::Of(byte);
  }

  std::string_view text_;
  UnsupportedConstruct* unsupported_;
  size_t at_ = 0;
  int groups_ = 0;
};

}  // namespace

std::optional<Node> ParseRegexTree(std::string_view expression, UnsupportedConstruct* unsupported) {
  *unsupported = {};
  return Parser(expression, unsupported).Parse();
}

bool HasCapture(const Node& node) {
  if (node.kind == NodeKind::kCapture) return true;
  return std::any_of(node.children.begin(), node.children.end(), HasCapture);
}

}  // namespace parshall::records
