#pragma once
// The configuration file: from YAML text to a Config, as strictly as rule files are read.

#include <string>
#include <vector>

#include "base/result.h"
#include "rules/config.h"
#include "rules/environment.h"
#include "rules/vocabulary.h"

namespace parshall::rules {

struct ConfigOutcome {
  Config config;
  std::vector<Error> faults;  // by place; with any, `config` holds only what could be read
};

// ${NAME} is expanded in every value except in rules and metrics that stand in the file: there a $
// belongs to the expressions. Inline rules and metrics are handed on as RuleFiles and judged by
// ReadRules. `vocabulary`, if given, is told what could stand in the file.
ConfigOutcome ReadConfig(const std::string& name, const std::string& text,
                         const EnvironmentLookup& environment, Vocabulary* vocabulary = nullptr);

}  // namespace parshall::rules
