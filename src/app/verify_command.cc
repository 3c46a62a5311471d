// parshall verify: counts files from their beginning and compares with what a running instance or a
// state directory claims.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/compare_metrics.h"
#include "app/load_rules.h"
#include "app/settings.h"
#include "base/log.h"
#include "bytes/source_set.h"
#include "http/client.h"
#include "metrics/text_format.h"
#include "pipeline/pipeline.h"
#include "state/recover.h"
#include "state/state_dir.h"

namespace parshall::app {
namespace {

std::string TextOf(const metrics::Snapshot& snapshot) {
  std::string text;
  metrics::AppendText(snapshot, {}, &text);
  return text;
}

// The exposition that a state directory's newest snapshot stands for, under the rules of now.
Result<std::string> ClaimOfState(const std::string& directory, const Options& options,
                                 const rules::Config& config) {
  const Result<state::StateDir> dir = state::StateDir::OpenToLook(directory);
  if (!dir.ok()) return dir.error();
  const Result<state::Recovered> recovered = state::Recover(*dir);
  if (!recovered.ok()) return recovered.error();
  for (const std::string& notice : recovered->notices) {
    std::fprintf(stderr, "parshall: %s\n", notice.c_str());
  }
  if (!recovered->snapshot) return Fail("there is no snapshot here", directory);
  const ActiveRules active = LoadRules(options, config);
  for (const std::string& notice : active.store->Restore(recovered->snapshot->metrics)) {
    std::fprintf(stderr, "parshall: %s\n", notice.c_str());
  }
  return TextOf(active.store->TakeSnapshot());
}

// As people write counts: 5, 0.25, 1e+20.
std::string Number(double value) { return fmt::format("{}", value); }

}  // namespace

int VerifyCommand(const Options& options, const rules::Config& config) {
  const auto wrong = [](const Error& error) {
    PrintFaults({error});
    return kExitWrong;
  };
  if (options.paths.empty()) {
    return wrong(Fail("verify needs the files to count, oldest first; standard input is one too"));
  }
  if (options.url.has_value() == options.state.has_value()) {
    return wrong(
        Fail("verify compares with a running instance (--url) or a state directory "
             "(--state); name one of them"));
  }
  const Result<Settings> settings = MergeSettings(options, config);
  if (!settings.ok()) return wrong(settings.error());
  InitLog(settings->log_level, settings->log_format);
  ActiveRules active = LoadRules(options, config);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  std::vector<bytes::SourceSpec> files;
  for (const std::string& path : options.paths) files.push_back({.path = path, .once = true});
  Result<std::unique_ptr<bytes::SourceSet>> sources = bytes::SourceSet::Open(std::move(files));
  if (!sources.ok()) return wrong(sources.error());

  // The claim first: what is written to the files meanwhile is then missing in the claim, and not
  // in the count.
  const Result<std::string> claim =
      options.url
          ? http::Get(*options.url, "/metrics", {.ca_file = options.url_ca_file.value_or("")})
          : ClaimOfState(*options.state, options, config);
  if (!claim.ok()) {
    PrintFaults({claim.error()});
    return kExitFailed;
  }
  pipeline::Pipeline pipeline(
      std::move(*sources), active.program, active.store, nullptr,
      {.threads = settings->threads, .line_bytes_max = settings->line_bytes_max});
  pipeline.Start([] {});
  pipeline.Wait();
  const std::vector<std::string> failures = pipeline.failures();
  for (const std::string& failure : failures)
    std::fprintf(stderr, "parshall: %s\n", failure.c_str());
  if (!failures.empty()) return kExitFailed;

  const std::string counted = TextOf(pipeline.Scrape().snapshot);
  const std::vector<MetricDifference> differences = CompareMetrics(counted, *claim);
  for (const MetricDifference& difference : differences) {
    std::printf("%s: counted %s, claimed %s (%s%s)\n", difference.series.c_str(),
                Number(difference.counted).c_str(), Number(difference.claimed).c_str(),
                difference.claimed > difference.counted ? "+" : "",
                Number(difference.claimed - difference.counted).c_str());
  }
  if (differences.empty()) {
    std::printf("no difference\n");
    return kExitDone;
  }
  return kExitFailed;
}

}  // namespace parshall::app
