// JSON events: taking the object apart, and matching the access line inside of it.

#include <benchmark/benchmark.h>

#include "bench/corpus.h"
#include "records/json_event.h"
#include "tests/records/kit.h"

namespace parshall::bench {
namespace {

const Block& Events() {
  static const Block block(EventLines());
  return block;
}

void SetRates(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Events().views.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(Events().size));
}

void ParseEvents(benchmark::State& state) {
  records::JsonEventParser parser;
  for (auto _ : state) {
    for (const std::string_view line : Events().views) benchmark::DoNotOptimize(parser.Parse(line));
  }
  SetRates(state);
}
BENCHMARK(ParseEvents);

void UnescapeTexts(benchmark::State& state) {
  records::JsonEventParser parser;
  std::vector<std::string_view> raws;
  for (const std::string_view line : Events().views) {
    if (parser.Parse(line)) raws.push_back(parser.members()[0].value);
  }
  std::vector<char> out(64 * 1024);
  for (auto _ : state) {
    for (const std::string_view raw : raws)
      benchmark::DoNotOptimize(records::UnescapeJson(raw, out.data()));
  }
  SetRates(state);
}
BENCHMARK(UnescapeTexts);

void MatchEvents(benchmark::State& state) {
  records::Matcher matcher(records::testing::Compiled(records::testing::ShippedRules(),
                                                      {"method", "status", "size", "duration"}));
  records::Record record;
  for (auto _ : state) {
    for (const std::string_view line : Events().views)
      benchmark::DoNotOptimize(matcher.Match(line, "stdin", &record));
  }
  SetRates(state);
}
BENCHMARK(MatchEvents);

}  // namespace
}  // namespace parshall::bench
