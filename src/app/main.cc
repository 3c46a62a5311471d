// The program: flags are read, the command is run. Exits live here.

#include <fcntl.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/completion.h"
#include "app/man_page.h"
#include "app/options.h"
#include "app/settings.h"
#include "app/version.h"
#include "base/quoted.h"

namespace parshall::app {
namespace {

// A standard stream that came closed gives its number to the next file that is opened, and records
// would end up there. So it is kept by something that refuses to be read, or written.
void KeepStandardStreams() {
  for (const int fd : {0, 1, 2}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    static_cast<void>(
        ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY));  // the lowest free number
  }
}

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
  if (options.print_man || !options.print_completion.empty()) {
    const std::string text =
        options.print_man ? ManPage() : CompletionScript(options.print_completion);
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                   std::fflush(stdout) == 0
               ? kExitDone
               : kExitFailed;
  }
  if (options.version) {
    const std::string commit = *kCommit == '\0' ? "" : std::string("commit ") + kCommit + ", ";
    std::printf("parshall %s (%s%s)\n", kVersion, commit.c_str(), kCompiler);
    return kExitDone;
  }
  const ConfigResult loaded = LoadConfig(options);
  if (!loaded.faults.empty()) {
    PrintFaults(loaded.faults);
    return kExitWrong;
  }
  if (options.command == "check") return CheckCommand(options, loaded.config);
  if (options.command == "explain") return ExplainCommand(options, loaded.config);
  if (options.command == "verify") return VerifyCommand(options, loaded.config);
  if (options.command == "healthcheck") return HealthcheckCommand(options, loaded.config);
  if (options.command == "generate") return GenerateCommand(options, loaded.config);
  if (options.command == "formats") return FormatsCommand(options);
  return RunCommand(options, loaded.config);
}

}  // namespace

int Start(int argc, char** argv) {
  KeepStandardStreams();
  return Main(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}

}  // namespace parshall::app

int main(int argc, char** argv) { return parshall::app::Start(argc, argv); }
