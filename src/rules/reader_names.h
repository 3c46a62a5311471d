#pragma once
// The names of fields in a transform: one, a list of them, a mapping of one to another.

#include <string>
#include <string_view>
#include <vector>

#include "rules/section.h"
#include "rules/transform.h"

namespace parshall::rules {

// False, with a fault, for what is no field's name, and for @timestamp, which no transform may
// touch.
bool GoodName(Section* section, const std::string& name, const Where& where, Faults* faults);

// A mapping `from: to`, for rename, add and params, whose key is there. `expand`: its values are
// texts (add), in which
// ${NAME} stands for the environment; otherwise they are names.
void ReadPairs(Section* step, std::string_view key, bool expand, std::vector<NamedText>* pairs,
               Faults* faults);

// One name or a list of them, each with its place. Nothing when the key is not there.
void ReadNames(Section* step, std::string_view key, std::vector<NamedText>* names, Faults* faults);

}  // namespace parshall::rules
