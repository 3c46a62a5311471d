#pragma once
// Troubles that are not the end: sentences gathered on the way for whoever writes the log.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace parshall::bytes {

// One thread. Holds at most kNoticesMax sentences until they are taken, then counts.
class Notices {
 public:
  static constexpr size_t kNoticesMax = 100;

  void Add(std::string sentence) {
    if (sentences_.size() < kNoticesMax) {
      sentences_.push_back(std::move(sentence));
    } else {
      ++left_out_;
    }
  }

  std::vector<std::string> Take() {
    if (left_out_ > 0) sentences_.push_back("and " + std::to_string(left_out_) + " more notices");
    left_out_ = 0;
    return std::exchange(sentences_, {});
  }

 private:
  std::vector<std::string> sentences_;
  size_t left_out_ = 0;
};

}  // namespace parshall::bytes
