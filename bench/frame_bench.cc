// Bytes to lines: the framer under the intake's lock, and the two ways to find the lines of a cut.

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>

#include "bench/corpus.h"
#include "lines/newline_index.h"
#include "lines/unwrap.h"

namespace parshall::bench {
namespace {

const Block& Lines() {
  static const Block block(CorpusLines());
  return block;
}

void SetRates(benchmark::State& state, size_t lines, size_t bytes) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

// Reads of the pipeline's size.
void FrameReads(benchmark::State& state) {
  const Block& block = Lines();
  constexpr size_t kReadBytes = size_t{256} << 10;
  std::vector<char> buffer((size_t{1} << 20) + kReadBytes + lines::kPadBytes);
  std::vector<lines::Cut> cuts;
  lines::NewlineFramer framer(size_t{1} << 20);
  for (auto _ : state) {
    for (size_t at = 0; at < block.size; at += kReadBytes) {
      const size_t size = std::min(kReadBytes, block.size - at);
      std::memcpy(buffer.data() + framer.reserve(), block.text.data() + at, size);
      cuts.clear();
      framer.Feed(buffer.data(), size, at, 0, &cuts);
      benchmark::DoNotOptimize(cuts.data());
    }
  }
  SetRates(state, block.views.size(), block.size);
}
BENCHMARK(FrameReads);

void LinesOneByOne(benchmark::State& state) {
  const Block& block = Lines();
  for (auto _ : state) {
    lines::LineIterator iterator(block.text.data(), block.text.data() + block.size);
    for (std::string_view line; iterator.Next(&line);) benchmark::DoNotOptimize(line);
  }
  SetRates(state, block.views.size(), block.size);
}
BENCHMARK(LinesOneByOne);

void LinesByIndex(benchmark::State& state) {
  const Block& block = Lines();
  std::vector<uint32_t> newlines(lines::kIndexRoom);
  for (auto _ : state) {
    const char* const end = block.text.data() + block.size;
    for (const char* at = block.text.data(); at < end; at += lines::kIndexBlockBytes) {
      const auto left = static_cast<size_t>(end - at);
      benchmark::DoNotOptimize(
          lines::IndexNewlines(at, at + std::min(left, lines::kIndexBlockBytes), newlines.data()));
    }
  }
  SetRates(state, block.views.size(), block.size);
}
BENCHMARK(LinesByIndex);

// What an ordinary line pays for the containers.
void NotWrapped(benchmark::State& state) {
  const Block& block = Lines();
  lines::Unwrapper unwrapper;
  lines::Unwrapped unwrapped;
  for (auto _ : state) {
    for (const std::string_view line : block.views)
      benchmark::DoNotOptimize(unwrapper.Unwrap(line, &unwrapped));
  }
  SetRates(state, block.views.size(), block.size);
}
BENCHMARK(NotWrapped);

}  // namespace
}  // namespace parshall::bench
