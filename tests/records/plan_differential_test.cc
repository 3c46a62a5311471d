// Plans against RE2: whenever a plan answers, RE2 answers the same, group by group. The test in ctest is short; the long
// one (10 million lines and more) is the same with PARSHALL_DIFFERENTIAL_LINES set; see docs/HACKING.md.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

#include "records/plan.h"
#include "records/regex.h"
#include "tests/records/expressions.h"

namespace parshall::records {
namespace {

// "-" for a group that took no part, so that it differs from an empty one.
std::string Show(const Capture* captures, int groups) {
  std::string text;
  for (int group = 1; group <= groups; ++group) {
    text += captures[group].begin == nullptr
                ? "-"
                : "<" + std::string(captures[group].begin, captures[group].end) + ">";
  }
  return text;
}

struct Padded {
  explicit Padded(const std::string& line) : bytes(line + std::string(kPaddingBytes, '"')), size(line.size()) {}
  const char* begin() const { return bytes.data(); }
  const char* end() const { return bytes.data() + size; }
  std::string bytes;
  size_t size;
};

}  // namespace

TEST_CASE("A plan never disagrees with RE2") {
  std::mt19937_64 random(20261121);
  size_t lines_wanted = 300'000;
  if (const char* wanted = std::getenv("PARSHALL_DIFFERENTIAL_LINES")) lines_wanted = std::strtoull(wanted, nullptr, 10);
  constexpr size_t kLinesEach = 1500;
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  size_t planned = 0, lines = 0, matches = 0, misses = 0, unknown = 0;
  Capture by_plan[kCapturesMax], by_avx2[kCapturesMax], by_re2[kCapturesMax];
  while (lines < lines_wanted) {
    const std::string expression = expressions.Make();
    auto regex = Regex::Compile(expression, "");
    if (!regex.ok() || !(*regex)->tree()) continue;
    const int groups = (*regex)->groups();
    std::string why_not;
    const std::optional<Plan> plan = CompilePlan(*(*regex)->tree(), groups, &why_not);
    if (!plan) continue;
    ++planned;
    for (size_t n = 0; n < kLinesEach; ++n, ++lines) {
      const Padded line(line_maker.Make(*(*regex)->tree()));
      const PlanVerdict verdict = RunPlanBaseline(*plan, line.begin(), line.end(), by_plan);
      if (HasAvx2()) {
        const PlanVerdict wide = RunPlanAvx2(*plan, line.begin(), line.end(), by_avx2);
        const bool same = wide == verdict && (verdict != PlanVerdict::kMatch || Show(by_avx2, groups) == Show(by_plan, groups));
        if (!same) {
          INFO(expression << "\n" << std::string(line.begin(), line.end()));
          REQUIRE(same);
        }
      }
      if (verdict == PlanVerdict::kUnknown) {
        ++unknown;
        continue;
      }
      const std::string_view text(line.begin(), line.size);
      const bool matched = (*regex)->Match(text, by_re2);
      const bool agree = verdict == PlanVerdict::kMatch
                             ? matched && Show(by_plan, groups) == Show(by_re2, groups)
                             : !matched;
      verdict == PlanVerdict::kMatch ? ++matches : ++misses;
      if (!agree) {
        INFO("expression: " << expression << "\nline: " << text << "\nplan: "
             << (verdict == PlanVerdict::kMatch ? Show(by_plan, groups) : "no match")
             << "\nRE2:  " << (matched ? Show(by_re2, groups) : "no match") << "\n" << plan->ToString());
        REQUIRE(agree);
      }
    }
  }
  WARN(planned << " expressions, " << lines << " lines: " << matches << " matches, " << misses << " misses, "
               << unknown << " left to RE2");
  CHECK(planned >= lines_wanted / kLinesEach);
  // The generator must keep the plans busy, or the test proves nothing.
  CHECK(matches > lines / 10);
  CHECK(misses > lines / 50);
}

TEST_CASE("Captures taken in pieces are those taken in one go") {
  std::mt19937_64 random(7);
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  size_t cut = 0;
  for (int n = 0; n < 4000 && cut < 60; ++n) {
    // Long chains with forced borders have what it takes to be cut.
    const std::string expression = "^(?P<a>[^ ]*) (?P<b>[^ ]*) (?P<c>\\d+):" + expressions.Make().substr(1);
    auto regex = Regex::Compile(expression, "");
    if (!regex.ok() || !(*regex)->tree() || (*regex)->pieces() < 2) continue;
    ++cut;
    auto whole = Regex::Compile("(?:" + expression + ")", "");  // the tree's root is no concatenation to be cut
    REQUIRE(whole.ok());
    Capture in_pieces[kCapturesMax], in_one[kCapturesMax];
    for (int k = 0; k < 300; ++k) {
      const std::string line = line_maker.Make(*(*regex)->tree());
      const bool matched = (*regex)->Match(line, in_pieces);
      INFO(expression << "\n" << line);
      REQUIRE(matched == (*whole)->Match(line, in_one));
      if (matched) REQUIRE(Show(in_pieces, (*regex)->groups()) == Show(in_one, (*regex)->groups()));
    }
  }
  CHECK(cut >= 20);
}

}  // namespace parshall::records
