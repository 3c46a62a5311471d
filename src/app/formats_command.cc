// parshall formats: the built-in formats, each with a sample line.

#include <cstdio>

#include "app/commands.h"
#include "app/load_rules.h"

namespace parshall::app {

int FormatsCommand(const Options& options) {
  static_cast<void>(options);
  std::string file;
  for (const FormatRow& row : Formats()) {
    if (row.file != file) {
      file = row.file;
      const std::string name = file.substr(0, file.rfind('.'));
      std::printf("--format %s (all of rules/%s)\n", name.c_str(), file.c_str());
    }
    std::string also;
    for (const std::string& known : row.names) also += (also.empty() ? " (or " : ", ") + known;
    if (!also.empty()) also += ")";
    std::printf("  --format %s%s\n", row.name.c_str(), also.c_str());
    const std::string sample = row.sample.substr(0, row.sample.find('\n'));
    if (!sample.empty()) std::printf("    %s\n", sample.c_str());
  }
  return kExitDone;
}

}  // namespace parshall::app
