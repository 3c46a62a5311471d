// Lines to records: the shipped access rule as a plan on each vector unit, by RE2, and the whole
// matcher.

#include <benchmark/benchmark.h>

#include "bench/corpus.h"
#include "records/plan.h"
#include "tests/records/kit.h"

namespace parshall::bench {
namespace {

using namespace records;  // NOLINT: the words of these benchmarks

const Block& Lines() {
  static const Block block(CorpusLines());
  return block;
}

const RuleProgram& Program() {
  static const auto program = records::testing::Compiled(records::testing::ShippedRules());
  return *program;
}

const CompiledRule& AccessRule() {
  for (const CompiledRule& rule : Program().rules) {
    if (rule.name == "access") return rule;
  }
  std::abort();
}

void SetRates(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Lines().views.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(Lines().size));
}

template <typename Run>
void PlanOn(benchmark::State& state, Run run) {
  const Plan& plan = *AccessRule().plan;
  Capture captures[kCapturesMax];
  size_t matches = 0;
  for (auto _ : state) {
    for (const std::string_view line : Lines().views)
      matches += run(plan, line.data(), line.data() + line.size(), captures) == PlanVerdict::kMatch;
  }
  state.counters["by_plan"] =
      static_cast<double>(matches) /
      static_cast<double>(static_cast<size_t>(state.iterations()) * Lines().views.size());
  SetRates(state);
}

void PlanBaseline(benchmark::State& state) { PlanOn(state, RunPlanBaseline); }
BENCHMARK(PlanBaseline);

void PlanAvx2(benchmark::State& state) {
  if (!HasAvx2()) return state.SkipWithError("this machine has no AVX2");
  PlanOn(state, RunPlanAvx2);
}
BENCHMARK(PlanAvx2);

void Re2Test(benchmark::State& state) {
  for (auto _ : state) {
    for (const std::string_view line : Lines().views)
      benchmark::DoNotOptimize(AccessRule().regex->Test(line));
  }
  SetRates(state);
}
BENCHMARK(Re2Test);

void Re2Captures(benchmark::State& state) {
  Capture captures[kCapturesMax];
  for (auto _ : state) {
    for (const std::string_view line : Lines().views)
      benchmark::DoNotOptimize(AccessRule().regex->Match(line, captures));
  }
  SetRates(state);
}
BENCHMARK(Re2Captures);

void MatchAllRules(benchmark::State& state) {
  Matcher matcher(records::testing::Compiled(records::testing::ShippedRules()));
  Record record;
  for (auto _ : state) {
    for (const std::string_view line : Lines().views)
      benchmark::DoNotOptimize(matcher.Match(line, "stdin", &record));
  }
  SetRates(state);
}
BENCHMARK(MatchAllRules);

}  // namespace
}  // namespace parshall::bench
