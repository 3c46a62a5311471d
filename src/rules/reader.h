#pragma once
// Rule files: from YAML text to a RuleSet, strictly. Every fault of every file is found and placed,
// not only the first. Expressions stay text here; records/compile builds and judges them.
// docs/RULES.md is the reference of the language.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"
#include "rules/vocabulary.h"
#include "rules/yaml_tree.h"

namespace parshall::rules {

// The text of one rule file and the name it has in faults. Rules that stand inside of a
// configuration file have been read as YAML already: then `tree` holds them and `text` is empty.
struct RuleFile {
  std::string name;
  std::string text;
  std::optional<YamlNode> tree = std::nullopt;
};

struct ReadOutcome {
  RuleSet rules;
  std::vector<Error> faults;  // by file and place; with any, `rules` holds only what could be read
};

// So much may stand in all files together, and in one rule. An `extends:` copies fields, hence the
// bounds.
inline constexpr size_t kRulesMax = 1000;
inline constexpr size_t kMetricsMax = 1000;
inline constexpr size_t kFieldsMax = 256;
inline constexpr size_t kLabelsMax = 32;
inline constexpr size_t kBucketsMax = 256;
inline constexpr size_t kPatternBytesMax = size_t{32} << 10;

// Reads the files as one set: rules are tried in their order, names hold across files.
// Metrics of one name get their labels in the same order.
// `vocabulary`, if given, is told what could stand in these files.
ReadOutcome ReadRules(const std::vector<RuleFile>& files, Vocabulary* vocabulary = nullptr);

// Loads a file, or every *.yaml, *.yml and *.json of a folder in the order of their names (hidden
// files, *.schema.json and sub-folders are left out). What cannot be used at all is an error with the path as its
// place.
Result<std::vector<RuleFile>> LoadRuleFiles(const std::string& path);

// The text of one file of at most kYamlBytesMax bytes: a rule file or the configuration.
Result<std::string> LoadText(const std::string& path);

}  // namespace parshall::rules
