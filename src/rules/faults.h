#pragma once
// What is wrong with the files of an operator, gathered so that all of it is shown and not only the
// first. The readers add to it and go on; the result is ordered by file and place.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"
#include "rules/vocabulary.h"

namespace parshall::rules {

// One thread. Keeps at most kFaultsMax faults a file and counts the rest: a hostile file of 1 MiB
// could hold half a million.
class Faults {
 public:
  static constexpr size_t kFaultsMax = 100;

  Faults() = default;
  // The readers also tell `vocabulary` what they understand; it outlives this.
  explicit Faults(Vocabulary* vocabulary) : vocabulary_(vocabulary) {}
  Vocabulary* vocabulary() const { return vocabulary_; }

  void Add(Where where, std::string what);
  bool empty() const { return faults_.empty(); }

  // All faults, files in the order in which they first had one, then by line and column. Empties
  // this.
  std::vector<Error> Take();

 private:
  struct Fault {
    Where where;
    std::string what;
  };
  struct FileCount {
    std::string file;
    size_t count = 0;
  };
  std::vector<Fault> faults_;
  std::vector<FileCount> files_;
  Vocabulary* vocabulary_ = nullptr;
};

// The candidate that `word` was probably meant to be, or empty: at most a third of its letters are
// wrong, swapped letters count once, or the one begins with the other.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// " (did you mean \"status\"?)", or empty when nothing is near. With few candidates and none near,
// names them all: " (known here: counter, gauge, histogram)".
std::string Hint(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace parshall::rules
