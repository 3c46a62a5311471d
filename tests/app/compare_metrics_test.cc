#include "app/compare_metrics.h"

#include <catch2/catch.hpp>

namespace parshall::app {
namespace {

TEST_CASE("CompareMetrics names each series that differs, and no other") {
  struct Row {
    const char* name;
    const char* counted;
    const char* claimed;
    std::vector<std::string> differ;
  };
  const Row rows[] = {
      {"nothing at all", "", "", {}},
      {"equal, in another order", "a 1\nb{x=\"y\"} 2\n", "b{x=\"y\"} 2\na 1\n", {}},
      {"one more", "a 1\n", "a 2\n", {"a"}},
      {"one of 2^52 more", "a 4503599627370496\n", "a 4503599627370497\n", {"a"}},
      {"only counted", "a 1\nb 2\n", "a 1\n", {"b"}},
      {"only claimed", "a 1\n", "a 1\nb 2\n", {"b"}},
      {"a zero is as good as no series", "a 0\n", "b 0\n", {}},
      {"a label's value", "a{x=\"1\"} 1\n", "a{x=\"2\"} 1\n", {"a{x=\"1\"}", "a{x=\"2\"}"}},
      {"a blank and a brace in a label", "a{x=\"} 1\"} 1\n", "a{x=\"} 1\"} 2\n", {"a{x=\"} 1\"}"}},
      {"what is said of series", "# TYPE a counter\na 1\n", "# HELP a b\na 1\n", {}},
      {"the program's own", "a 1\n", "a 1\nparshall_x 5\nprocess_cpu_seconds_total 3\n", {}},
      {"the last digits of a sum", "a 0.30000000000000004\n", "a 0.3\n", {}},
      {"more than the last digits", "a 0.3001\n", "a 0.3\n", {"a"}},
      {"no number twice", "a NaN\n", "a NaN\n", {}},
      {"no number once", "a NaN\n", "a 1\n", {"a"}},
      {"infinity", "a +Inf\n", "a -Inf\n", {"a"}},
      {"no newline at the end", "a 1", "a 3", {"a"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    std::vector<std::string> differ;
    for (const MetricDifference& difference : CompareMetrics(row.counted, row.claimed)) {
      differ.push_back(difference.series);
    }
    CHECK(differ == row.differ);
  }
}

TEST_CASE("CompareMetrics says both values, 0 for a series that is not there") {
  const auto differences = CompareMetrics("a 1\nb 2\n", "a 4\nc 8\n");
  REQUIRE(differences.size() == 3);
  CHECK((differences[0].counted == 1 && differences[0].claimed == 4));
  CHECK((differences[1].counted == 2 && differences[1].claimed == 0));
  CHECK((differences[2].counted == 0 && differences[2].claimed == 8));
}

}  // namespace
}  // namespace parshall::app
