#pragma once
// The commands: each returns the exit code of the program. 0 done; 1 something failed at run time;
// 2 wrong flags, configuration or rules, and nothing was read or written.

#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "rules/config.h"

namespace parshall::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrong = 2;

int RunCommand(const Options& options, const rules::Config& config);
int CheckCommand(const Options& options, const rules::Config& config);
int ExplainCommand(const Options& options, const rules::Config& config);
int VerifyCommand(const Options& options, const rules::Config& config);
int HealthcheckCommand(const Options& options, const rules::Config& config);
int GenerateCommand(const Options& options, const rules::Config& config);
int FormatsCommand(const Options& options);

// One line each to stderr: "rules/nginx.yaml:14:7: …".
void PrintFaults(const std::vector<Error>& faults);

}  // namespace parshall::app
