#pragma once
// Prometheus's relabel_configs on the labels of a metric. It is asked once for a new tuple of label
// values, never for a line.

#include <re2/re2.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/rule.h"

namespace parshall::metrics {

// Immutable.
class Relabeler {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;  // valid UTF-8

  // The expressions compile (RelabelFault).
  explicit Relabeler(const std::vector<rules::RelabelSpec>& steps);

  bool any() const { return !steps_.empty(); }
  // False: the sample is dropped. What Prometheus does with a target's labels holds here: an empty
  // value is no label, and labels that begin with __ are gone in the end, but for __name__, which
  // stays what it was. So are le and quantile, which tell the parts of a metric apart, and all that
  // is not a label's name. The labels come out by name.
  bool Apply(Labels* labels) const;

 private:
  struct Step {
    rules::RelabelSpec spec;
    std::unique_ptr<RE2> regex;
  };

  static bool ApplyStep(const Step& step, Labels* labels);

  std::vector<Step> steps_;
};

// What is wrong with the expression of a step; empty if nothing.
std::string RelabelFault(const rules::RelabelSpec& step);

// The last eight bytes of the text's MD5, as a number, modulo `modulus`: hashmod.
uint64_t HashMod(std::string_view text, uint64_t modulus);

}  // namespace parshall::metrics
