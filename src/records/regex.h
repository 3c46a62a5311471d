#pragma once
// A rule's expression on RE2, in Latin-1 mode: a byte is a byte, so a line with invalid UTF-8 still
// matches. RE2 is the judge of what a rule matches; plans only answer faster. This is the only
// place that knows RE2.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/plan.h"
#include "records/regex_tree.h"

namespace re2 {
class RE2;
}

namespace parshall::records {

// Immutable after Compile. Any thread.
class Regex {
 public:
  // `expression` as the operator wrote it; (?<name>…) is taken as (?P<name>…). Fails with what RE2
  // cannot do and at which byte of the expression; a group name used twice is an error too (RE2
  // would accept it). `where` goes into the error.
  static Result<std::unique_ptr<Regex>> Compile(const std::string& expression,
                                                const std::string& where);
  ~Regex();

  const std::string& expression() const { return expression_; }
  int groups() const { return groups_; }
  // By group number; [0] is empty, and so are groups without a name.
  const std::vector<std::string>& group_names() const { return group_names_; }

  // Does it match anywhere in the text? Costs a DFA run, no captures.
  bool Test(std::string_view text) const;
  // Test, then the captures 1…groups.
  bool Match(std::string_view text, Capture* captures) const;

  // The tree, unless it has a construct that trees do not know.
  const std::optional<Node>& tree() const { return tree_; }
  const UnsupportedConstruct& unsupported() const { return unsupported_; }
  // In how many one-pass pieces captures are taken (1: in one go).
  size_t pieces() const { return Pieces().empty() ? 1 : Pieces().size(); }

  // How far a text that does not match gets: the longest run of the expression's leading parts that
  // still matches, where in the text it ends, and the part that was expected there.
  struct Reach {
    size_t expression_end = 0;  // bytes of the expression that matched
    size_t text_end = 0;        // bytes of the text that they took
    std::string expected;       // the next part of the expression
  };
  Reach HowFar(std::string_view text) const;

 private:
  struct Piece {
    std::unique_ptr<re2::RE2> regex;
    int first_group = 1;
    int groups = 0;
  };

  Regex() = default;
  const std::vector<Piece>& Pieces() const;
  std::vector<Piece> CutIntoPieces() const;

  std::string expression_;
  int groups_ = 0;
  std::vector<std::string> group_names_;
  std::unique_ptr<re2::RE2> regex_;
  // Cut when a line asks for them first: most rules run as plans.
  mutable std::once_flag cut_;
  mutable std::vector<Piece> pieces_;
  std::optional<Node> tree_;
  UnsupportedConstruct unsupported_;
};

// A check without captures of a whole text against an expression, for labels' `match:`.
class WholeMatch {
 public:
  static Result<std::unique_ptr<WholeMatch>> Compile(const std::string& expression,
                                                     const std::string& where);
  ~WholeMatch();
  bool Matches(std::string_view text) const;

 private:
  WholeMatch() = default;
  std::unique_ptr<re2::RE2> regex_;
};

// Finds an expression in a text, match by match, for redaction and tests of transforms. Immutable;
// any thread.
class Search {
 public:
  static Result<std::unique_ptr<Search>> Compile(const std::string& expression,
                                                 const std::string& where);
  ~Search();
  bool Test(std::string_view text) const;
  // The first match at or behind `from`: the extent of its first group, or of the whole if it has
  // none or that took no part; *next is where to go on. False: there is no more.
  bool Next(std::string_view text, size_t from, size_t* begin, size_t* end, size_t* next) const;

 private:
  Search() = default;
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace parshall::records
