#include "lines/partial_joiner.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lines/newline_framer.h"

namespace parshall::lines {
namespace {

// A piece whose views die after Add(), as those of a real line do.
struct Piece {
  std::string stream;
  std::string time;
  std::string text;
  bool partial = false;
};

std::string Described(const JoinedLine& line) {
  std::string text(line.text);
  text += " x" + std::to_string(line.lines);
  if (line.oversized) text += " oversized";
  for (const EnvelopeField& field : line.fields) text += " " + std::string(field.text);
  return text;
}

// What Add() gives, or "waits".
std::string Add(PartialJoiner& joiner, const Piece& piece) {
  auto copy = std::make_unique<Piece>(piece);
  auto padded = std::make_unique<std::string>(copy->text + std::string(kPadBytes, ' '));
  Unwrapped unwrapped;
  unwrapped.pieces = true;
  unwrapped.partial = copy->partial;
  unwrapped.payload = std::string_view(*padded).substr(0, copy->text.size());
  unwrapped.Add(kStream, copy->stream);
  unwrapped.Add(kContainerTime, copy->time);
  JoinedLine line;
  if (!joiner.Add(unwrapped, &line)) return "waits";
  if (line.lines > 1) {  // must not point into the piece
    copy.reset();
    padded.reset();
  }
  REQUIRE(line.text.data()[line.text.size() + kPadBytes - 1] != '?');
  return Described(line);
}

TEST_CASE("PartialJoiner joins the pieces of each stream for itself") {
  PartialJoiner joiner(1000);
  CHECK(Add(joiner, {"stdout", "t1", "whole", false}) == "whole x1 stdout t1");
  CHECK(Add(joiner, {"stdout", "t2", "out-", true}) == "waits");
  CHECK(Add(joiner, {"stderr", "t3", "err-", true}) == "waits");
  CHECK(joiner.waiting());
  CHECK(Add(joiner, {"other", "t4", "whole", false}) == "whole x1 other t4");
  CHECK(Add(joiner, {"stdout", "t5", "middle-", true}) == "waits");
  CHECK(Add(joiner, {"stderr", "t6", "end", false}) == "err-end x2 stderr t3");
  CHECK(Add(joiner, {"stdout", "t7", "end", false}) == "out-middle-end x3 stdout t2");
  CHECK_FALSE(joiner.waiting());
  CHECK(Add(joiner, {"stdout", "t8", "next", false}) == "next x1 stdout t8");
  CHECK(joiner.tally().pieces == 5);
  CHECK(joiner.tally().joined == 2);
}

TEST_CASE("PartialJoiner ends a line with an empty last piece and drops a split CR") {
  PartialJoiner joiner(1000);
  CHECK(Add(joiner, {"stdout", "t", "text", true}) == "waits");
  CHECK(Add(joiner, {"stdout", "t", "", false}) == "text x2 stdout t");
  CHECK(Add(joiner, {"stdout", "t", "text\r", true}) == "waits");
  CHECK(Add(joiner, {"stdout", "t", "", false}) == "text x2 stdout t");
  CHECK(Add(joiner, {"stdout", "t", "text\r", true}) == "waits");
  CHECK(Add(joiner, {"stdout", "t", "more", false}) == "text\rmore x2 stdout t");
  CHECK(Add(joiner, {"stdout", "t", "", true}) == "waits");
  CHECK(Add(joiner, {"stdout", "t", "", false}) == " x2 stdout t");
}

TEST_CASE("PartialJoiner cuts a joined line at line_bytes_max and counts the rest") {
  for (const size_t size : {9u, 10u, 11u, 12u, 30u}) {
    PartialJoiner joiner(10);
    CHECK(Add(joiner, {"stdout", "t", std::string(6, 'a'), true}) == "waits");
    const std::string whole = std::string(6, 'a') + std::string(size - 6, 'b');
    const bool oversized = size > 10;
    CHECK(Add(joiner, {"stdout", "t", std::string(size - 6, 'b'), false}) ==
          whole.substr(0, 10) + " x2" + (oversized ? " oversized" : "") + " stdout t");
    CHECK(joiner.tally().oversized == (oversized ? 1 : 0));
    CHECK(joiner.tally().bytes_skipped == (oversized ? size - 10 : 0));
    CHECK(Add(joiner, {"stdout", "t", "next", false}) == "next x1 stdout t");
  }
}

TEST_CASE("PartialJoiner flushes what waits at the end of the stream") {
  PartialJoiner joiner(1000);
  JoinedLine line;
  CHECK_FALSE(joiner.Flush(&line));
  Add(joiner, {"stderr", "t1", "err", true});
  Add(joiner, {"stdout", "t2", "out", true});
  Add(joiner, {"stdout", "t3", "put", true});
  REQUIRE(joiner.Flush(&line));
  CHECK(Described(line) == "output x2 stdout t2");
  REQUIRE(joiner.Flush(&line));
  CHECK(Described(line) == "err x1 stderr t1");
  CHECK_FALSE(joiner.Flush(&line));
  CHECK_FALSE(joiner.waiting());
}

TEST_CASE("PartialJoiner holds to its bound for pieces without end") {
  PartialJoiner joiner(1 << 16);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(Add(joiner, {"stdout", "t", std::string(16384, 'x'), true}) == "waits");
  }
  JoinedLine line;
  REQUIRE(joiner.Flush(&line));
  CHECK(line.text.size() == 1 << 16);
  CHECK(line.lines == 1000);
  CHECK(line.oversized);
  CHECK(joiner.tally().bytes_skipped == 1000 * 16384 - (1 << 16));
}

struct FileCounts {
  size_t lines = 0;
  size_t physical = 0;
  size_t joined = 0;
  size_t longest = 0;
};

FileCounts Joined(const std::string& name) {
  std::ifstream file(PARSHALL_TEST_DATA "/samples/container/" + name, std::ios::binary);
  REQUIRE(file.good());
  Unwrapper unwrapper;
  PartialJoiner joiner(1 << 20);
  FileCounts counts;
  for (std::string text; std::getline(file, text);) {
    const size_t size = text.size();
    text.append(kPadBytes, ' ');
    Unwrapped piece;
    REQUIRE(unwrapper.Unwrap(std::string_view(text).substr(0, size), &piece));
    JoinedLine line;
    if (!joiner.Add(piece, &line)) continue;
    ++counts.lines;
    counts.physical += line.lines;
    counts.joined += line.lines > 1 ? 1 : 0;
    counts.longest = std::max(counts.longest, line.text.size());
  }
  CHECK_FALSE(joiner.waiting());
  return counts;
}

// Counted in the files with grep and another JSON parser.
TEST_CASE("PartialJoiner makes the lines of the container samples whole") {
  const FileCounts one = Joined("docker-json-file-gun1.log");
  CHECK(one.lines == 247);
  CHECK(one.joined == 0);
  const FileCounts two = Joined("docker-json-file-gun2.log");
  CHECK(two.lines == 129);
  CHECK(two.physical == 131);
  CHECK(two.joined == 1);
  CHECK(two.longest > 2 * 16384);
  const FileCounts cri = Joined("cri-k8s-file.log");
  CHECK(cri.lines == 259);
  CHECK(cri.physical == 286);
  CHECK(cri.joined == 21);
}

TEST_CASE("PartialJoiner keeps every piece once in random orders") {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    PartialJoiner joiner(1 + random() % 40);
    uint64_t added = 0;
    uint64_t given = 0;
    for (int i = 0; i < 30; ++i) {
      const char* streams[] = {"stdout", "stderr", "", "hostile"};
      const std::string stream = streams[random() % 4];
      const std::string text(random() % 30, 'x');
      Unwrapped piece;
      const std::string padded = text + std::string(kPadBytes, ' ');
      piece.payload = std::string_view(padded).substr(0, text.size());
      piece.partial = random() % 2 == 0;
      if (!stream.empty()) piece.Add(kStream, stream);
      ++added;
      JoinedLine line;
      if (joiner.Add(piece, &line)) given += line.lines;
    }
    JoinedLine line;
    while (joiner.Flush(&line)) given += line.lines;
    REQUIRE(given == added);
  }
}

}  // namespace
}  // namespace parshall::lines
