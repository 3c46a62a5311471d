#pragma once
// A YAML (or JSON) text as a tree of plain nodes that know where they stood.
// yaml_tree.cc and yaml_builder are the only files that know the YAML library, and they are
// stricter: duplicate keys, merge keys, tags, several documents, unfinished quotes and control
// characters are faults, depth, size and aliases are bounded. What the keys mean is left to the
// readers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/faults.h"
#include "rules/rule.h"

namespace parshall::rules {

struct YamlMember;

enum class YamlKind : uint8_t { kNull, kScalar, kList, kMapping };

// One node. Plain data; owns its text and its children.
struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  bool plain = true;  // a scalar without quotes and not a block: true, 12 and ~ mean what they say
  std::string text;   // of a scalar
  std::vector<YamlNode> items;      // of a list
  std::vector<YamlMember> members;  // of a mapping, in their order; keys are unique
  int line = 0;                     // both from 1; columns count characters
  int column = 0;
  int text_line = 0;  // of a scalar's first character: behind the quote, in the line below `|-`
  int text_column = 0;
};

// Key and value of a mapping. A plain `null` as a key is the text "null".
struct YamlMember {
  std::string key;
  int line = 0;
  int column = 0;
  YamlNode value;
};

inline constexpr size_t kYamlBytesMax = size_t{1} << 20;
inline constexpr int kYamlDepthMax = 32;
inline constexpr size_t kYamlNodesMax = 100'000;  // with every alias written out

// Reads one document. `name` is the file's name in the faults. Returns true if a tree came of it,
// even if there were faults: the readers can then look for more. An empty text is a fault.
bool ReadYaml(const std::string& name, std::string_view text, YamlNode* root, Faults* faults);

}  // namespace parshall::rules
