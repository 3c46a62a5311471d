#pragma once
// Rule files of Prometheus as data, and their YAML: the same rules always make the same text.

#include <string>
#include <utility>
#include <vector>

namespace parshall::monitoring {

using Texts = std::vector<std::pair<std::string, std::string>>;

struct PrometheusRule {
  std::string record;  // the name of the new series; empty: it is an alert
  std::string alert;
  std::string expression;
  std::string hold;  // "for": how long it must be so, "5m"; empty: at once
  Texts labels;
  Texts annotations;
};

struct PrometheusGroup {
  std::string name;
  std::string interval;  // empty: Prometheus's own
  std::vector<PrometheusRule> rules;
};

// `comment` is put before it, a # before each of its lines. Groups without rules are left out.
std::string RuleFileText(const std::string& comment, const std::vector<PrometheusGroup>& groups);

}  // namespace parshall::monitoring
