#pragma once
// Random rule expressions and random lines for them, for holding plans against RE2.

#include <random>
#include <string>

#include "records/regex_tree.h"

namespace parshall::records {

// Expressions of the kind that rules are made of: literals, classes, runs, lazy runs, quoted texts
// with escapes, alternatives, optional groups and loops, some captured.
class ExpressionMaker {
 public:
  explicit ExpressionMaker(std::mt19937_64* random) : random_(random) {}

  std::string Make() {
    names_ = 0;
    std::string expression = "^";
    const int parts = 2 + Below(9);
    for (int n = 0; n < parts; ++n) expression += Part(2);
    if (Below(4) != 0) expression += "$";
    return expression;
  }

 private:
  int Below(int bound) { return static_cast<int>((*random_)() % static_cast<uint64_t>(bound)); }
  template <size_t N>
  std::string OneOf(const char* const (&choices)[N]) {
    return choices[Below(static_cast<int>(N))];
  }
  std::string Captured(const std::string& inner) {
    if (Below(2) == 0 || names_ > 12) return inner;
    ++names_;
    return "(?P<g" + std::to_string(names_) + ">" + inner + ")";
  }
  std::string Sequence(int depth) {
    std::string text;
    const int parts = 1 + Below(3);
    for (int n = 0; n < parts; ++n) text += Part(depth - 1);
    return text;
  }

  std::string Part(int depth) {
    static const char* const kLiterals[] = {" ",  "\"", "\\[", "\\] \"", "\" ",  " - ", ":",    "a",
                                            "ab", "-",  "/",   "x=",     "\\\\", "\\t", "\" \""};
    static const char* const kRuns[] = {"[^ ]*",    "[^ ]+",   "\\S+",        "\\S*",     "\\d+",
                                        "\\d*",     "[^\"]*",  "\\w+",        "\\s+",     "\\s*",
                                        "[^\\]]+",  "[a-c]+",  "[^ \"\\\\]*", ".*",       ".+",
                                        "\\d{1,3}", "\\d{2,}", "a*",          "[^:]{1,4}"};
    static const char* const kLazy[] = {".*?",   ".+?",    "\\S*?",  "[^\"]*?",
                                        "\\d+?", "[ab]*?", "[^ ]??", "\\w*?"};
    static const char* const kFixed[] = {
        "\\d{3}",     "\\d\\d", "[A-Z][a-c]{2}", "\\d\\d/[A-Za-z]{3}/\\d{4}",
        "[+-]\\d{4}", ".",      "[ab]",          "\\S"};
    static const char* const kQuoted[] = {"(?:[^\"\\\\]|\\\\.)*",
                                          "(?:[^\"\\\\]|\\\\.|\\\\)*",
                                          "(?:[^\"\\\\]|\\\\.|\\\\|\")*?",
                                          "(?:[^ ]| a)*?",
                                          "(?:a|b|ab)*",
                                          "(?:[^\"]|\"\")*"};
    switch (Below(depth > 0 ? 12 : 7)) {
      case 0:
      case 1:
      case 2:
        return OneOf(kLiterals);
      case 3:
      case 4:
        return Captured(OneOf(kRuns));
      case 5:
        return Captured(OneOf(kFixed));
      case 6:
        return Captured(OneOf(kLazy));
      case 7:
        return "\"" + Captured(OneOf(kQuoted)) + "\"";
      case 8:
        return Captured("(?:" + Sequence(depth) + "|" + Sequence(depth) + ")");
      case 9:
        return Captured("(?:\\d{3}|-)");
      case 10:
        return "(?:" + Sequence(depth) + ")" + (Below(3) == 0 ? "??" : "?");
      default: {
        const int names = names_;
        names_ = 100;  // no groups inside of a repetition
        const std::string body = Sequence(depth);
        names_ = names;
        return "(?:" + body + ")" + (Below(2) == 0 ? "*" : "+");
      }
    }
  }

  std::mt19937_64* random_;
  int names_ = 0;
};

// Lines that walk the expression's tree, so that many match, and then suffer.
class LineMaker {
 public:
  explicit LineMaker(std::mt19937_64* random) : random_(random) {}

  std::string Make(const Node& tree) {
    std::string line;
    Walk(tree, &line);
    const int wounds = Below(3) == 0 ? 1 + Below(3) : 0;
    for (int n = 0; n < wounds; ++n) Wound(&line);
    return line;
  }

 private:
  static constexpr std::string_view kNasty{"\" \\[]-:/a1b2c \t\r\0\xe9\"\\", 20};
  int Below(int bound) { return static_cast<int>((*random_)() % static_cast<uint64_t>(bound)); }
  char Nasty() { return kNasty[static_cast<size_t>(Below(static_cast<int>(kNasty.size())))]; }

  void Walk(const Node& node, std::string* line) {
    if (line->size() > 400) return;
    switch (node.kind) {
      case NodeKind::kByte: {
        // Mostly from the nasty alphabet, so that things look alike.
        for (int n = 0; n < 6; ++n) {
          const char c = Nasty();
          if (node.set.Has(static_cast<unsigned char>(c))) {
            line->push_back(c);
            return;
          }
        }
        const auto bytes = node.set.Bytes();
        if (!bytes.empty())
          line->push_back(
              static_cast<char>(bytes[static_cast<size_t>(Below(static_cast<int>(bytes.size())))]));
        return;
      }
      case NodeKind::kAlternate:
        Walk(node.children[static_cast<size_t>(Below(static_cast<int>(node.children.size())))],
             line);
        return;
      case NodeKind::kRepeat: {
        const int extra =
            node.max < 0 ? Below(Below(8) == 0 ? 40 : 5) : Below(node.max - node.min + 1);
        for (int n = 0; n < node.min + extra; ++n) Walk(node.children[0], line);
        return;
      }
      default:
        for (const Node& child : node.children) Walk(child, line);
    }
  }

  void Wound(std::string* line) {
    const auto at = static_cast<size_t>(Below(static_cast<int>(line->size()) + 1));
    switch (Below(5)) {
      case 0:
        line->insert(at, 1, Nasty());
        return;
      case 1:
        if (at < line->size()) line->erase(at, 1);
        return;
      case 2:
        if (at < line->size()) (*line)[at] = Nasty();
        return;
      case 3:
        line->resize(at);
        return;
      default:
        *line += line->substr(at);
    }
  }

  std::mt19937_64* random_;
};

}  // namespace parshall::records
