#include "records/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>

namespace parshall::records {
namespace {

// RE2 takes captures with its one-pass matcher, 2.7 times as fast as the next best, up to $4.
constexpr int kOnePassGroupsMax = 4;
constexpr int64_t kMemoryMax = 8 << 20;  // DFA states; beyond it RE2 starts the cache over

RE2::Options Options() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  return options;
}

re2::StringPiece View(std::string_view text) { return {text.data(), text.size()}; }

// Calls visit(offset) for each place of the expression outside of escapes, \Q…\E and classes.
template <typename Visit>
void ForEachPlain(std::string_view expression, Visit visit) {
  bool in_class = false;
  for (size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (!in_class && !visit(i)) return;
    if (!in_class && expression.substr(i, 2) == "\\Q") {
      const size_t close = expression.find("\\E", i + 2);
      if (close == std::string_view::npos) return;
      i = close + 1;
    } else if (c == '\\') {
      ++i;
    } else if (in_class) {
      if (c == ']') in_class = false;
      if (expression.substr(i, 2) == "[:") {  // [[:alpha:]…]: that bracket closes the name only
        const size_t close = expression.find(":]", i + 2);
        if (close != std::string_view::npos) i = close + 1;
      }
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < expression.size() && expression[i + 1] == '^') ++i;
      if (i + 1 < expression.size() && expression[i + 1] == ']') ++i;
    }
  }
}

// What people bring from PCRE, Oniguruma and Java that RE2 leaves out, because it would cost linear
// time.
struct Foreign {
  std::string_view token;
  std::string_view what;
};
constexpr Foreign kForeign[] = {
    {"(?=", "look-ahead (?=…)"},
    {"(?!", "negative look-ahead (?!…)"},
    {"(?<=", "look-behind (?<=…)"},
    {"(?<!", "negative look-behind (?<!…)"},
    {"(?>", "an atomic group (?>…)"},
    {"(?|", "a branch reset (?|…)"},
    {"(?#", "a comment (?#…)"},
    {"(?(", "a conditional (?(…)…)"},
    {"(?&", "a subroutine call (?&…)"},
    {"(?P=", "a back-reference (?P=…)"},
    {"(?P>", "a subroutine call (?P>…)"},
    {"(?x", "the flag x (free spacing)"},
    {"*+", "a possessive repetition (*+)"},
    {"++", "a possessive repetition (++)"},
    {"?+", "a possessive repetition (?+)"},
    {"\\1", "a back-reference"},
    {"\\2", "a back-reference"},
    {"\\3", "a back-reference"},
    {"\\k", "a back-reference \\k"},
    {"\\g", "a back-reference \\g"},
    {"\\h", "\\h (write [ \\t])"},
    {"\\H", "\\H (write [^ \\t])"},
    {"\\R", "\\R (a line has no line ends)"},
    {"\\K", "\\K"},
    {"\\G", "\\G"},
    {"\\Z", "\\Z (write $)"},
    {"\\X", "\\X"},
};

std::string Excerpt(std::string_view expression, size_t offset) {
  std::string text(expression.substr(offset, 24));
  if (expression.size() > offset + 24) text += "…";
  return text;
}

// (?<name>…) is how most others write it; RE2 of this generation knows (?P<name>…) only.
std::string TakeOverNames(std::string_view expression) {
  std::string out;
  size_t copied = 0;
  ForEachPlain(expression, [&](size_t i) {
    const std::string_view rest = expression.substr(i);
    if (rest.substr(0, 3) == "(?<" && rest.size() > 3 && rest[3] != '=' && rest[3] != '!') {
      out.append(expression.substr(copied, i - copied)).append("(?P<");
      copied = i + 3;
    }
    return true;
  });
  out.append(expression.substr(copied));
  return out;
}

Error CompileError(const std::string& written, const RE2& regex, const std::string& where) {
  for (const Foreign& foreign : kForeign) {
    size_t at = std::string::npos;
    ForEachPlain(written, [&](size_t i) {
      if (std::string_view(written).substr(i, foreign.token.size()) != foreign.token) return true;
      at = i;
      return false;
    });
    if (at != std::string::npos) {
      return Fail("RE2 cannot do " + std::string(foreign.what) + ", found at byte " +
                      std::to_string(at + 1) + " of the pattern: " + Excerpt(written, at),
                  where);
    }
  }
  std::string what = "the pattern is not a valid RE2 expression: " + regex.error();
  const std::string& argument = regex.error_arg();
  const size_t at = argument.empty() ? std::string::npos : written.find(argument);
  if (at != std::string::npos) what += ", at byte " + std::to_string(at + 1) + " of the pattern";
  return Fail(std::move(what), where);
}

// A group name stands twice: RE2 would take it and give one of them only.
std::string DuplicateName(std::string_view expression) {
  std::set<std::string> seen;
  std::string duplicate;
  ForEachPlain(expression, [&](size_t i) {
    if (expression.substr(i, 4) != "(?P<") return true;
    const size_t close = expression.find('>', i);
    if (close == std::string_view::npos) return true;
    const std::string name(expression.substr(i + 4, close - i - 4));
    if (seen.insert(name).second) return true;
    duplicate = name;
    return false;
  });
  return duplicate;
}

int GroupsIn(const Node& node) {
  int groups = node.kind == NodeKind::kCapture ? 1 : 0;
  for (const Node& child : node.children) groups += GroupsIn(child);
  return groups;
}

}  // namespace

Regex::~Regex() = default;

Result<std::unique_ptr<Regex>> Regex::Compile(const std::string& expression,
                                              const std::string& where) {
  std::unique_ptr<Regex> regex(new Regex());
  regex->expression_ = TakeOverNames(expression);
  regex->regex_ = std::make_unique<RE2>(regex->expression_, Options());
  if (!regex->regex_->ok()) return CompileError(expression, *regex->regex_, where);
  const std::string duplicate = DuplicateName(regex->expression_);
  if (!duplicate.empty()) {
    return Fail("two groups of the pattern are called \"" + duplicate +
                    "\"; give each its own name, and one `as:` if they are one field",
                where);
  }
  regex->groups_ = regex->regex_->NumberOfCapturingGroups();
  if (regex->groups_ >= static_cast<int>(kCapturesMax)) {
    return Fail("the pattern has " + std::to_string(regex->groups_) + " groups; 63 are the most",
                where);
  }
  regex->group_names_.resize(static_cast<size_t>(regex->groups_) + 1);
  for (const auto& [group, name] : regex->regex_->CapturingGroupNames()) {
    regex->group_names_[static_cast<size_t>(group)] = name;
  }
  regex->tree_ = ParseRegexTree(regex->expression_, &regex->unsupported_);
  return regex;
}

const std::vector<Regex::Piece>& Regex::Pieces() const {
  std::call_once(cut_, [this] { pieces_ = CutIntoPieces(); });
  return pieces_;
}

// Cuts behind a literal byte up to which the match is forced, so that each piece has at most four
// groups. None: it cannot be cut.
std::vector<Regex::Piece> Regex::CutIntoPieces() const {
  if (groups_ <= kOnePassGroupsMax || !tree_ || tree_->kind != NodeKind::kConcat) return {};
  const Node& root = *tree_;
  std::vector<Piece> pieces;
  size_t begin = 0;
  int first_group = 1;
  const auto add = [&](size_t end) {
    int groups = 0;
    for (size_t n = begin; n < end; ++n) groups += GroupsIn(root.children[n]);
    const size_t from = root.children[begin].begin;
    const size_t to = root.children[end - 1].end;
    Piece piece{.first_group = first_group, .groups = groups};
    piece.regex = std::make_unique<RE2>(expression_.substr(from, to - from), Options());
    first_group += groups;
    begin = end;
    pieces.push_back(std::move(piece));
    return pieces.back().regex->ok() && pieces.back().regex->NumberOfCapturingGroups() == groups;
  };
  size_t cut = 0;  // the last place where cutting is right
  int groups = 0;
  for (size_t n = 0; n < root.children.size(); ++n) {
    const Node& child = root.children[n];
    groups += GroupsIn(child);
    if (groups > kOnePassGroupsMax && cut > begin) {
      if (!add(cut)) return {};
      groups = 0;
      for (size_t k = begin; k <= n; ++k) groups += GroupsIn(root.children[k]);
    }
    const bool literal = child.kind == NodeKind::kByte && child.set.Single() >= 0;
    if (literal && IsExactPrefix(root, n + 1)) cut = n + 1;
  }
  if (pieces.empty() || !add(root.children.size())) return {};
  return pieces;
}

bool Regex::Test(std::string_view text) const {
  return regex_->Match(View(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Regex::Match(std::string_view text, Capture* captures) const {
  // A miss costs the capture engines 7 to 30 times what it costs the DFA.
  if (!Test(text)) return false;
  if (groups_ == 0) return true;
  re2::StringPiece found[kCapturesMax];
  const auto keep = [captures](const re2::StringPiece* groups, int first, int count) {
    for (int n = 0; n < count; ++n) {
      const re2::StringPiece& group = groups[n + 1];
      captures[first + n] = group.data() == nullptr
                                ? Capture{nullptr, nullptr}
                                : Capture{group.data(), group.data() + group.size()};
    }
  };
  if (const std::vector<Piece>& pieces = Pieces(); !pieces.empty()) {
    size_t at = 0;
    bool all = true;
    for (const Piece& piece : pieces) {
      // The whole matches, and up to each cut in one way only, so each piece does.
      if (!piece.regex->Match(View(text), at, text.size(), RE2::ANCHOR_START, found,
                              piece.groups + 1)) {
        all = false;
        break;
      }
      keep(found, piece.first_group, piece.groups);
      at = static_cast<size_t>(found[0].data() + found[0].size() - text.data());
    }
    if (all) return true;
  }
  if (!regex_->Match(View(text), 0, text.size(), RE2::UNANCHORED, found, groups_ + 1)) return false;
  keep(found, 1, groups_);
  return true;
}

Regex::Reach Regex::HowFar(std::string_view text) const {
  Reach reach;
  if (!tree_ || tree_->kind != NodeKind::kConcat) {
    reach.expected = expression_;
    return reach;
  }
  const std::vector<Node>& parts = tree_->children;
  const auto longest = [&](size_t count, size_t* text_end) {
    // The longest stretch of text that the parts can take shows best where it stopped.
    RE2::Options options = Options();
    options.set_longest_match(true);
    const RE2 prefix(expression_.substr(0, parts[count - 1].end), options);
    re2::StringPiece whole;
    if (!prefix.ok() || !prefix.Match(View(text), 0, text.size(), RE2::UNANCHORED, &whole, 1)) {
      return false;
    }
    *text_end = static_cast<size_t>(whole.data() + whole.size() - text.data());
    return true;
  };
  // A prefix that matches stays matching when it is cut: the border can be found by halving.
  size_t low = 0;
  size_t high = parts.size();
  while (low < high) {
    const size_t middle = (low + high + 1) / 2;
    size_t text_end = 0;
    if (longest(middle, &text_end)) {
      low = middle;
      reach.text_end = text_end;
    } else {
      high = middle - 1;
    }
  }
  if (low > 0) reach.expression_end = parts[low - 1].end;
  if (low < parts.size()) {
    reach.expected = expression_.substr(parts[low].begin, parts[low].end - parts[low].begin);
  }
  return reach;
}

WholeMatch::~WholeMatch() = default;

Result<std::unique_ptr<WholeMatch>> WholeMatch::Compile(const std::string& expression,
                                                        const std::string& where) {
  std::unique_ptr<WholeMatch> match(new WholeMatch());
  match->regex_ = std::make_unique<RE2>(expression, Options());
  if (!match->regex_->ok()) return CompileError(expression, *match->regex_, where);
  return match;
}

bool WholeMatch::Matches(std::string_view text) const {
  return RE2::FullMatch(View(text), *regex_);
}

Search::~Search() = default;

Result<std::unique_ptr<Search>> Search::Compile(const std::string& expression,
                                                const std::string& where) {
  std::unique_ptr<Search> search(new Search());
  search->regex_ = std::make_unique<RE2>(TakeOverNames(expression), Options());
  if (!search->regex_->ok()) return CompileError(expression, *search->regex_, where);
  return search;
}

bool Search::Test(std::string_view text) const {
  return regex_->Match(View(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Search::Next(std::string_view text, size_t from, size_t* begin, size_t* end,
                  size_t* next) const {
  re2::StringPiece found[2];
  const int groups = regex_->NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!regex_->Match(View(text), from, text.size(), RE2::UNANCHORED, found, groups)) return false;
  const re2::StringPiece& part = groups > 1 && found[1].data() != nullptr ? found[1] : found[0];
  *begin = static_cast<size_t>(part.data() - text.data());
  *end = *begin + part.size();
  *next = static_cast<size_t>(found[0].data() - text.data()) + std::max<size_t>(found[0].size(), 1);
  return true;
}

}  // namespace parshall::records
