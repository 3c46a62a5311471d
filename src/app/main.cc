// The program: flags are read, the command is run. Exits live here.

#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/options.h"
#include "app/settings.h"
#include "app/version.h"
#include "base/quoted.h"

namespace parshall::app {

namespace {

int Main(const std::vector<std::string>& arguments) {
  const Result<Options> parsed = ParseOptions(arguments, ProcessEnvironment());
  if (!parsed.ok()) {
    PrintFaults({parsed.error()});
    return kExitWrong;
  }
  const Options& options = *parsed;
  if (options.help) {
    const std::string help = HelpText();
    std::fwrite(help.data(), 1, help.size(), stdout);
    return kExitDone;
  }
  if (options.version) {
    std::printf("parshall %s (%s)\n", kVersion, kCompiler);
    return kExitDone;
  }
  const ConfigResult loaded = LoadConfig(options);
  if (!loaded.faults.empty()) {
    PrintFaults(loaded.faults);
    return kExitWrong;
  }
  if (options.command == "check") return CheckCommand(options, loaded.config);
  if (options.command == "explain") return ExplainCommand(options, loaded.config);
  if (options.command == "formats") return FormatsCommand(options);
  return RunCommand(options, loaded.config);
}

}  // namespace
}  // namespace parshall::app

int main(int argc, char** argv) {
  return parshall::app::Main(std::vector<std::string>(argv + 1, argv + argc));
}
