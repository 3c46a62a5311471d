#pragma once
// The fields that a rule can give, as far as they can be known without running it: for the warnings
// of `check`.

#include <string>
#include <unordered_set>

#include "rules/rule.h"

namespace parshall::rules {

// One thread. Points to its rule, which outlives it. A rule that reads JSON events or logfmt can
// give any field: it is `open`.
struct Supply {
  const RuleSpec* rule = nullptr;
  bool open = false;
  std::unordered_set<std::string> groups;  // named in the pattern
  std::unordered_set<std::string> logged;  // fields before the first transform
  std::unordered_set<std::string> fields;  // as the record and the metrics know them
  std::unordered_set<std::string> gone;    // renamed or removed by its transforms
  std::unordered_set<std::string> free;    // texts that can be anything

  bool Has(const std::string& field) const {
    return fields.contains(field) || (open && !gone.contains(field));
  }
  // Whether the field holds what clients or people wrote, of any length.
  bool IsFreeText(const std::string& field) const;

  void Give(const std::string& field, bool free_text) {
    fields.insert(field);
    gone.erase(field);
    if (free_text) {
      free.insert(field);
    } else {
      free.erase(field);
    }
  }
  void Take(const std::string& field) {
    fields.erase(field);
    free.erase(field);
    gone.insert(field);
  }
};

Supply SupplyOf(const RuleSpec& rule);

}  // namespace parshall::rules
