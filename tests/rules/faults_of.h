#pragma once
// What ReadRules says about files, as text: one line for each fault.

#include <string>
#include <vector>

#include "rules/reader.h"

namespace parshall::rules {

inline std::string FaultsOf(const std::vector<RuleFile>& files) {
  std::string all;
  for (const Error& error : ReadRules(files).faults) all += error.ToString() + "\n";
  return all;
}

// The faults of one file that is called r.yaml.
inline std::string FaultsOf(const std::string& text) {
  return FaultsOf(std::vector{RuleFile{"r.yaml", text}});
}

}  // namespace parshall::rules
