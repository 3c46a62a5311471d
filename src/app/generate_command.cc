// parshall generate: a Grafana dashboard or a Prometheus rule file for the active rules, on stdout.

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "app/commands.h"
#include "app/generate.h"
#include "app/load_rules.h"
#include "base/quoted.h"

namespace parshall::app {
namespace {

struct Product {
  std::string_view name;
  std::string (*text)(const Subject&);
};
constexpr std::array kProducts = {Product{"dashboard", DashboardJson},
                                  Product{"alerts", AlertRules},
                                  Product{"recording", RecordingRules}};

int Wrong(const Error& fault) {
  PrintFaults({fault});
  return kExitWrong;
}

}  // namespace

int GenerateCommand(const Options& options, const rules::Config& config) {
  if (options.paths.empty())
    return Wrong(Fail("say what: generate dashboard, alerts or recording"));
  const Product* product = nullptr;
  for (const Product& known : kProducts) {
    if (known.name == options.paths[0]) product = &known;
  }
  if (product == nullptr) {
    return Wrong(Fail(fmt::format("{} cannot be generated; write dashboard, alerts or recording",
                                  Quoted(options.paths[0]))));
  }
  if (options.datasource && product->text != DashboardJson) {
    return Wrong(Fail("only a dashboard has a data source", options.Where("datasource")));
  }
  const ActiveRules active = LoadRules(options, config);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  const Result<Subject> subject = MakeSubject(options, active.store->layout());
  if (!subject.ok()) return Wrong(subject.error());
  const std::string text = product->text(*subject);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    PrintFaults({Fail("it cannot be written", "standard output")});
    return kExitFailed;
  }
  return kExitDone;
}

}  // namespace parshall::app
