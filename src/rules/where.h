#pragma once
// A place in a rule file.

#include <string>

namespace parshall::rules {

// line and column count from 1; line 0 means the file as a whole.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;

  std::string ToString() const {
    if (line == 0) return file;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
};

}  // namespace parshall::rules
