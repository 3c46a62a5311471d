#include "app/check_sets.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "app/builtin_rules.h"
#include "rules/reader.h"

namespace parshall::app {
namespace {

// "rules/compat/nginxlog.yaml" → "nginxlog".
std::string_view Stem(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  return path.substr(0, path.rfind('.'));
}

// What `extends:` names need not be there: names are all that counts here.
std::vector<std::string> RuleNames(std::string name, std::string_view text) {
  const rules::ReadOutcome read =
      rules::ReadRules({{.name = std::move(name), .text = std::string(text)}});
  std::vector<std::string> names;
  for (const rules::RuleSpec& rule : read.rules.rules) names.push_back(rule.name);
  return names;
}

bool IsPack(const rules::RuleFile& file) {
  for (const BuiltinFile& pack : RulePacks()) {
    if (Stem(pack.name) != Stem(file.name)) continue;
    const std::vector<std::string> known = RuleNames(std::string(pack.name), pack.text);
    for (const std::string& name : RuleNames(file.name, file.text)) {
      if (std::find(known.begin(), known.end(), name) != known.end()) return true;
    }
  }
  return false;
}

}  // namespace

bool NeedsSets(const std::vector<std::string>& paths) {
  bool folder = false;
  for (const std::string& path : paths) {
    std::error_code unknown;  // what is not there is said when it is read
    const auto status = std::filesystem::status(path, unknown);
    folder = folder || std::filesystem::is_directory(status);
    if (std::filesystem::exists(status) && !std::filesystem::is_directory(status) &&
        !std::filesystem::is_regular_file(status)) {
      return false;
    }
  }
  return folder || paths.size() > 1;
}

std::vector<std::vector<std::string>> CheckSets(const std::vector<std::string>& paths,
                                                std::vector<Error>* faults) {
  std::vector<std::string> together;
  std::vector<std::vector<std::string>> sets;
  for (const std::string& path : paths) {
    const Result<std::vector<rules::RuleFile>> files = rules::LoadRuleFiles(path);
    if (!files.ok()) {
      faults->push_back(files.error());
      continue;
    }
    for (const rules::RuleFile& file : *files) {
      if (IsPack(file)) {
        sets.push_back({file.name});
      } else {
        together.push_back(file.name);
      }
    }
  }
  if (!together.empty()) sets.insert(sets.begin(), std::move(together));
  return sets;
}

}  // namespace parshall::app
