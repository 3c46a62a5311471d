#include "rules/faults.h"

#include <catch2/catch.hpp>

namespace parshall::rules {
namespace {

TEST_CASE("Nearest finds the word that was meant") {
  struct Row {
    const char* word;
    const char* meant;
  };
  const std::vector<std::string_view> words = {"name", "pattern", "timestamp", "multiline", "not"};
  const Row rows[] = {
      {"nmae", "name"},           // a swap is one mistake
      {"nam", "name"},            // a missing letter
      {"patern", "pattern"},      //
      {"timestmp", "timestamp"},  //
      {"multi_line", "multiline"},
      {"time", "timestamp"},  // the beginning of it
      {"notes", "not"},       //
      {"na", ""},             // too short to be a beginning
      {"xyz", ""},            //
      {"", ""},               //
      {"x", ""},              // one letter resembles nothing
      {"Name", "name"},
  };
  for (const Row& row : rows) {
    INFO(row.word);
    CHECK(Nearest(row.word, words) == row.meant);
  }
  CHECK(Nearest(std::string(5000, 'n'), words).empty());
}

TEST_CASE("Hint names the near word, else a short list, else nothing") {
  CHECK(Hint("gague", {"counter", "gauge"}) == " (did you mean \"gauge\"?)");
  CHECK(Hint("summary", {"counter", "gauge"}) == " (known here: counter, gauge)");
  CHECK(Hint("x", {}).empty());
  CHECK(Hint("x", std::vector<std::string_view>(21, "word")).empty());
}

TEST_CASE("Faults are ordered by file and place") {
  Faults faults;
  faults.Add(Where{"b.yaml", 9, 1}, "late");
  faults.Add(Where{"a.yaml", 5, 1}, "other file");
  faults.Add(Where{"b.yaml", 2, 7}, "second");
  faults.Add(Where{"b.yaml", 2, 3}, "first");
  faults.Add(Where{"b.yaml", 0, 0}, "whole file");
  std::string all;
  for (const Error& error : faults.Take()) all += error.ToString() + "\n";
  CHECK(all ==
        "b.yaml: whole file\nb.yaml:2:3: first\nb.yaml:2:7: second\nb.yaml:9:1: late\n"
        "a.yaml:5:1: other file\n");
  CHECK(faults.empty());
}

TEST_CASE("Faults keep a hundred a file and count the others") {
  Faults faults;
  for (int i = 1; i <= 250; ++i) faults.Add(Where{"a.yaml", i, 1}, "fault");
  faults.Add(Where{"b.yaml", 1, 1}, "fault");
  const std::vector<Error> errors = faults.Take();
  REQUIRE(errors.size() == 102);
  CHECK(errors[101].ToString() == "a.yaml: and 150 more faults");
}

}  // namespace
}  // namespace parshall::rules
