#pragma once
// Which values a label without bounds is full of: the frequent ones among those that stand as
// `__other__`, in bounded memory.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parshall::metrics {

// Metwally's Space-Saving: knows every value that had more than 1/kKept of the weight, with a count
// that is too low by at most that much. One thread.
class Offenders {
 public:
  static constexpr size_t kKept = 64;
  static constexpr size_t kTextBytesMax = 64;  // longer values are told apart by so much of them

  struct Value {
    std::string text;  // valid UTF-8
    uint64_t count = 0;
    uint64_t error = 0;  // so much of the count may be of others
    uint64_t sure() const { return count - error; }
  };

  void Add(std::string_view raw);
  void Merge(const Offenders& other);

  uint64_t total() const { return total_; }
  // Values that surely had at least `share` of all, the most frequent first; at most `most`.
  std::vector<Value> Top(double share, size_t most) const;

 private:
  void Put(std::string_view text, uint64_t count, uint64_t error);

  std::vector<Value> values_;
  uint64_t total_ = 0;
};

}  // namespace parshall::metrics
