// parshall generate: a Grafana dashboard or a Prometheus rule file for the active rules, on stdout.

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "app/commands.h"
#include "app/load_rules.h"
#include "base/quoted.h"
#include "monitoring/products.h"

namespace parshall::app {
namespace {

struct Product {
  std::string_view name;
  std::string (*text)(const monitoring::Subject&);
};
constexpr std::array kProducts = {Product{"dashboard", monitoring::DashboardJson},
                                  Product{"alerts", monitoring::AlertRules},
                                  Product{"recording", monitoring::RecordingRules}};

int Wrong(const Error& fault) {
  PrintFaults({fault});
  return kExitWrong;
}

monitoring::Wishes WishesOf(const Options& options) {
  monitoring::Wishes wishes;
  wishes.job = options.job;
  wishes.datasource = options.datasource;
  wishes.availability_percent = options.slo_availability_percent;
  wishes.latency_seconds = options.slo_latency_seconds;
  wishes.latency_percent = options.slo_latency_percent;
  wishes.where = [&options](std::string_view flag) { return options.Where(flag); };
  return wishes;
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
  if (options.datasource && product->text != monitoring::DashboardJson) {
    return Wrong(Fail("only a dashboard has a data source", options.Where("datasource")));
  }
  const ActiveRules active = LoadRules(options, config);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  const Result<monitoring::Subject> subject =
      monitoring::MakeSubject(WishesOf(options), active.store->layout());
  if (!subject.ok()) return Wrong(subject.error());
  const std::string text = product->text(*subject);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    PrintFaults({Fail("it cannot be written", "standard output")});
    return kExitFailed;
  }
  return kExitDone;
}

}  // namespace parshall::app
