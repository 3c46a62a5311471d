#pragma once
// A rule's expression as a tree, for the plan compiler and for `explain`.
// RE2 stays the judge of what an expression is and matches; this parser reads the part of RE2's
// syntax that plans are made of (https://github.com/google/re2/wiki/Syntax, Latin-1 mode, no flags)
// and says no to the rest.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "records/byte_set.h"

namespace parshall::records {

enum class NodeKind : uint8_t {
  kEmpty,
  kByte,       // one byte of `set`
  kConcat,     // all `children`, in order
  kAlternate,  // one of `children`, the first that lets the whole match
  kRepeat,     // `children[0]`, `min` to `max` times (max -1: no bound)
  kCapture,    // `children[0]`, remembered as group number `group` (from 1)
  kBegin,      // ^ or \A
  kEnd,        // $ or \z
};

// begin and end are offsets into the expression.
struct Node {
  NodeKind kind = NodeKind::kEmpty;
  ByteSet set{};
  int min = 0;
  int max = 0;
  bool greedy = true;
  int group = 0;
  size_t begin = 0;
  size_t end = 0;
  std::vector<Node> children{};
};

// A construct that the tree has no node for ("\\b", "(?i)", "\\pL"): the rule runs on RE2.
struct UnsupportedConstruct {
  std::string what;
  size_t offset = 0;
};

// Parses an expression that RE2 has accepted. Fills `unsupported` and returns nothing when it is
// outside the part above.
std::optional<Node> ParseRegexTree(std::string_view expression, UnsupportedConstruct* unsupported);

bool HasCapture(const Node& node);

}  // namespace parshall::records
