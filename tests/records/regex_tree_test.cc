#include "records/regex_tree.h"

#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "records/regex.h"
#include "records/regex_first.h"
#include "tests/records/expressions.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;
using testing::ShowCaptures;

std::string DumpSet(const ByteSet& set) {
  if (set.Single() > ' ' && set.Single() < 0x7f) return {static_cast<char>(set.Single())};
  return "[" + std::to_string(set.Count()) + "]";
}

// a: a byte; [10]: one of ten; {…}: one behind the other; (1 …): a group; x{0,-1}: repeated, ? when
// lazy.
std::string Dump(const Node& node) {
  std::string text;
  switch (node.kind) {
    case NodeKind::kEmpty:
      return "empty";
    case NodeKind::kByte:
      return DumpSet(node.set);
    case NodeKind::kBegin:
      return "^";
    case NodeKind::kEnd:
      return "$";
    case NodeKind::kCapture:
      return "(" + std::to_string(node.group) + " " + Dump(node.children[0]) + ")";
    case NodeKind::kRepeat:
      return Dump(node.children[0]) + "{" + std::to_string(node.min) + "," +
             std::to_string(node.max) + (node.greedy ? "}" : "}?");
    case NodeKind::kConcat:
    case NodeKind::kAlternate:
      for (const Node& child : node.children) {
        if (!text.empty()) text += node.kind == NodeKind::kConcat ? " " : "|";
        text += Dump(child);
      }
      return node.kind == NodeKind::kConcat ? "{" + text + "}" : "<" + text + ">";
  }
  return "?";
}

// A backtracking matcher over the tree, leftmost-first, slow and simple: what the tree means.
// One thread. Gives up (`steps` is used up) where backtracking explodes.
class Backtracker {
 public:
  Backtracker(std::string_view text, int groups)
      : text_(text), captures_(static_cast<size_t>(groups) + 1, Capture{nullptr, nullptr}) {}

  // The first match at or behind the start, as RE2 searches unanchored.
  bool Match(const Node& tree) {
    for (size_t at = 0; at <= text_.size(); ++at) {
      if (Walk(tree, at, [](size_t) { return true; })) return true;
      if (exhausted()) return false;
    }
    return false;
  }
  bool exhausted() const { return steps_ == 0; }
  const Capture* captures() const { return captures_.data(); }

 private:
  using Then = std::function<bool(size_t)>;

  bool Walk(const Node& node, size_t at, const Then& then) {
    if (steps_ == 0 || --steps_ == 0) return false;
    switch (node.kind) {
      case NodeKind::kEmpty:
        return then(at);
      case NodeKind::kByte:
        return at < text_.size() && node.set.Has(static_cast<unsigned char>(text_[at])) &&
               then(at + 1);
      case NodeKind::kBegin:
        return at == 0 && then(at);
      case NodeKind::kEnd:
        return at == text_.size() && then(at);
      case NodeKind::kConcat:
        return Row(node, 0, at, then);
      case NodeKind::kAlternate:
        for (const Node& child : node.children) {
          if (Walk(child, at, then)) return true;
        }
        return false;
      case NodeKind::kCapture: {
        Capture& capture = captures_[static_cast<size_t>(node.group)];
        const Capture before = capture;
        if (Walk(node.children[0], at, [&](size_t end) {
              const Capture inner = capture;
              capture = {text_.data() + at, text_.data() + end};
              if (then(end)) return true;
              capture = inner;
              return false;
            })) {
          return true;
        }
        capture = before;
        return false;
      }
      case NodeKind::kRepeat:
        return Times(node, 0, at, then);
    }
    return false;
  }

  bool Row(const Node& node, size_t child, size_t at, const Then& then) {
    if (child == node.children.size()) return then(at);
    return Walk(node.children[child], at,
                [&, child](size_t end) { return Row(node, child + 1, end, then); });
  }

  bool Times(const Node& node, int done, size_t at, const Then& then) {
    if (steps_ == 0 || --steps_ == 0) return false;
    const auto once_more = [&] {
      if (node.max >= 0 && done >= node.max) return false;
      return Walk(node.children[0], at,
                  [&, done](size_t end) { return Times(node, done + 1, end, then); });
    };
    if (done < node.min) return once_more();
    return node.greedy ? once_more() || then(at) : then(at) || once_more();
  }

  std::string_view text_;
  std::vector<Capture> captures_;
  int steps_ = 20'000;
};

// Rounds that match nothing mean different things to different engines; the plan compiler refuses
// them.
bool HasEmptyRounds(const Node& node) {
  if (node.kind == NodeKind::kRepeat && node.max != 1 && FirstOf(node.children[0]).nullable) {
    return true;
  }
  return std::any_of(node.children.begin(), node.children.end(), HasEmptyRounds);
}

}  // namespace

TEST_CASE("ParseRegexTree draws what stands there") {
  struct Row {
    const char* expression;
    const char* tree;
  };
  const Row rows[] = {
      {"", "{}"},
      {"a", "a"},
      {"ab", "{a b}"},
      {"a|b|", "<a|b|{}>"},
      {"^a$", "{^ a $}"},
      {"\\Aa\\z", "{^ a $}"},
      {"(a)(?:b)(?P<x>c)", "{(1 a) b (2 c)}"},
      {"((a)|b)", "(1 <(2 a)|b>)"},
      {"a*b+c?", "{a{0,-1} b{1,-1} c{0,1}}"},
      {"a*?b+?c??", "{a{0,-1}? b{1,-1}? c{0,1}?}"},
      {"a{3}b{3,}c{3,5}d{0,1}?", "{a{3,3} b{3,-1} c{3,5} d{0,1}?}"},
      {"a{,3}", "{a { , 3 }}"},  // no repetition: RE2 takes the brace as itself
      {"a{x}", "{a { x }}"},
      {"(?:ab)*", "{a b}{0,-1}"},
      {".", "[255]"},
      {"\\d\\D\\w\\W\\s\\S", "{[10] [246] [63] [193] [5] [251]}"},
      {"[abc][^abc][a-c][a\\-c]", "{[3] [253] [3] [3]}"},
      {"[]a][^]a]", "{[2] [254]}"},
      {"[a-]", "[2]"},
      {"[[:alpha:]_][[:^alpha:]]", "{[53] [204]}"},
      {"[\\d\\-x]", "[12]"},
      {"\\.\\[\\\"\\ \\_", "{. [ \" [1] _}"},
      {"\\t\\n\\r\\f\\v\\a\\x41", "{[1] [1] [1] [1] [1] [1] A}"},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    UnsupportedConstruct unsupported;
    const std::optional<Node> tree = ParseRegexTree(row.expression, &unsupported);
    INFO(unsupported.what);
    REQUIRE(tree);
    CHECK(Dump(*tree) == row.tree);
  }
}

TEST_CASE("ParseRegexTree names the construct that it leaves to RE2") {
  struct Row {
    const char* expression;
    const char* what;
    size_t offset;
  };
  const Row rows[] = {
      {"^a\\bc", "the escape \\b", 2}, {"a\\Bc", "the escape \\B", 1},
      {"(?i)a", "flags like (?i)", 0}, {"ab(?s:.)", "flags like (?i)", 2},
      {"\\pL", "the escape \\p", 0},   {"a\\Qb.c\\E", "the escape \\Q", 1},
      {"\\C", "the escape \\C", 0},    {"\\x{41}", "an escape like \\x{…}", 0},
      {"\\101", "the escape \\1", 0},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    REQUIRE(Regex::Compile(row.expression, "").ok());
    UnsupportedConstruct unsupported;
    CHECK_FALSE(ParseRegexTree(row.expression, &unsupported));
    CHECK(unsupported.what == row.what);
    CHECK(unsupported.offset == row.offset);
  }
}

TEST_CASE("A class of the tree has the bytes that RE2 takes") {
  const char* const classes[] = {
      ".",
      "\\d",
      "\\D",
      "\\w",
      "\\W",
      "\\s",
      "\\S",
      "[^\"\\\\]",
      "[^ ]",
      "[^\\]]",
      "[a-z0-9_-]",
      "[-a]",
      "[a-]",
      "[]]",
      "[^]]",
      "[[]",
      "[\\x00-\\x1f\\x7f-\\xff]",
      "[\\w.-]",
      "[^\\s\"]",
      "[\\D]",
      "[[:alnum:]]",
      "[[:alpha:]]",
      "[[:ascii:]]",
      "[[:blank:]]",
      "[[:cntrl:]]",
      "[[:digit:]]",
      "[[:graph:]]",
      "[[:lower:]]",
      "[[:print:]]",
      "[[:punct:]]",
      "[[:space:]]",
      "[[:upper:]]",
      "[[:word:]]",
      "[[:xdigit:]]",
      "[[:^space:]x]",
      "[^[:^space:]]",
      "[\\[\\]]",
      "[!-~]",
      "[+--]",
      "[\\t-\\r]",
      "\\x80",
      "[^\\n]",
      "[\\s\\S]",
      "[\\a\\f\\v]",
      "[^[:alpha:]\\d]",
  };
  for (const char* expression : classes) {
    INFO(expression);
    const std::string anchored = "^(?:" + std::string(expression) + ")\\z";
    auto regex = Regex::Compile(anchored, "");
    REQUIRE(regex.ok());
    UnsupportedConstruct unsupported;
    const std::optional<Node> tree = ParseRegexTree(expression, &unsupported);
    REQUIRE(tree);
    REQUIRE(tree->kind == NodeKind::kByte);
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char text = static_cast<char>(byte);
      INFO("byte " << byte);
      REQUIRE(tree->set.Has(static_cast<unsigned char>(byte)) == (*regex)->Test({&text, 1}));
    }
  }
}

TEST_CASE("A node's span is its text") {
  std::mt19937_64 random(3);
  ExpressionMaker expressions(&random);
  const auto without_numbers = [](std::string text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      out += text[i];
      if (text[i] != '(') continue;
      while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') ++i;
    }
    return out;
  };
  for (int n = 0; n < 300; ++n) {
    const std::string expression = expressions.Make();
    UnsupportedConstruct unsupported;
    const std::optional<Node> tree = ParseRegexTree(expression, &unsupported);
    REQUIRE(tree);
    REQUIRE(tree->begin == 0);
    REQUIRE(tree->end == expression.size());
    const std::function<void(const Node&)> check = [&](const Node& node) {
      const std::string part = expression.substr(node.begin, node.end - node.begin);
      const std::optional<Node> again = ParseRegexTree(part, &unsupported);
      INFO(expression << "\n" << part);
      REQUIRE(again);
      REQUIRE(without_numbers(Dump(*again)) == without_numbers(Dump(node)));
      for (const Node& child : node.children) check(child);
    };
    check(*tree);
  }
}

// The plan compiler believes the tree. So the tree, matched the simple way, must be RE2's match.
TEST_CASE("The tree means what RE2 matches, group by group") {
  std::mt19937_64 random(11);
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  size_t compared = 0, matches = 0, expressions_used = 0;
  Capture by_re2[kCapturesMax];
  while (expressions_used < 250) {
    const std::string expression = expressions.Make();
    auto regex = Regex::Compile(expression, "");
    REQUIRE(regex.ok());
    REQUIRE((*regex)->tree());
    const Node& tree = *(*regex)->tree();
    if (HasEmptyRounds(tree)) continue;
    ++expressions_used;
    for (int n = 0; n < 40; ++n) {
      const std::string line = line_maker.Make(tree).substr(0, 80);
      Backtracker slow(line, (*regex)->groups());
      const bool matched = slow.Match(tree);
      if (slow.exhausted()) continue;
      ++compared;
      INFO(expression << "\n" << line);
      REQUIRE((*regex)->Match(line, by_re2) == matched);
      if (!matched) continue;
      ++matches;
      REQUIRE(ShowCaptures(by_re2, (*regex)->groups()) ==
              ShowCaptures(slow.captures(), (*regex)->groups()));
    }
  }
  CHECK(compared > 5000);
  CHECK(matches > 1000);
}

TEST_CASE("ParseRegexTree survives nesting without end") {
  UnsupportedConstruct unsupported;
  const std::string deep = std::string(30'000, '(') + std::string(30'000, ')');
  CHECK_FALSE(ParseRegexTree(deep, &unsupported));
  CHECK(unsupported.what == "groups nested too deeply");
}

}  // namespace parshall::records
