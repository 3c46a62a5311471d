// Plans against RE2: whenever a plan answers, RE2 answers the same, group by group. The test in
// ctest is short; the long one (10 million lines and more) is the same with
// PARSHALL_DIFFERENTIAL_LINES set; see docs/HACKING.md.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "records/plan.h"
#include "records/regex.h"
#include "tests/records/expressions.h"
#include "tests/records/kit.h"

namespace parshall::records {
namespace {

using testing::Padded;
using testing::ShowCaptures;

std::string_view VerdictName(PlanVerdict verdict) {
  return verdict == PlanVerdict::kMatch     ? "match"
         : verdict == PlanVerdict::kNoMatch ? "no match"
                                            : "unknown";
}

struct Tally {
  size_t lines = 0, matches = 0, misses = 0, unknown = 0;
};

// One line through the plan on every vector unit of this machine, and through RE2. Fails on any
// difference; the messages are made only then.
void HoldAgainstRe2(const Plan& plan, const Regex& regex, const Padded& line, Tally* tally) {
  const int groups = regex.groups();
  Capture by_plan[kCapturesMax], by_wider[kCapturesMax], by_re2[kCapturesMax];
  const PlanVerdict verdict = RunPlanBaseline(plan, line.begin(), line.end(), by_plan);
  ++tally->lines;
  const auto same = [&](PlanVerdict wider) {
    return wider == verdict && (verdict != PlanVerdict::kMatch ||
                                ShowCaptures(by_wider, groups) == ShowCaptures(by_plan, groups));
  };
  if (HasAvx2() && !same(RunPlanAvx2(plan, line.begin(), line.end(), by_wider))) {
    INFO("AVX2: " << regex.expression() << "\n" << line.view());
    REQUIRE(false);
  }
  if (verdict == PlanVerdict::kUnknown) {
    ++tally->unknown;
    return;
  }
  const bool matched = regex.Match(line.view(), by_re2);
  const bool agree = verdict == PlanVerdict::kMatch
                         ? matched && ShowCaptures(by_plan, groups) == ShowCaptures(by_re2, groups)
                         : !matched;
  verdict == PlanVerdict::kMatch ? ++tally->matches : ++tally->misses;
  if (!agree) {
    INFO("expression: " << regex.expression() << "\nline: " << line.view()
                        << "\nplan: " << VerdictName(verdict) << " "
                        << (verdict == PlanVerdict::kMatch ? ShowCaptures(by_plan, groups) : "")
                        << "\nRE2:  " << (matched ? ShowCaptures(by_re2, groups) : "no match")
                        << "\n"
                        << plan.ToString());
    REQUIRE(agree);
  }
}

}  // namespace

TEST_CASE("A plan never disagrees with RE2") {
  std::mt19937_64 random(20261121);
  size_t lines_wanted = 300'000;
  if (const char* wanted = std::getenv("PARSHALL_DIFFERENTIAL_LINES"))
    lines_wanted = std::strtoull(wanted, nullptr, 10);
  constexpr size_t kLinesEach = 1500;
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  size_t planned = 0;
  Tally tally;
  while (tally.lines < lines_wanted) {
    const std::string expression = expressions.Make();
    auto regex = Regex::Compile(expression, "");
    if (!regex.ok() || !(*regex)->tree()) continue;
    std::string why_not;
    const std::optional<Plan> plan = CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not);
    if (!plan) continue;
    ++planned;
    for (size_t n = 0; n < kLinesEach; ++n) {
      // What stands behind the line must not matter, whatever it is.
      static constexpr std::string_view kFills = "\" 0-a\n\\";
      const Padded line(line_maker.Make(*(*regex)->tree()), kFills[n % kFills.size()]);
      HoldAgainstRe2(*plan, **regex, line, &tally);
    }
  }
  WARN(planned << " expressions, " << tally.lines << " lines: " << tally.matches << " matches, "
               << tally.misses << " misses, " << tally.unknown << " left to RE2");
  CHECK(planned >= lines_wanted / kLinesEach);
  // The generator must keep the plans busy, or the test proves nothing.
  CHECK(tally.matches > tally.lines / 10);
  CHECK(tally.misses > tally.lines / 50);
}

// Where a plan's steps look at so many bytes at once, and where a text ends in the middle of a run.
TEST_CASE("A plan is right at the borders of what its steps look at") {
  Tally tally;
  for (const char* expression :
       {"^(?P<a>\\d+)\" $", "^(?P<a>\\d+)", "^x(?P<a>\\d+)(?P<b>\\.\\d+)?$",
        "^(?P<a>[^ ]*) (?P<b>[^\"]*)\"$", "^(?P<a>[^ ]+)(?: (?P<b>\\d+)|-(?P<c>[^ ]*))?$",
        "^(?P<a>.*?) \\[(?P<b>[^\\]]+)\\]$", "^(?P<a>[^\"]*?)xy(?P<b>\\d{3}) (?P<c>\\d+|-)$",
        "^(?P<a>\\d+)(?:(?:, | : )(?:\\d+|-))*\"(?P<b>[^ ]*)$",
        "^(?P<a>[^ ]*) (?P<b>[^ .:]+) (?P<c>.*?) \\[(?P<d>\\d{3}) (?P<e>[^\"\\\\]*)\"$",
        "^(?P<a>[^ ]*) (?P<b>[^ -]*) (?P<c>[^-]*?)--(?P<d>\\d\\d:\\d\\d) (?P<e>[^\"]*)\"$"}) {
    const auto regex = Regex::Compile(expression, "");
    REQUIRE(regex.ok());
    std::string why_not;
    const auto plan = CompilePlan(*(*regex)->tree(), (*regex)->groups(), &why_not);
    REQUIRE(plan);
    for (size_t size = 0; size < 140; ++size) {
      for (const char byte : {'1', 'a', ' ', '.', '-', 'x'}) {
        for (const char* head : {"", "x", "1, 2 : 3", "\" ", "x - - [200 ", "- -- - [123 ", "x - -",
                                 "x - - [2:0 ", "x - --12:34 ", "x  ---12:34 "}) {
          for (const char* tail :
               {"", " ", "\" ", "\"", " [b]", "xy123 -", "xy123 77", ".5", " 7\"", " : 1 z", "-"}) {
            for (const char fill : {'"', ' ', '1', '\n'}) {
              const Padded line(head + std::string(size, byte) + tail, fill);
              HoldAgainstRe2(*plan, **regex, line, &tally);
            }
          }
        }
        if (size > 40 && size % 16 > 2 && size % 16 < 14) break;  // between borders one is enough
      }
    }
  }
  CHECK(tally.matches > 1000);
  CHECK(tally.misses > 1000);
}

// The expressions that are shipped, on lines of real servers that were damaged: pieces exchanged
// between lines, bytes changed, and what hostile clients send.
TEST_CASE("The plans of the shipped rules never disagree with RE2 on damaged real lines") {
  const auto program = testing::Compiled(testing::ShippedRules());
  std::vector<std::string> lines;
  const auto add_file = [&lines](const std::string& path) {
    std::istringstream file(testing::ReadWhole(path));
    for (std::string line; std::getline(file, line);) {
      if (line.size() < 2000) lines.push_back(line);
    }
  };
  for (const char* name :
       {"gunicorn/combined.out.log", "gunicorn/combined-D-micros.out.log",
        "gunicorn/combined-xff-D-pid.out.log", "gunicorn/lifecycle.err.log",
        "gunicorn/unix-socket.out.log", "nginx/combined.log", "nginx/combined_request_time.log"}) {
    add_file(std::string(PARSHALL_TEST_DATA "/samples/") + name);
  }
  std::istringstream cases(testing::ReadWhole(PARSHALL_TEST_DATA "/access/cases.jsonl"));
  for (std::string line; std::getline(cases, line);) {
    nlohmann::json item = nlohmann::json::parse(line);
    if (item["input_line"].is_string()) lines.push_back(item["input_line"].get<std::string>());
  }
  REQUIRE(lines.size() > 400);

  static const std::string kPieces[] = {"\"",
                                        "\\",
                                        "\\\"",
                                        " ",
                                        "] \"",
                                        "\" 200 5",
                                        " - ",
                                        "[",
                                        "]",
                                        "-",
                                        "\t",
                                        "\r",
                                        std::string(1, '\0'),
                                        "\xc3\xa9",
                                        "\xff",
                                        "\\x22",
                                        "\" 200 5 \"-\" \"-\"",
                                        " 0.001",
                                        " 12",
                                        "[10/Oct/2000:13:55:36 -0700] \"",
                                        "  ",
                                        "\n",
                                        "203.0.113.9, "};
  std::mt19937_64 random(77);
  const auto below = [&random](size_t bound) { return static_cast<size_t>(random() % bound); };
  Tally tally;
  size_t plans = 0;
  for (const CompiledRule& rule : program->rules) plans += rule.plan.has_value();
  CHECK(plans >= 5);
  size_t wanted = 40'000;
  if (const char* text = std::getenv("PARSHALL_DIFFERENTIAL_LINES"))
    wanted = std::strtoull(text, nullptr, 10);
  for (size_t n = 0; n < wanted; ++n) {
    std::string line = lines[n % lines.size()];
    if (n >= lines.size()) {  // first all of them as they are
      for (size_t wounds = below(4); wounds > 0; --wounds) {
        const size_t at = below(line.size() + 1);
        const std::string& other = lines[below(lines.size())];
        switch (below(6)) {
          case 0:
            line.insert(at, kPieces[below(std::size(kPieces))]);
            break;
          case 1:
            line.erase(at, 1 + below(4));
            break;
          case 2:
            if (at < line.size()) line[at] = static_cast<char>(random());
            break;
          case 3:
            line.resize(at);
            break;
          case 4:
            line = line.substr(0, at) + other.substr(below(other.size() + 1));
            break;
          default:
            line += line.substr(at);
        }
      }
    }
    const Padded padded(line);
    for (const CompiledRule& rule : program->rules) {
      if (rule.plan) HoldAgainstRe2(*rule.plan, *rule.regex, padded, &tally);
    }
  }
  CHECK(tally.matches > wanted / 20);
  CHECK(tally.misses > wanted / 20);
}

TEST_CASE("Captures taken in pieces are those taken in one go") {
  std::mt19937_64 random(7);
  ExpressionMaker expressions(&random);
  LineMaker line_maker(&random);
  size_t cut = 0;
  for (int n = 0; n < 4000 && cut < 60; ++n) {
    // Long chains with forced borders have what it takes to be cut.
    const std::string expression =
        "^(?P<a>[^ ]*) (?P<b>[^ ]*) (?P<c>\\d+):" + expressions.Make().substr(1);
    auto regex = Regex::Compile(expression, "");
    if (!regex.ok() || !(*regex)->tree() || (*regex)->pieces() < 2) continue;
    ++cut;
    auto whole = Regex::Compile("(?:" + expression + ")",
                                "");  // the tree's root is no concatenation to be cut
    REQUIRE(whole.ok());
    Capture in_pieces[kCapturesMax], in_one[kCapturesMax];
    for (int k = 0; k < 300; ++k) {
      const std::string line = line_maker.Make(*(*regex)->tree());
      const bool matched = (*regex)->Match(line, in_pieces);
      INFO(expression << "\n" << line);
      REQUIRE(matched == (*whole)->Match(line, in_one));
      if (matched)
        REQUIRE(ShowCaptures(in_pieces, (*regex)->groups()) ==
                ShowCaptures(in_one, (*regex)->groups()));
    }
  }
  CHECK(cut >= 20);
}

}  // namespace parshall::records
