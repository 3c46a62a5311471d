#include "rules/group_text.h"

#include <algorithm>
#include <utility>

namespace parshall::rules {
namespace {

// One step of an expression: an escape, a class, an opener or a single byte.
struct Token {
  enum class Kind { kByte, kEscape, kClass, kNotClass } kind;
  size_t end;  // offset behind it
};

Token TokenAt(std::string_view text, size_t i) {
  if (text[i] == '\\') return {Token::Kind::kEscape, std::min(i + 2, text.size())};
  if (text[i] != '[') return {Token::Kind::kByte, i + 1};
  ++i;
  const bool negated = text.substr(i).starts_with('^');
  if (negated) ++i;
  if (text.substr(i).starts_with(']')) ++i;  // a first ] is a member
  for (; i < text.size() && text[i] != ']'; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text.substr(i).starts_with("[:")) {  // [[:alpha:]] has a bracket inside
      const size_t end = text.find(":]", i + 2);
      if (end != std::string_view::npos) i = end + 1;
    }
  }
  return {negated ? Token::Kind::kNotClass : Token::Kind::kClass, std::min(i + 1, text.size())};
}

bool Unbounded(std::string_view rest) {
  if (rest.starts_with('*') || rest.starts_with('+')) return true;
  const size_t end = rest.find('}');
  return rest.starts_with('{') && end != std::string_view::npos && rest[end - 1] == ',';
}

}  // namespace

std::vector<NamedGroup> NamedGroups(std::string_view pattern) {
  constexpr size_t kUnnamed = static_cast<size_t>(-1);
  struct Open {
    size_t group;  // index into `groups`
    size_t begin;
  };
  std::vector<NamedGroup> groups;
  std::vector<Open> open;
  for (size_t i = 0; i < pattern.size();) {
    const Token token = TokenAt(pattern, i);
    if (token.kind != Token::Kind::kByte || (pattern[i] != '(' && pattern[i] != ')')) {
      i = token.end;
      continue;
    }
    if (pattern[i] == ')') {
      if (!open.empty()) {
        const Open last = open.back();
        open.pop_back();
        if (last.group != kUnnamed) {
          groups[last.group].body = pattern.substr(last.begin, i - last.begin);
        }
      }
      ++i;
      continue;
    }
    const std::string_view rest = pattern.substr(i);
    const size_t opener = rest.starts_with("(?P<") ? 4 : rest.starts_with("(?<") ? 3 : 0;
    const bool named =
        opener > 0 && rest.size() > opener && rest[opener] != '=' && rest[opener] != '!';
    const size_t end = named ? rest.find('>') : std::string_view::npos;
    if (end == std::string_view::npos) {
      open.push_back({kUnnamed, i + 1});
      ++i;
      continue;
    }
    open.push_back({groups.size(), i + end + 1});
    groups.push_back({std::string(rest.substr(opener, end - opener)), pattern.substr(i + end + 1)});
    i += end + 1;
  }
  return groups;
}

std::vector<std::string> GroupNames(std::string_view pattern) {
  std::vector<std::string> names;
  for (NamedGroup& group : NamedGroups(pattern)) names.push_back(std::move(group.name));
  return names;
}

bool TakesFreeText(std::string_view expression) {
  // For each open parenthesis whether something inside stands for any byte: (?:[^"]|\\.)* is free.
  std::vector<bool> any = {false};
  for (size_t i = 0; i < expression.size();) {
    const Token token = TokenAt(expression, i);
    const std::string_view text = expression.substr(i, token.end - i);
    i = token.end;
    if (text == "(") {
      any.push_back(false);
      continue;
    }
    bool here = token.kind == Token::Kind::kNotClass || text == "." || text == "\\S" ||
                text == "\\D" || text == "\\W";
    if (text == ")" && any.size() > 1) {
      here = any.back();
      any.pop_back();
    }
    if (here && Unbounded(expression.substr(i))) return true;
    if (here) any.back() = true;
  }
  return false;
}

}  // namespace parshall::rules
