#pragma once
// The record of an example, from YAML nodes to the JSON text that records are compared with.

#include <string>

#include "rules/yaml_tree.h"

namespace parshall::rules {

// Plain scalars that are JSON's numbers, true, false or null stay what they are (numbers digit for
// digit); quoted ones and all others become strings. Keys keep their order.
std::string ToJson(const YamlNode& node);

}  // namespace parshall::rules
