#pragma once
// ${NAME} in the values of a configuration file.

#include <functional>
#include <optional>
#include <string>

#include "rules/faults.h"
#include "rules/yaml_tree.h"

namespace parshall::rules {

// The value of an environment variable, if it is set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;

// Replaces ${NAME}, ${NAME:-default} (the default also stands for an empty value) and $$ (a single
// $) in the scalar values below `node`; keys stay. A lone $ stays. What was plain stays plain:
// ${PORT} can become a number. A variable that is not set and has no default is a fault.
void ExpandEnvironment(const std::string& file, const EnvironmentLookup& environment,
                       YamlNode* node, Faults* faults);

}  // namespace parshall::rules
