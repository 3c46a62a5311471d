#pragma once
// Which rules a line cannot match, found out for all of them at once.
//
// Most expressions have a text that every match must have in it (" code=02 "). Of each rule the
// three bytes of it that tell most are looked for, all rules' in one pass over the line: a set of
// three bytes is one of eight buckets, and what is asked is which buckets occur. A rule whose
// bucket does not occur need not be tried; one whose bucket does may still not match. The way is
// Teddy's (Hyperscan, https://github.com/intel/hyperscan, doc/dev-reference; "teddy" in its
// source), without the places.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "records/regex_tree.h"

namespace parshall::records {

// By nibble: the buckets that have a byte with it at that place.
struct FilterTables {
  static constexpr size_t kBytes = 3;
  struct Place {
    alignas(16) std::array<uint8_t, 16> low{};
    alignas(16) std::array<uint8_t, 16> high{};
  };
  std::array<Place, kBytes> places{};
};

// Immutable after Build(). Any thread. Knows rules by their index, 0 to 63.
class RuleFilter {
 public:
  // The texts that each match of this rule has in it. Of none that is of use: the rule always
  // stays.
  void Add(size_t rule, std::vector<std::string> texts);
  void Build();

  // The rules, a bit each, that it can say something of; none where the machine has no AVX2.
  uint64_t rules() const { return rules_; }

  // Those of rules() that the line may match. kPaddingBytes behind the line must be readable.
  uint64_t Candidates(std::string_view line) const;

 private:
  struct Needed {
    size_t rule = 0;
    std::vector<std::string> texts;
  };
  std::vector<Needed> needed_;
  FilterTables tables_;
  std::array<uint64_t, 8> bucket_rules_{};
  uint64_t rules_ = 0;
};

// The texts, three bytes and longer, that stand in each text that the expression matches.
std::vector<std::string> NeededTexts(const Node& tree);

// The buckets that occur, a bit each. Only where HasAvx2(); rule_filter_avx2.cc.
uint8_t FindBucketsAvx2(const FilterTables& tables, const char* begin, const char* end);

}  // namespace parshall::records
