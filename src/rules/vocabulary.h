#pragma once
// What the readers understand: for each mapping of a file the keys that a reader asked for, and the
// words that each key may have. Readers are the only source of truth; the schema for editors is
// held against this (tests/rules/schema_test.cc).

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/where.h"

namespace parshall::rules {

// One thread. Words are literals of the readers.
struct Vocabulary {
  struct Mapping {
    Where where;  // where the mapping begins
    std::vector<std::string> keys;
    std::map<std::string, std::vector<std::string_view>> words;  // by key
  };
  std::vector<Mapping> mappings;
};

}  // namespace parshall::rules
