// The rows about parshall itself: what became of the lines, how far it is behind, what rules and
// series cost, the process. docs/METRICS.md has the series.

#include <fmt/format.h>

#include "monitoring/dashboard.h"
#include "monitoring/products.h"
#include "monitoring/promql.h"

namespace parshall::monitoring {
namespace {

// sum by (by) (rate(name{variables, also}[…]))
std::string RateBy(std::string_view name, std::string_view by, std::string_view also = "") {
  const std::string rate =
      fmt::format("rate({}[{}])", Selector(name, JoinMatchers(kVariables, also)), kRateWindow);
  return by.empty() ? fmt::format("sum({})", rate) : fmt::format("sum by ({}) ({})", by, rate);
}

std::string Now(std::string_view name) { return Selector(name, kVariables); }

// A counter that only some runs have is 0 elsewhere.
PanelQuery OrNothing(std::string expression, std::string legend) {
  return {std::move(expression) + " or vector(0)", std::move(legend)};
}

void AddLines(PanelGrid* grid) {
  grid->Row("Lines");
  grid->Add(Stacked({"Lines by outcome",
                     "What became of the lines that were read; every line has one outcome.",
                     "cps",
                     {{RateBy("parshall_lines_total", "outcome"), "{{outcome}}"}}}),
            12);
  grid->Add(
      TimeSeries({"Lines not understood",
                  "Share of the lines of a source that match no rule, or have a value that is not "
                  "of its type. `parshall explain --unmatched` shows which.",
                  "percentunit",
                  {{fmt::format("topk(20, {} / ({} > 0))",
                                RateBy("parshall_lines_total", "instance, source",
                                       "outcome=~\"unmatched|rejected\""),
                                RateBy("parshall_lines_read_total", "instance, source")),
                    "{{source}} {{instance}}"}}}),
      12);
  grid->Add(
      TimeSeries({"Cut, lost and dropped",
                  "Per second: lines that were too long, bytes that were gone before they could be "
                  "read, records that could not be written. All of them shall be 0.",
                  "cps",
                  {{RateBy("parshall_lines_total", "", "outcome=\"oversized\""), "lines cut"},
                   OrNothing(RateBy("parshall_source_lost_bytes_total", ""), "bytes lost"),
                   {RateBy("parshall_output_dropped_records_total", ""), "records dropped"}}}),
      12);
  grid->Add(TimeSeries({"Bytes",
                        "Bytes of logs read, and of records written, per second.",
                        "Bps",
                        {{RateBy("parshall_bytes_read_total", ""), "read"},
                         {RateBy("parshall_output_bytes_total", ""), "written"}}}),
            12);
}

void AddSources(PanelGrid* grid) {
  grid->Row("Sources");
  const std::string legend = "{{source}} {{instance}}";
  grid->Add(
      TimeSeries({"Lag",
                  "How old the oldest unread byte of a followed source is; 0 when all is read.",
                  "s",
                  {{fmt::format("topk(20, {})", Now("parshall_source_lag_seconds")), legend}}}),
      8);
  grid->Add(TimeSeries({"Unread",
                        "Bytes of followed sources that were not read yet.",
                        "bytes",
                        {{fmt::format("topk(20, {})", Now("parshall_source_lag_bytes")), legend}}}),
            8);
  grid->Add(
      TimeSeries({"Files",
                  "Files that are followed, and how often per second a source went on with another "
                  "file or lost what had been read of one.",
                  "short",
                  {{fmt::format("sum({})", Now("parshall_files_watched")), "watched"},
                   OrNothing(RateBy("parshall_source_rotations_total", ""), "rotations"),
                   OrNothing(RateBy("parshall_source_truncations_total", ""), "truncations")}}),
      8);
}

void AddRules(PanelGrid* grid) {
  grid->Row("Rules and series");
  grid->Add(
      TimeSeries({"Matches by rule",
                  "Lines per second that each rule matched.",
                  "cps",
                  {{fmt::format("topk(20, {})", RateBy("parshall_rule_matches_total", "rule")),
                    "{{rule}}"}}}),
      8);
  grid->Add(
      TimeSeries({"Time by rule",
                  "Share of one core that each rule takes, estimated from a sample of the lines.",
                  "percentunit",
                  {{fmt::format("topk(20, {})", RateBy("parshall_rule_seconds_total", "rule")),
                    "{{rule}}"}}}),
      8);
  grid->Add(
      TimeSeries({"Lines that need RE2",
                  "Share of the lines that no plan could decide; they take dozens of times longer.",
                  "percentunit",
                  {{fmt::format("{} / ({} > 0)", RateBy("parshall_regex_lines_total", ""),
                                RateBy("parshall_lines_read_total", "")),
                    "by expression"}}}),
      8);
  grid->Add(
      TimeSeries({"Series",
                  "Series of each metric.",
                  "short",
                  {{fmt::format("topk(20, sum by (metric) ({}))", Now("parshall_metric_series")),
                    "{{metric}}"}}}),
      8);
  grid->Add(
      TimeSeries(
          {"Limits of labels",
           "Values of a label by its limit. At 100 % further values stand as __other__.",
           "percentunit",
           {{fmt::format("topk(20, max by (metric, label) ({} / {}))",
                         Now("parshall_metric_label_values"), Now("parshall_metric_label_limit")),
             "{{metric}} {{label}}"}}}),
      8);
  grid->Add(TimeSeries({"Beyond limits, refused",
                        "Records per second whose label stands as __other__, and values that a "
                        "metric refused; both shall be 0.",
                        "cps",
                        {OrNothing(RateBy("parshall_metric_overflow_total", ""), "beyond limits"),
                         OrNothing(RateBy("parshall_metric_rejected_total", ""), "refused")}}),
            8);
}

void AddProcess(PanelGrid* grid) {
  grid->Row("parshall");
  grid->Add(
      Stat({"Up", "Instances that answer.", "short", {{fmt::format("sum({})", Now("up")), ""}}}), 4,
      5);
  grid->Add(Stat({"Reload failed",
                  "Instances whose last reload failed: they run with an old configuration.",
                  "short",
                  {{fmt::format("count({} == 0) or vector(0)",
                                Now("parshall_config_last_reload_successful")),
                    ""}}},
                 {{1, "red"}}),
            4, 5);
  grid->Add(Stat({"Waiting for the output",
                  "Instances that stand still because records cannot be written.",
                  "short",
                  {{fmt::format("sum({})", Now("parshall_output_paused")), ""}}},
                 {{1, "red"}}),
            4, 5);
  grid->Add(
      TimeSeries({"State",
                  "Snapshots per second that were committed, and that could not be; only with "
                  "--state.",
                  "cps",
                  {OrNothing(RateBy("parshall_state_commits_total", ""), "committed"),
                   OrNothing(RateBy("parshall_state_write_errors_total", ""), "failed")}}),
      6, 5);
  grid->Add(
      Table({"Versions",
             "Which version runs where.",
             "short",
             {{fmt::format("max by (instance, version) ({})", Now("parshall_build_info")), ""}}}),
      6, 5);
  grid->Add(TimeSeries({"CPU",
                        "Share of one core.",
                        "percentunit",
                        {{RateBy("process_cpu_seconds_total", "instance"), "{{instance}}"}}}),
            8);
  grid->Add(TimeSeries({"Memory",
                        "Resident memory.",
                        "bytes",
                        {{Now("process_resident_memory_bytes"), "{{instance}}"}}}),
            8);
  grid->Add(TimeSeries({"File descriptors",
                        "Share of those that may be open.",
                        "percentunit",
                        {{fmt::format("{} / {}", Now("process_open_fds"), Now("process_max_fds")),
                          "{{instance}}"}}}),
            8);
}

}  // namespace

void AddProgramRows(PanelGrid* grid) {
  AddLines(grid);
  AddSources(grid);
  AddRules(grid);
  AddProcess(grid);
}

}  // namespace parshall::monitoring
