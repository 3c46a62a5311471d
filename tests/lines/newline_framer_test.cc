#include "lines/newline_framer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>

namespace parshall::lines {
namespace {

using namespace std::string_literals;

struct FramedLine {
  std::string text;
  uint64_t offset = 0;
  bool oversized = false;
  bool unterminated = false;
  bool operator==(const FramedLine&) const = default;
};

std::ostream& operator<<(std::ostream& out, const FramedLine& line) {
  return out << "{" << line.offset << " " << Catch::StringMaker<std::string>::convert(line.text)
             << (line.oversized ? " oversized" : "") << (line.unterminated ? " unterminated" : "")
             << "}";
}

// Feeds a framer as the pipeline does, from blocks that are exactly as large as promised, so that
// the sanitizer sees a write or read too far. The pad is full of newlines: a look into it would
// make a line.
class Pipe {
 public:
  explicit Pipe(size_t line_bytes_max) : framer(line_bytes_max) {}

  void Feed(std::string_view bytes, uint64_t offset, uint64_t file = 0) {
    const size_t reserve = framer.reserve();
    auto buffer = Block(reserve + bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.get() + reserve);
    std::vector<Cut> cuts;
    framer.Feed(buffer.get(), bytes.size(), offset, file, &cuts);
    Take(cuts);
  }
  void EndFile() {
    auto buffer = Block(framer.reserve());
    std::vector<Cut> cuts;
    framer.EndFile(buffer.get(), &cuts);
    Take(cuts);
  }

  NewlineFramer framer;
  std::vector<FramedLine> lines;
  uint64_t cuts_handed = 0;

 private:
  static std::unique_ptr<char[]> Block(size_t size) {
    auto block = std::make_unique<char[]>(size + kPadBytes);
    std::fill_n(block.get(), size, '#');
    std::fill_n(block.get() + size, kPadBytes, '\n');
    return block;
  }
  void Take(const std::vector<Cut>& cuts) {
    for (const Cut& cut : cuts) {
      ++cuts_handed;
      REQUIRE(cut.size() > 0);
      REQUIRE(cut.offset_end - cut.offset == cut.size());
      REQUIRE(cut.file == framer.file());
      if (cut.oversized || cut.unterminated) {
        // Handed on alone and as it is.
        lines.push_back(
            {std::string(cut.begin, cut.end), cut.offset, cut.oversized, cut.unterminated});
        LineIterator one(cut);
        std::string_view line;
        if (cut.unterminated) {
          REQUIRE(one.Next(&line));
          REQUIRE(line == std::string_view(cut.begin, cut.size()));
          REQUIRE_FALSE(one.Next(&line));
        }
        continue;
      }
      REQUIRE(cut.end[-1] == '\n');
      LineIterator iterator(cut);
      std::string_view line;
      for (const char* at = cut.begin; iterator.Next(&line); at = iterator.position()) {
        REQUIRE(line.data() == at);
        lines.push_back({std::string(line), cut.offset + static_cast<uint64_t>(at - cut.begin)});
      }
      REQUIRE(iterator.position() == cut.end);
    }
  }
};

// What must come out, computed the slow way from the whole input.
std::vector<FramedLine> Wanted(const std::string& input, size_t line_bytes_max,
                               uint64_t* bytes_skipped) {
  std::vector<FramedLine> lines;
  *bytes_skipped = 0;
  for (size_t at = 0; at < input.size();) {
    const size_t newline = input.find('\n', at);
    const bool ended = newline != std::string::npos;
    const std::string raw = input.substr(at, ended ? newline - at : newline);
    std::string text = raw;
    if (ended && text.ends_with('\r')) text.pop_back();
    FramedLine line{text, at, text.size() > line_bytes_max, !ended};
    if (line.oversized) {
      line.text.resize(line_bytes_max);
      line.unterminated = false;
      *bytes_skipped += raw.size() - line_bytes_max;
    }
    lines.push_back(line);
    at = ended ? newline + 1 : input.size();
  }
  return lines;
}

std::vector<FramedLine> Framed(const std::string& input, size_t line_bytes_max,
                               const std::vector<size_t>& places, FramerTally* tally) {
  Pipe pipe(line_bytes_max);
  size_t from = 0;
  for (const size_t to : places) {
    pipe.Feed(std::string_view(input).substr(from, to - from), from);
    REQUIRE(pipe.framer.reserve() <= line_bytes_max + 1);
    REQUIRE(pipe.framer.position() <= to);
    from = to;
  }
  pipe.Feed(std::string_view(input).substr(from), from);
  pipe.EndFile();
  REQUIRE(pipe.framer.reserve() == 0);
  REQUIRE(pipe.framer.position() == input.size());
  REQUIRE(pipe.framer.tally().cuts == pipe.cuts_handed);
  *tally = pipe.framer.tally();
  return pipe.lines;
}

constexpr size_t kMax = 16;

std::vector<std::string> NastyInputs() {
  std::vector<std::string> inputs = {
      "",
      "\n",
      "\r\n",
      "\r",
      "\n\n\n",
      "\r\n\r\n",
      "\r\r\n\r",
      "a",
      "a\n",
      "a\r\n",
      "a\r",
      "one\ntwo\r\nthree",
      "a\rb\r\nc\rd\n",
      "nul\0here\n\0\n\0"s,
      "\xFF\xFE\x80\n\xC3\xA9\r\n",
      "\n\r\n\r\r\n",
  };
  for (const size_t size : {kMax - 2, kMax - 1, kMax, kMax + 1, kMax + 2, 3 * kMax, 3 * kMax + 1}) {
    const std::string body(size, 'x');
    for (const char* end : {"\n", "\r\n", "", "\r", "\r\r\n"}) {
      inputs.push_back(body + end);
      inputs.push_back("a\n" + body + end);
      if (std::string_view(end).ends_with('\n')) {
        inputs.push_back(body + end + "b\n");
        inputs.push_back("a\r\n" + body + end + body + end + "b\nc");
      }
    }
    std::string returns(size, '\r');
    inputs.push_back(returns + "\nok\n");
    inputs.push_back(returns);
  }
  return inputs;
}

TEST_CASE("NewlineFramer gives the same lines wherever the input is cut") {
  for (const std::string& input : NastyInputs()) {
    uint64_t skipped = 0;
    const std::vector<FramedLine> wanted = Wanted(input, kMax, &skipped);
    const auto oversized = static_cast<uint64_t>(std::count_if(
        wanted.begin(), wanted.end(), [](const FramedLine& line) { return line.oversized; }));
    INFO("input: " << Catch::StringMaker<std::string>::convert(input));
    FramerTally tally;
    const auto check = [&](const std::vector<size_t>& places) {
      INFO("cut at: " << Catch::StringMaker<std::vector<size_t>>::convert(places));
      REQUIRE(Framed(input, kMax, places, &tally) == wanted);
      REQUIRE(tally.bytes == input.size());
      REQUIRE(tally.oversized == oversized);
      REQUIRE(tally.bytes_skipped == skipped);
    };
    check({});
    std::vector<size_t> everywhere;
    for (size_t at = 0; at <= input.size(); ++at) {
      check({at});
      everywhere.push_back(at);
      for (size_t second = at; second <= input.size(); ++second) check({at, second});
    }
    check(everywhere);
  }
}

TEST_CASE("NewlineFramer gives the same lines for random input, limits and cuts") {
  std::mt19937 random(1);
  constexpr char kBytes[] = "\n\n\r\rabcdefgh\0";
  for (int round = 0; round < 20000; ++round) {
    std::string input;
    for (size_t size = random() % 120; size > 0; --size) {
      input += kBytes[random() % (sizeof kBytes - 1)];
    }
    const size_t line_bytes_max = 1 + random() % 12;
    std::vector<size_t> places;
    for (size_t count = random() % 8; count > 0; --count) {
      places.push_back(random() % (input.size() + 1));
    }
    std::sort(places.begin(), places.end());
    INFO("input: " << Catch::StringMaker<std::string>::convert(input) << " max: " << line_bytes_max
                   << " cuts: " << Catch::StringMaker<std::vector<size_t>>::convert(places));
    uint64_t skipped = 0;
    FramerTally tally;
    const std::vector<FramedLine> wanted = Wanted(input, line_bytes_max, &skipped);
    REQUIRE(Framed(input, line_bytes_max, places, &tally) == wanted);
    REQUIRE(tally.bytes_skipped == skipped);
  }
}

TEST_CASE("NewlineFramer goes on after a restart where its position says") {
  for (const std::string& input : NastyInputs()) {
    uint64_t skipped = 0;
    const std::vector<FramedLine> wanted = Wanted(input, kMax, &skipped);
    for (size_t at = 0; at <= input.size(); ++at) {
      INFO("input: " << Catch::StringMaker<std::string>::convert(input) << " stopped at: " << at);
      Pipe first(kMax);
      first.Feed(std::string_view(input).substr(0, at), 0);
      const uint64_t position = first.framer.position();
      Pipe second(kMax);
      second.framer.Resume(0, position, first.framer.skipping());
      second.Feed(std::string_view(input).substr(position), position);
      second.EndFile();
      std::vector<FramedLine> lines = first.lines;
      lines.insert(lines.end(), second.lines.begin(), second.lines.end());
      REQUIRE(lines == wanted);
    }
  }
}

TEST_CASE("NewlineFramer hands one read on as one cut when no line is too long") {
  NewlineFramer framer(1024);
  std::string block = "one\ntwo\nthree\nfour";
  std::vector<Cut> cuts;
  framer.Feed(block.data(), block.size(), 100, 3, &cuts);
  REQUIRE(cuts.size() == 1);
  CHECK(std::string(cuts[0].begin, cuts[0].end) == "one\ntwo\nthree\n");
  CHECK(cuts[0].begin == block.data());
  CHECK(cuts[0].offset == 100);
  CHECK(cuts[0].offset_end == 114);
  CHECK(cuts[0].file == 3);
  CHECK(framer.reserve() == 4);
  CHECK(framer.position() == 114);
  LineIterator iterator(cuts[0]);
  std::string_view line;
  while (iterator.Next(&line)) {
  }
  CHECK(iterator.count() == 3);
}

TEST_CASE("NewlineFramer starts the next file clean, also inside of a skipped line") {
  Pipe pipe(4);
  pipe.Feed("toolong", 0, 0);
  CHECK(pipe.framer.skipping());
  pipe.EndFile();
  CHECK_FALSE(pipe.framer.skipping());
  pipe.Feed("ab\ncd", 0, 1);
  pipe.EndFile();
  pipe.Feed("ef\n", 0, 2);
  const std::vector<FramedLine> wanted = {
      {"tool", 0, true, false}, {"ab", 0}, {"cd", 3, false, true}, {"ef", 0}};
  CHECK(pipe.lines == wanted);
}

TEST_CASE("NewlineFramer keeps no memory for a line without end") {
  constexpr size_t kLimit = 1 << 16;
  Pipe pipe(kLimit);
  const std::string block(10'000, 'x');
  uint64_t offset = 0;
  for (int i = 0; i < 1000; ++i) {
    pipe.Feed(block, offset);
    offset += block.size();
    REQUIRE(pipe.framer.reserve() <= kLimit + 1);
  }
  CHECK(pipe.framer.reserve() == 0);
  pipe.Feed("\nnext\n", offset);
  REQUIRE(pipe.lines.size() == 2);
  CHECK(pipe.lines[0].oversized);
  CHECK(pipe.lines[0].text.size() == kLimit);
  CHECK(pipe.lines[1].text == "next");
  CHECK(pipe.framer.tally().bytes_skipped == offset - kLimit);
}

}  // namespace
}  // namespace parshall::lines
