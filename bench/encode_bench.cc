// Records to JSON: whole records that were matched before, their fields by each vector unit, and
// the escape alone.

#include <benchmark/benchmark.h>

#include <memory>

#include "base/json_text.h"
#include "bench/corpus.h"
#include "sinks/record_json.h"
#include "tests/records/kit.h"

namespace parshall::bench {
namespace {

// Records of all lines, their values copied out of the matcher; the texts stand in the block.
struct Matched {
  explicit Matched(const std::vector<std::string>& lines)
      : program(records::testing::Compiled(records::testing::ShippedRules())), block(lines) {
    records::Matcher matcher(program);
    for (const std::string_view line : block.views) {
      records::Record record;
      if (matcher.Match(line, "stdin", &record) != records::Outcome::kMatched) continue;
      values.emplace_back(record.values, record.values + record.values_count);
      record.values = values.back().data();
      records.push_back(record);
      bytes += line.size() + 1;
    }
  }
  std::shared_ptr<const records::RuleProgram> program;
  Block block;
  std::vector<std::vector<records::Value>> values;
  std::vector<records::Record> records;
  size_t bytes = 0;
};

const Matched& AccessRecords() {
  static const Matched matched(CorpusLines());
  return matched;
}

void EncodeRecords(benchmark::State& state) {
  const Matched& matched = AccessRecords();
  sinks::RecordJson json(matched.program);
  Buffer out;
  size_t written = 0;
  for (auto _ : state) {
    for (const records::Record& record : matched.records) {
      json.Append(record, {}, &out);
      if (out.size() > size_t{256} << 10) {
        written += out.size();
        out.clear();
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(matched.records.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(matched.bytes));
  state.counters["written_per_record"] =
      static_cast<double>(written) /
      static_cast<double>(static_cast<size_t>(state.iterations()) * matched.records.size());
}
BENCHMARK(EncodeRecords);

// Records of JSON events have views into the matcher's own memory: matched and written in turn.
void MatchAndEncodeEvents(benchmark::State& state) {
  const auto program = records::testing::Compiled(records::testing::ShippedRules());
  static const Block block(EventLines());
  records::Matcher matcher(program);
  sinks::RecordJson json(program);
  records::Record record;
  Buffer out;
  for (auto _ : state) {
    for (const std::string_view line : block.views) {
      if (matcher.Match(line, "stdin", &record) == records::Outcome::kMatched)
        json.Append(record, {}, &out);
      if (out.size() > size_t{256} << 10) out.clear();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(block.views.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.size));
}
BENCHMARK(MatchAndEncodeEvents);

void EscapeTexts(benchmark::State& state, const char* piece, size_t every) {
  // Texts of the lengths of agents, with something special in it every so many bytes.
  std::vector<std::string> texts;
  for (size_t size = 40; size < 200; size += 3) {
    std::string& text = texts.emplace_back();
    for (size_t at = 0; at < size; ++at) {
      if (every > 0 && at % every == every - 1) {
        text += piece;
      } else {
        text += 'a';
      }
    }
  }
  const Block block(texts);
  std::vector<char> out(JsonTextBytesMax(1024));
  for (auto _ : state) {
    for (const std::string_view text : block.views)
      benchmark::DoNotOptimize(AppendJsonText(out.data(), text));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.size));
}
BENCHMARK_CAPTURE(EscapeTexts, plain, "", 0);
BENCHMARK_CAPTURE(EscapeTexts, quote_in_60, "\"", 60);
BENCHMARK_CAPTURE(EscapeTexts, quote_in_8, "\"", 8);
BENCHMARK_CAPTURE(EscapeTexts, utf8_in_8, "\xc3\xa9", 8);
BENCHMARK_CAPTURE(EscapeTexts, invalid_in_8, "\xff", 8);

}  // namespace
}  // namespace parshall::bench
