#include "pipeline/publish.h"

#include <initializer_list>
#include <utility>

namespace parshall::pipeline {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

MetricFamily MakeFamily(const char* name, const char* help, MetricType type = MetricType::Counter) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void AddRow(MetricFamily* family, Labels labels, double value) {
  ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  if (family->type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family->metric.push_back(std::move(metric));
}

void AddRow(MetricFamily* family, Labels labels, uint64_t value) {
  AddRow(family, labels, static_cast<double>(value));
}

void SourceFamilies(const Ledger& ledger, std::vector<MetricFamily>* out) {
  MetricFamily read = MakeFamily("parshall_lines_read_total",
                                 "Lines of the source that were read and have an outcome.");
  MetricFamily lines =
      MakeFamily("parshall_lines_total", "Lines of the source by what became of them.");
  MetricFamily bytes =
      MakeFamily("parshall_bytes_read_total", "Bytes of the source that were consumed.");
  MetricFamily skipped =
      MakeFamily("parshall_bytes_skipped_total", "Bytes of over-long lines behind their cut.");
  MetricFamily twins = MakeFamily("parshall_twin_lines_total",
                                  "Lines that were the line before them once more, but for the "
                                  "fraction of a timestamp.");
  for (const Ledger::Source& source : ledger.sources) {
    AddRow(&read, {{"source", source.name}},
           source.tally.lines_framed - source.tally.lines_waiting);
    for (size_t n = 0; n < records::kOutcomes; ++n) {
      const std::string outcome(records::OutcomeName(static_cast<records::Outcome>(n)));
      AddRow(&lines, {{"source", source.name}, {"outcome", outcome}}, source.tally.outcomes[n]);
    }
    AddRow(&bytes, {{"source", source.name}}, source.tally.bytes_read);
    AddRow(&skipped, {{"source", source.name}}, source.tally.bytes_skipped);
    AddRow(&twins, {{"source", source.name}}, source.tally.twins);
  }
  for (MetricFamily* family : {&read, &lines, &bytes, &skipped, &twins})
    out->push_back(std::move(*family));
}

// Names that come and go are no reason for ever more series. A sum under the families above would
// have what was counted long ago come once more, as a rate.
void GoneFamilies(const GoneSources& gone, std::vector<MetricFamily>* out) {
  const auto add = [out](const char* name, const char* help, uint64_t value) {
    MetricFamily family = MakeFamily(name, help);
    AddRow(&family, {}, value);
    out->push_back(std::move(family));
  };
  const SourceTally& tally = gone.tally;
  add("parshall_gone_sources_total",
      "Sources whose files are gone and which have no series of their own any more.", gone.sources);
  add("parshall_gone_sources_lines_read_total", "Lines of gone sources that were read.",
      tally.lines_framed - tally.lines_waiting);
  MetricFamily lines = MakeFamily("parshall_gone_sources_lines_total",
                                  "Lines of gone sources by what became of them.");
  for (size_t n = 0; n < records::kOutcomes; ++n) {
    const std::string outcome(records::OutcomeName(static_cast<records::Outcome>(n)));
    AddRow(&lines, {{"outcome", outcome}}, tally.outcomes[n]);
  }
  out->push_back(std::move(lines));
  add("parshall_gone_sources_bytes_read_total", "Bytes of gone sources that were consumed.",
      tally.bytes_read);
  add("parshall_gone_sources_bytes_skipped_total",
      "Bytes of over-long lines of gone sources behind their cut.", tally.bytes_skipped);
  add("parshall_gone_sources_twin_lines_total",
      "Lines of gone sources that were the line before them once more, but for the fraction of a "
      "timestamp.",
      tally.twins);
  add("parshall_gone_sources_rotations_total", "Rotations of gone sources.", gone.follow.rotations);
  add("parshall_gone_sources_truncations_total", "Truncations of gone sources.",
      gone.follow.truncations);
  add("parshall_gone_sources_lost_bytes_total",
      "Bytes of gone sources that were truncated or deleted before they could be read.",
      gone.follow.bytes_lost);
  add("parshall_gone_sources_nul_bytes_skipped_total",
      "NUL bytes of holes at the beginning of gone sources' files.", gone.follow.nul_bytes_skipped);
}

void FollowFamilies(const Ledger& ledger, std::vector<MetricFamily>* out) {
  const auto add = [&](const char* name, const char* help, MetricType type, auto value_of) {
    MetricFamily family = MakeFamily(name, help, type);
    for (const auto& [source, tally] : ledger.following) {
      AddRow(&family, {{"source", source}}, static_cast<double>(value_of(tally)));
    }
    out->push_back(std::move(family));
  };
  using Tally = bytes::FollowTally;
  add("parshall_source_rotations_total", "Times the source went on with another file.",
      MetricType::Counter, [](const Tally& tally) { return tally.rotations; });
  add("parshall_source_truncations_total",
      "Times the source's file lost what had been read of it and was begun again.",
      MetricType::Counter, [](const Tally& tally) { return tally.truncations; });
  add("parshall_source_lost_bytes_total",
      "Bytes that were truncated or deleted before they could be read, as far as sizes prove it.",
      MetricType::Counter, [](const Tally& tally) { return tally.bytes_lost; });
  add("parshall_source_nul_bytes_skipped_total",
      "NUL bytes of holes at the beginning of truncated files.", MetricType::Counter,
      [](const Tally& tally) { return tally.nul_bytes_skipped; });
  add("parshall_source_files", "Files of the source that are read or wait to be.",
      MetricType::Gauge, [](const Tally& tally) { return tally.files_open; });
  add("parshall_source_lag_bytes", "Bytes of the source that were not read yet.", MetricType::Gauge,
      [](const Tally& tally) { return tally.bytes_behind; });
  add("parshall_source_lag_seconds",
      "How long ago the oldest of these bytes was written, about; 0 when all is read.",
      MetricType::Gauge, [](const Tally& tally) { return tally.seconds_behind; });
  MetricFamily watched =
      MakeFamily("parshall_files_watched", "Files that are followed.", MetricType::Gauge);
  AddRow(&watched, {}, ledger.watched.files_watched);
  out->push_back(std::move(watched));
  MetricFamily polled = MakeFamily("parshall_files_polled",
                                   "Of these, files that no inotify tells of and that are looked "
                                   "at every so often.",
                                   MetricType::Gauge);
  AddRow(&polled, {}, ledger.watched.files_polled);
  out->push_back(std::move(polled));
}

void RuleFamilies(const Ledger& ledger, std::vector<MetricFamily>* out) {
  MetricFamily matches = MakeFamily("parshall_rule_matches_total", "Lines that the rule matched.");
  MetricFamily misses = MakeFamily("parshall_rule_misses_total",
                                   "Lines that the rule was asked about and did not match.");
  MetricFamily by_plan =
      MakeFamily("parshall_rule_plan_matches_total",
                 "Lines that the rule matched by its plan, without its regular expression.");
  MetricFamily seconds =
      MakeFamily("parshall_rule_seconds_total",
                 "Time spent on the rule, hits and misses, estimated from a sample of the lines.");
  MetricFamily last = MakeFamily(
      "parshall_rule_last_match_timestamp_seconds",
      "When the rule last matched a line, as Unix time; 0 if it never did.", MetricType::Gauge);
  MetricFamily dropped =
      MakeFamily("parshall_rule_dropped_events_total",
                 "Events that a transform of the rule dropped, by the reason it gives.");
  MetricFamily sampled_out =
      MakeFamily("parshall_rule_sampled_out_records_total",
                 "Records that were counted but not written, because of the rule's sample.");
  for (const RuleRow& rule : RuleRows(ledger)) {
    AddRow(&matches, {{"rule", rule.name}}, rule.matches);
    AddRow(&misses, {{"rule", rule.name}}, rule.misses);
    AddRow(&by_plan, {{"rule", rule.name}}, rule.plan_matches);
    AddRow(&seconds, {{"rule", rule.name}}, static_cast<double>(rule.nanos) * 1e-9);
    AddRow(&last, {{"rule", rule.name}}, rule.last_match_seconds);
    for (const auto& [reason, count] : rule.dropped) {
      AddRow(&dropped, {{"rule", rule.name}, {"reason", reason}}, count);
    }
    if (rule.samples) AddRow(&sampled_out, {{"rule", rule.name}}, rule.sampled_out);
  }
  for (MetricFamily* family :
       {&matches, &misses, &by_plan, &seconds, &last, &dropped, &sampled_out})
    out->push_back(std::move(*family));
}

void OutputFamilies(const sinks::OutputTally& output, std::vector<MetricFamily>* out) {
  const auto add = [out](MetricFamily family, double value) {
    AddRow(&family, {}, value);
    out->push_back(std::move(family));
  };
  const auto count = [&add](const char* name, const char* help, uint64_t value) {
    add(MakeFamily(name, help), static_cast<double>(value));
  };
  count("parshall_output_write_errors_total", "Attempts to write records that failed.",
        output.write_errors);
  count("parshall_output_dropped_records_total",
        "Records that were dropped because they could not be written.", output.dropped_records);
  count("parshall_output_dropped_bytes_total",
        "Bytes of records that were dropped because they could not be written.",
        output.dropped_bytes);
  add(MakeFamily("parshall_output_paused",
                 "1 while reading waits because records cannot be written, else 0.",
                 MetricType::Gauge),
      output.paused ? 1 : 0);
  add(MakeFamily("parshall_output_paused_seconds_total",
                 "Time for which reading waited because records could not be written."),
      output.paused_seconds);
  count("parshall_output_rotations_total",
        "Output files that were given a number because of their size or age.", output.rotations);
  count("parshall_output_reopenings_total",
        "Output files begun while running: behind a rotation, or because the one before was moved.",
        output.reopenings);
}

}  // namespace

std::vector<MetricFamily> LedgerFamilies(const Ledger& ledger) {
  std::vector<MetricFamily> families;
  SourceFamilies(ledger, &families);
  FollowFamilies(ledger, &families);
  GoneFamilies(ledger.gone, &families);
  RuleFamilies(ledger, &families);
  const std::pair<MetricFamily, uint64_t> totals[] = {
      {MakeFamily("parshall_records_total",
                  "Records made; a traceback joined to its event is one."),
       ledger.records.records},
      {MakeFamily("parshall_continuation_lines_total",
                  "Lines that were joined to the event before them."),
       ledger.continuation_lines},
      {MakeFamily("parshall_timestamp_errors_total",
                  "Records whose time could not be read; @timestamp is the time of reading."),
       ledger.records.timestamp_errors},
      {MakeFamily("parshall_regex_lines_total",
                  "Lines on which a regular expression had to run, since no plan could decide."),
       ledger.matching.regex_lines},
      {MakeFamily("parshall_output_bytes_total", "Bytes of records written."), ledger.output_bytes},
  };
  for (const auto& [family, value] : totals) {
    families.push_back(family);
    AddRow(&families.back(), {}, value);
  }
  OutputFamilies(ledger.output, &families);
  return families;
}

}  // namespace parshall::pipeline
