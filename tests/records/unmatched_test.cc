#include "records/unmatched.h"

#include <catch2/catch.hpp>
#include <thread>

namespace parshall::records {

TEST_CASE("ShapeOf leaves out what changes from line to line") {
  struct Row {
    const char* line;
    const char* shape;
  };
  const Row rows[] = {
      {"GET /x/12 took 5ms", "a /a/0 a x"},
      {"2026-11-21 09:00:01,123 the quick brown fox", "0-0-0 0:0:0,0 a"},
      {"user \"joe \\\" x\" said 'no'", "a \"\" a 'a'"},
      {"half \"open", "a \"a"},
      {"a\tb   c", "a"},
      {"id=3f2a9b", "a=x"},
      {"\xc3\xa9t\xc3\xa9 1", "a 0"},
      {"\"", "\""},
      {"", ""},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(ShapeOf(row.line) == row.shape);
  }
  CHECK(ShapeOf(std::string(5000, ',')).size() == kShapeBytesMax);
  CHECK(ShapeOf(std::string(5000, '"')).size() <= kShapeBytesMax);
  CHECK(ShapeOf(std::string(5000, 'w')) == "a");
}

TEST_CASE("UnmatchedStore counts by shape, keeps the first of each, and is bounded") {
  UnmatchedStore store;
  CHECK(store.Snapshot().shapes.empty());
  store.Add("job 1 done", "a.log", 1, 100);
  store.Add("job 22 failed", "b.log", 1, 200);
  store.Add("?", "a.log", 3, 300);
  UnmatchedLines seen = store.Snapshot();
  REQUIRE(seen.shapes.size() == 2);
  CHECK(seen.lines == 5);
  CHECK(seen.shapes[0].shape == "?");
  CHECK(seen.shapes[0].lines == 3);
  CHECK(seen.shapes[1].lines == 2);
  CHECK(seen.shapes[1].sample == "job 1 done");
  CHECK(seen.shapes[1].source == "a.log");
  CHECK(seen.shapes[1].last_ms == 200);
  std::string line;
  for (int n = 0; n < 1000; ++n) store.Add(line += ",", "a.log", 1, 1);
  seen = store.Snapshot();
  CHECK(seen.shapes.size() == kShapesMax);
  uint64_t sum = seen.other_lines;
  for (const UnmatchedShape& shape : seen.shapes) sum += shape.lines;
  CHECK(sum == seen.lines);
  CHECK(seen.lines == 1005);
  UnmatchedStore long_lines;
  long_lines.Add(std::string(100000, 'x'), "a.log", 1, 1);
  CHECK(long_lines.Snapshot().shapes[0].sample.size() == kSampleBytesMax);
}

TEST_CASE("UnmatchedStore is added to by many threads") {
  UnmatchedStore store;
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&store] {
      for (int k = 0; k < 2000; ++k)
        store.Add(std::string(static_cast<size_t>(k % 100), '.'), "", 1, 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(store.Snapshot().lines == 8000);
}

}  // namespace parshall::records
