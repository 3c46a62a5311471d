// parshall formats: the built-in formats, each with a sample line.

#include <cstdio>

#include "app/commands.h"
#include "app/load_rules.h"
#include "records/log_format.h"

namespace parshall::app {

int FormatsCommand(const Options& options) {
  static_cast<void>(options);
  std::string file;
  for (const FormatRow& row : Formats()) {
    if (row.file != file) {
      file = row.file;
      const size_t folder = file.rfind('/') + 1;  // 0 without one
      const std::string name = file.substr(folder, file.rfind('.') - folder);
      const std::string also = row.also.empty() ? "" : ", and " + row.also;
      std::printf("--format %s (all of rules/%s%s)\n", name.c_str(), file.c_str(), also.c_str());
    }
    std::string also;
    for (const std::string& known : row.names) also += (also.empty() ? " (or " : ", ") + known;
    if (!also.empty()) also += ")";
    std::printf("  --format %s%s\n", row.name.c_str(), also.c_str());
    const std::string sample = row.sample.substr(0, row.sample.find('\n'));
    if (!sample.empty()) std::printf("    %s\n", sample.c_str());
  }
  std::printf("--format SERVER:FORMAT (the server's own format string, tried before the rest)\n");
  for (const records::LogFormatServer& server : records::LogFormatServers()) {
    std::printf("  --format '%.*s:%.*s'\n", static_cast<int>(server.name.size()),
                server.name.data(), static_cast<int>(server.sample.size()), server.sample.data());
  }
  return kExitDone;
}

}  // namespace parshall::app
