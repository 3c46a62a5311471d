// Bytes to lines: two bytes say how long a line may be and how the rest is cut. The framer's lines
// are those of a slow reader; unwrapping, joining and continuations survive anything.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "lines/continuation.h"
#include "lines/newline_framer.h"
#include "lines/partial_joiner.h"
#include "lines/unwrap.h"
#include "tests/fuzz/fuzz.h"

using namespace parshall;

namespace {

std::vector<std::string> Wanted(std::string_view input, size_t line_bytes_max) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < input.size();) {
    const size_t newline = input.find('\n', at);
    const bool ended = newline != std::string_view::npos;
    std::string line(input.substr(at, ended ? newline - at : newline));
    if (ended && line.ends_with('\r')) line.pop_back();
    line.resize(std::min(line.size(), line_bytes_max));
    lines.push_back(line);
    at = ended ? newline + 1 : input.size();
  }
  return lines;
}

void Station(std::string_view line, lines::Unwrapper* unwrapper, lines::PartialJoiner* joiner,
             lines::Continuation* continuation, size_t line_bytes_max) {
  lines::Unwrapped unwrapped;
  if (!continuation->Belongs(line)) continuation->Open(line);
  if (!unwrapper->Unwrap(line, &unwrapped)) return;
  for (const lines::EnvelopeField& field : unwrapped.fields()) FUZZ_CHECK(!field.name.empty());
  if (!unwrapped.pieces) return;
  lines::JoinedLine joined;
  if (!joiner->Add(unwrapped, &joined)) return;
  FUZZ_CHECK(joined.lines >= 1);
  FUZZ_CHECK(joined.lines == 1 || joined.text.size() <= line_bytes_max);
  // What is promised to be readable is read.
  volatile char last = joined.text.data()[joined.text.size() + lines::kPadBytes - 1];
  for (const lines::EnvelopeField& field : joined.fields)
    last = field.text.data()[field.text.size() + lines::kPadBytes - 1];
  static_cast<void>(last);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t line_bytes_max = data[0] % 2 ? 1 + data[0] : 64 * 1024;
  const size_t piece = 1 + data[1];
  const std::string_view input = fuzz::TextOf(data + 2, size - 2);
  lines::NewlineFramer framer(line_bytes_max);
  lines::Unwrapper unwrapper;
  lines::PartialJoiner joiner(line_bytes_max);
  lines::Continuation continuation;
  std::vector<std::string> got;
  for (size_t at = 0; at <= input.size(); at += piece) {
    const std::string_view chunk = input.substr(at, piece);
    const size_t reserve = framer.reserve();
    const std::unique_ptr<char[]> buffer(new char[reserve + chunk.size() + lines::kPadBytes]);
    std::vector<lines::Cut> cuts;
    if (!chunk.empty()) {
      std::memcpy(buffer.get() + reserve, chunk.data(), chunk.size());
      std::memset(buffer.get() + reserve + chunk.size(), '\n', lines::kPadBytes);
      framer.Feed(buffer.get(), chunk.size(), at, 0, &cuts);
    } else {
      framer.EndFile(buffer.get(), &cuts);
    }
    for (const lines::Cut& cut : cuts) {
      if (cut.oversized) {
        got.emplace_back(cut.begin, cut.size());
        continue;
      }
      lines::LineIterator iterator(cut);
      for (std::string_view line; iterator.Next(&line);) {
        got.emplace_back(line);
        Station(line, &unwrapper, &joiner, &continuation, line_bytes_max);
      }
    }
  }
  // A last line that ends with the last chunk's end has not been handed on yet.
  const size_t reserve = framer.reserve();
  const std::unique_ptr<char[]> buffer(new char[reserve + lines::kPadBytes]);
  std::vector<lines::Cut> cuts;
  framer.EndFile(buffer.get(), &cuts);
  for (const lines::Cut& cut : cuts) got.emplace_back(cut.begin, cut.size());
  FUZZ_CHECK(got == Wanted(input, line_bytes_max));
  return 0;
}
