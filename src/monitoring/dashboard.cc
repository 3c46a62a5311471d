// parshall generate dashboard: variables, rows in the order in which somebody asks (what do users
// see, what was promised, what else do the rules count, how is parshall itself), and the frame.

#include "monitoring/dashboard.h"

#include <fmt/format.h>

#include "base/crc32c.h"
#include "monitoring/products.h"
#include "monitoring/promql.h"

namespace parshall::monitoring {
namespace {

constexpr int kSchemaVersion = 39;  // Grafana 10.4; later ones read it and bring it up to date

Json Variable(const char* name, const char* label, const std::string& query, bool all) {
  return {{"name", name},
          {"label", label},
          {"type", "query"},
          {"datasource", {{"type", "prometheus"}, {"uid", "${datasource}"}}},
          {"definition", query},
          {"query", {{"query", query}, {"refId", "PrometheusVariableQueryEditor-VariableQuery"}}},
          {"refresh", 2},  // when the time range changes
          {"sort", 1},
          {"multi", true},
          {"includeAll", all}};
}

Json Variables(const Subject& subject) {
  Json source = {{"name", "datasource"},  {"label", "Data source"}, {"type", "datasource"},
                 {"query", "prometheus"}, {"refresh", 1},           {"multi", false},
                 {"includeAll", false}};
  if (!subject.datasource.empty()) {
    source["current"] = {
        {"selected", true}, {"text", subject.datasource}, {"value", subject.datasource}};
  }
  Json job = Variable("job", "Job", "label_values(parshall_build_info, job)", false);
  job["current"] = {{"selected", true},
                    {"text", Json::array({subject.job})},
                    {"value", Json::array({subject.job})}};
  Json instance = Variable("instance", "Instance",
                           "label_values(parshall_build_info{job=~\"$job\"}, instance)", true);
  instance["allValue"] = ".+";
  instance["current"] = {
      {"selected", true}, {"text", Json::array({"All"})}, {"value", Json::array({"$__all"})}};
  return Json::array({source, job, instance});
}

void AddRequests(const Subject& subject, PanelGrid* grid) {
  const metrics::Family& family = *subject.requests;
  const FamilyQuery query(family, kVariables);
  const std::string& status = subject.status_label;
  const std::string all = query.CountRate(kRateWindow, "");
  const std::string bad = query.CountRate(kRateWindow, "", fmt::format("{}=~\"5..\"", status));
  const double budget = subject.availability->budget_number;
  grid->Row("Requests");
  grid->Add(Stat({"Requests", "Requests per second now.", "reqps", {{all, ""}}}), 6, 4);
  grid->Add(Stat({"Error share",
                  "Share of requests with a 5xx status. Red: beyond the objective, " +
                      subject.availability->sentence + ".",
                  "percentunit",
                  {{fmt::format("({} or 0 * {}) / ({} > 0)", bad, all, all), ""}}},
                 {{budget, "red"}}),
            6, 4);
  if (subject.duration != nullptr) {
    const FamilyQuery durations(*subject.duration, kVariables);
    grid->Add(Stat({"99th percentile",
                    "99 of 100 requests take less.",
                    UnitOf(subject.duration->name, false),
                    {{durations.Quantile("0.99", kRateWindow, ""), ""}}}),
              6, 4);
  }
  if (subject.size != nullptr) {
    const FamilyQuery sizes(*subject.size, kVariables);
    grid->Add(Stat({"Sent",
                    "Bytes of responses per second.",
                    "Bps",
                    {{sizes.SumRate(kRateWindow, ""), ""}}}),
              6, 4);
  }
  grid->Add(Stacked({"Requests by status",
                     Describe(family, "Per second."),
                     "reqps",
                     {{query.CountRate(kRateWindow, status), "{{" + status + "}}"}}}),
            12);
  const auto of_class = [&](const char* statuses) {
    return query.CountRate(kRateWindow, "", fmt::format("{}=~\"{}\"", status, statuses)) +
           " or vector(0)";
  };
  grid->Add(TimeSeries({"Errors",
                        "4xx: the client's fault; 5xx: the server's.",
                        "reqps",
                        {{of_class("4.."), "4xx"}, {of_class("5.."), "5xx"}}}),
            12);
  for (const std::string& label : ScrapedLabels(family)) {
    if (label == status || family.relabelled) continue;
    grid->Add(TimeSeries({"Requests by " + label,
                          "The 20 busiest values of the label.",
                          "reqps",
                          {{fmt::format("topk(20, {})", query.CountRate(kRateWindow, label)),
                            "{{" + label + "}}"}}}),
              12);
  }
}

void AddDurations(const Subject& subject, PanelGrid* grid) {
  const metrics::Family& family = *subject.duration;
  const std::string unit = UnitOf(family.name, false);
  grid->Row("Durations");
  grid->Add(TimeSeries(QuantilePanel(family, "Durations",
                                     "So many of 100 requests take less; between the bounds of "
                                     "buckets it is an estimate.",
                                     unit)),
            12);
  grid->Add(Heatmap(BucketPanel(family, "Durations, all of them",
                                "Requests per second in each bucket of durations.", unit)),
            12);
}

void AddSizes(const Subject& subject, PanelGrid* grid) {
  const metrics::Family& family = *subject.size;
  const FamilyQuery query(family, kVariables);
  grid->Row("Sizes");
  grid->Add(TimeSeries(QuantilePanel(family, "Sizes",
                                     "So many of 100 responses are smaller; between the bounds of "
                                     "buckets it is an estimate.",
                                     "bytes")),
            8);
  grid->Add(Heatmap(BucketPanel(family, "Sizes, all of them",
                                "Responses per second in each bucket of sizes.", "bytes")),
            8);
  grid->Add(TimeSeries({"Bytes sent",
                        "Sum of the sizes of responses, per second.",
                        "Bps",
                        {{query.SumRate(kRateWindow, ""), "sent"}}}),
            8);
}

void AddObjective(const Objective& objective, PanelGrid* grid) {
  constexpr std::string_view kJob = "job=~\"$job\"";
  const std::string needs = " Needs the rules of `parshall generate recording`.";
  grid->Add(Stat({objective.what + ": budget left",
                  "Of 30 days. The objective: " + objective.sentence +
                      ". 100 %: nothing is spent; below 0 the objective is missed." + needs,
                  "percentunit",
                  {{Selector(RecordedBudget(objective.bad), kJob), "{{job}}"}}}),
            6);
  std::vector<PanelQuery> queries;
  for (const BurnWindow& window : kBurnWindows) {
    queries.push_back(
        {fmt::format("{} / {}", Selector(RecordedRatio(objective.bad, window.over_long), kJob),
                     objective.budget),
         fmt::format("{} (alert at {})", window.over_long, window.factor)});
  }
  grid->Add(
      TimeSeries({objective.what + ": burn rate",
                  "How many times faster than allowed the budget is spent; 1 lasts 30 days. The "
                  "objective: " +
                      objective.sentence + "." + needs,
                  "short", std::move(queries)}),
      18);
}

bool Shown(const Subject& subject, const metrics::Family& family) {
  return &family == subject.requests || &family == subject.size || &family == subject.duration;
}

// Another job is another dashboard, which may stand beside this one.
std::string UidOf(const Subject& subject) {
  if (subject.job == "parshall") return "parshall";
  return fmt::format("parshall-{:08x}", Crc32c(subject.job));
}

}  // namespace

std::string DashboardJson(const Subject& subject) {
  PanelGrid grid;
  if (subject.requests != nullptr) AddRequests(subject, &grid);
  if (subject.duration != nullptr) AddDurations(subject, &grid);
  if (subject.size != nullptr) AddSizes(subject, &grid);
  if (subject.availability || subject.latency) grid.Row("Objectives");
  if (subject.availability) AddObjective(*subject.availability, &grid);
  if (subject.latency) AddObjective(*subject.latency, &grid);
  bool first = true;
  for (const metrics::Family& family : subject.layout->families) {
    if (Shown(subject, family)) continue;
    if (first) grid.Row("Other metrics of the rules");
    first = false;
    AddFamilyPanels(family, &grid);
  }
  AddProgramRows(&grid);
  const bool usual = subject.job == "parshall";
  Json dashboard = {
      {"uid", UidOf(subject)},
      {"title", usual ? "parshall" : "parshall: " + subject.job},
      {"description", "Written by `parshall generate dashboard` from the active rules."},
      {"tags", {"parshall", "logs"}},
      {"schemaVersion", kSchemaVersion},
      {"version", 1},
      {"editable", true},
      {"graphTooltip", 1},  // one cross hair for all panels
      {"refresh", "30s"},
      {"time", {{"from", "now-1h"}, {"to", "now"}}},
      {"timezone", "browser"},
      {"templating", {{"list", Variables(subject)}}},
      {"annotations", {{"list", Json::array()}}},
      {"links", Json::array()},
      {"panels", grid.Take()}};
  // What a rule file says need not be UTF-8 to the last byte.
  return dashboard.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace parshall::monitoring
