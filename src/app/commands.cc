#include "app/commands.h"

#include <cstdio>

namespace parshall::app {

void PrintFaults(const std::vector<Error>& faults) {
  for (const Error& fault : faults) {
    const std::string line = "parshall: " + fault.ToString() + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace parshall::app
