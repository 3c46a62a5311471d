#include "pipeline/twins.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/pipeline/corpus.h"
#include "tests/pipeline/kit.h"

namespace parshall::pipeline {
namespace {

using testing::InPieces;
using testing::RunResult;
using testing::Step;
using testing::TestRun;

struct Row {
  const char* name;
  const char* line;
  const char* next;
  bool twin;
};

TEST_CASE("IsTwin tells lines that differ in the time of their writing from others") {
  const Row rows[] = {
      {"the same", R"({"event": "a", "timestamp": "2026-11-21 09:33:42"})",
       R"({"event": "a", "timestamp": "2026-11-21 09:33:42"})", true},
      {"another fraction", R"({"timestamp": "2026-11-21T09:33:46.018231Z", "event": "a"})",
       R"({"timestamp": "2026-11-21T09:33:46.018300Z", "event": "a"})", true},
      {"over the end of a second", R"({"t": "2026-11-21T09:33:46.999990Z"})",
       R"({"t": "2026-11-21T09:33:47.000041Z"})", true},
      {"over the end of a year", R"({"t": "2026-12-31T23:59:59.999990Z"})",
       R"({"t": "2027-01-01T00:00:00.000041Z"})", true},
      {"Python leaves a fraction of zero out", R"({"t": "2026-11-21T09:33:46.999990Z"})",
       R"({"t": "2026-11-21T09:33:47Z"})", true},
      {"whole seconds, over the end of one", R"({"e": "x", "t": "2026-11-21 09:33:42"})",
       R"({"e": "x", "t": "2026-11-21 09:33:43"})", true},
      {"comma and zone", "2026-11-21 09:33:42,120 +0100 INFO x",
       "2026-11-21 09:33:42,121 +0100 INFO x", true},
      {"Unix time", R"({"timestamp": 1763717626.0182312, "e": 1})",
       R"({"timestamp": 1763717626.018, "e": 1})", true},
      {"the end is written first", R"({"t": "2026-11-21T09:33:47.000041Z"})",
       R"({"t": "2026-11-21T09:33:46.999990Z"})", true},
      {"0.1 s apart, the most", R"({"t": "2026-11-21T09:33:46.000000Z"})",
       R"({"t": "2026-11-21T09:33:46.100000Z"})", true},
      {"a bit more", R"({"t": "2026-11-21T09:33:46.000000Z"})",
       R"({"t": "2026-11-21T09:33:46.100001Z"})", false},
      {"whole seconds, two apart", R"({"t": "2026-11-21 09:33:42"})",
       R"({"t": "2026-11-21 09:33:44"})", false},
      {"two times differ: a request a second",
       R"({"event": "[21/Nov/2026:09:33:46 +0000]", "t": "2026-11-21 09:33:46"})",
       R"({"event": "[21/Nov/2026:09:33:47 +0000]", "t": "2026-11-21 09:33:47"})", false},
      {"another status", R"({"status": 200, "t": "2026-11-21 09:33:46"})",
       R"({"status": 201, "t": "2026-11-21 09:33:46"})", false},
      {"another size", R"({"size": 9, "t": "2026-11-21 09:33:46"})",
       R"({"size": 10, "t": "2026-11-21 09:33:46"})", false},
      {"another address", "192.0.2.10 - x", "192.0.2.11 - x", false},
      {"numbers that could be times", R"({"id": 1763717626001})", R"({"id": 1763717626002})",
       false},
      {"a number with a point", R"({"took": 0.018231})", R"({"took": 0.018232})", false},
      {"no real moment", R"({"t": "2026-13-21T09:33:46.1Z"})", R"({"t": "2026-13-21T09:33:46.2Z"})",
       false},
      {"one is longer", "abc", "abcd", false},
      {"nothing", "", "", false},
      {"only digits", "1", "2", false},
  };
  for (const Row& row : rows) {
    INFO(row.name << "\n" << row.line << "\n" << row.next);
    CHECK(IsTwin(row.line, row.next) == row.twin);
    CHECK(IsTwin(row.next, row.line) == row.twin);
  }
  const std::string most(kTwinBytesMax, 'x');
  CHECK(IsTwin(most, most));
  CHECK_FALSE(IsTwin(most + "x", most + "x"));
  const std::string digits(5000, '1');
  CHECK_FALSE(IsTwin(digits + "2" + digits, digits + "3" + digits));
}

TEST_CASE("IsTwin reads nothing behind its lines, whatever stands there") {
  std::mt19937_64 random(5);
  const std::string_view bytes = "0123456789:.,-+TZ \"{}x";
  for (int round = 0; round < 20'000; ++round) {
    std::string line, next;
    for (size_t n = random() % 60; n > 0; --n) line += bytes[random() % bytes.size()];
    next = line;
    for (size_t n = random() % 3; n > 0 && !next.empty(); --n)
      next[random() % next.size()] = bytes[random() % bytes.size()];
    if (random() % 4 == 0) next.resize(next.size() / 2);
    const records::testing::Padded a(line), b(next);
    if (line == next && !line.empty()) {
      CHECK(IsTwin(a.view(), b.view()));
    } else {
      static_cast<void>(IsTwin(a.view(), b.view()));
    }
  }
}

TEST_CASE("TwinEvidence speaks once, and not of a client that repeats itself") {
  TwinEvidence doubled;
  bool said = false;
  for (int n = 1; n <= 40; ++n) {
    const bool now = doubled.Add(2, 1, 1);
    CHECK(now == (n == 20));
    said = said || now;
  }
  CHECK(said);
  TwinEvidence loud;  // one request as fast as it goes, for a minute: each second a row of its own
  for (int second = 0; second < 60; ++second) {
    const uint64_t lines = 1000 + static_cast<uint64_t>(second % 2);
    CHECK_FALSE(loud.Add(lines, lines / 2, 1));
  }
  TwinEvidence usual;
  for (int n = 0; n < 1000; ++n) CHECK_FALSE(usual.Add(10, 1, 1));
}

// --- the pipeline ---

rules::RuleSet With(rules::Dedupe dedupe) {
  rules::RuleSet set = records::testing::ShippedRules();
  for (rules::RuleSpec& rule : set.rules) {
    if (rule.dedupe != rules::Dedupe::kOff) rule.dedupe = dedupe;
  }
  return set;
}

const testing::Rules& Reporting() {
  static const testing::Rules rules(With(rules::Dedupe::kReport));
  return rules;
}
const testing::Rules& Deduping() {
  static const testing::Rules rules(With(rules::Dedupe::kAdjacent));
  return rules;
}

std::string Access(size_t path, uint64_t micros) {
  return fmt::format(
      "{{\"event\": \"192.0.2.1 - - [21/Nov/2026:09:33:46 +0000] \\\"GET /{} HTTP/1.1\\\" 200 6 "
      "\\\"-\\\" \\\"-\\\"\", \"logger\": \"gunicorn.access\", \"timestamp\": "
      "\"2026-11-21T09:33:46.{:06}Z\"}}\n",
      path, micros);
}

// What a run counts, for lines given as numbers: the path, or 0 for a line in between.
struct Expected {
  uint64_t twins = 0;
  uint64_t matched = 0;  // with dedupe: adjacent
};

Expected Count(const std::vector<size_t>& paths) {
  Expected expected;
  size_t before = 0;
  for (const size_t path : paths) {
    if (path != 0 && path == before) {
      ++expected.twins;
      before = 0;
      continue;
    }
    if (path != 0) ++expected.matched;
    before = path;
  }
  return expected;
}

std::string Text(const std::vector<size_t>& paths, std::string_view between) {
  std::string text;
  uint64_t micros = 1;
  for (const size_t path : paths) {
    micros += 40;
    text += path == 0 ? std::string(between) : Access(path, micros);
  }
  return text;
}

// Rows of equal lines, some long, with other lines between.
std::vector<size_t> RandomPaths(std::mt19937_64* random, size_t lines) {
  std::vector<size_t> paths;
  while (paths.size() < lines) {
    const size_t path = (*random)() % 5;
    const size_t row = (*random)() % 20 == 0 ? (*random)() % 30 : 1 + (*random)() % 4;
    paths.insert(paths.end(), row, path);
  }
  return paths;
}

const Ledger::Source& Only(const Ledger& ledger) {
  REQUIRE(ledger.sources.size() == 1);
  return ledger.sources[0];
}

uint64_t Of(const SourceTally& tally, records::Outcome outcome) {
  return tally.outcomes[static_cast<size_t>(outcome)];
}

TEST_CASE("Twins are counted, and left out if asked, however the input is cut and shared") {
  std::mt19937_64 random(91);
  const std::string_view betweens[] = {"{\"event\": \"x\"}\n", "no log line\n", "\n"};
  for (int round = 0; round < 30; ++round) {
    const std::vector<size_t> paths = RandomPaths(&random, 120);
    const Expected want = Count(paths);
    const std::string text = Text(paths, betweens[round % 3]);
    for (const size_t threads : std::initializer_list<size_t>{1, 2, 4}) {
      for (const bool dedupe : {false, true}) {
        INFO(round << ": " << threads << " threads, dedupe " << dedupe);
        std::vector<size_t> places;
        for (size_t at = 0; at < text.size(); at += 1 + random() % 700) places.push_back(at);
        TestRun run(dedupe ? Deduping() : Reporting(), {"a.log"}, InPieces(text, places),
                    {.threads = threads});
        run.Start();
        const RunResult result = run.Finish();
        const SourceTally tally = Only(run.pipeline->Scrape().ledger).tally;
        REQUIRE(tally.twins == want.twins);
        REQUIRE(Of(tally, records::Outcome::kDuplicate) == (dedupe ? want.twins : 0));
        REQUIRE(testing::LinesRead(tally) == testing::LinesWithOutcome(tally));
        REQUIRE(testing::LinesRead(tally) == paths.size());
        const uint64_t requests = want.matched + (dedupe ? 0 : want.twins);
        REQUIRE(result.metrics.find(fmt::format(
                    "http_requests_total{{method=\"GET\",status=\"200\"}} {}\n", requests)) !=
                std::string::npos);
        size_t records = 0;
        std::istringstream lines(result.output);
        for (std::string line; std::getline(lines, line);) {
          if (nlohmann::json::parse(line).contains("request")) ++records;
        }
        REQUIRE(records == requests);
      }
    }
  }
}

TEST_CASE("A pair is one over the border of two reads at every byte, also in its wrappings") {
  const std::string line = Access(1, 5);
  const std::string twin = Access(1, 60);
  nlohmann::json docker{{"log", line}, {"stream", "stdout"}, {"time", "2026-11-21T09:33:46.1Z"}};
  nlohmann::json docker_twin = docker;
  docker_twin["log"] = twin;
  docker_twin["time"] = "2026-11-21T09:33:46.2Z";
  const std::pair<std::string, std::string> pairs[] = {
      {line, twin},
      {docker.dump() + "\n", docker_twin.dump() + "\n"},
      {"2026-11-21T09:33:46.1Z stdout F " + line, "2026-11-21T09:33:46.2Z stdout F " + twin},
      {"<190>Nov 21 09:33:46 web gunicorn[7]: " + line,
       "<190>Nov 21 09:33:47 web gunicorn[7]: " + twin},
  };
  for (const auto& [first, second] : pairs) {
    // Three alike: one pair and one that stands alone.
    const std::string text = first + second + first;
    for (size_t at = 0; at < text.size(); ++at) {
      INFO(first << " cut at " << at);
      TestRun run(Deduping(), {"a.log"}, InPieces(text, {at}), {.threads = 1 + at % 2});
      run.Start();
      run.Finish();
      const SourceTally tally = Only(run.pipeline->Scrape().ledger).tally;
      REQUIRE(Of(tally, records::Outcome::kDuplicate) == 1);
      REQUIRE(Of(tally, records::Outcome::kMatched) == 2);
    }
  }
}

TEST_CASE("Two sources' lines are no twins of each other") {
  std::vector<Step> steps = {{Step::kBytes, 0, Access(1, 5)},
                             {Step::kBytes, 1, Access(1, 7)},
                             {Step::kEnded, 0, {}},
                             {Step::kEnded, 1, {}}};
  TestRun run(Deduping(), {"a.log", "b.log"}, steps, {});
  run.Start();
  run.Finish();
  for (const Ledger::Source& source : run.pipeline->Scrape().ledger.sources) {
    CHECK(source.tally.twins == 0);
    CHECK(Of(source.tally, records::Outcome::kMatched) == 1);
  }
}

TEST_CASE("A pair is one over a restart at every byte") {
  const std::vector<size_t> paths = {1, 1, 2, 2, 2, 2, 0, 3, 0, 3, 4, 4, 4};
  const Expected want = Count(paths);
  const std::string text = Text(paths, "{\"event\": \"x\"}\n");
  for (size_t cut = 0; cut < text.size(); ++cut) {
    INFO("stopped at " << cut);
    std::vector<state::Snapshot> snapshots;
    std::vector<Step> steps = InPieces(text.substr(0, cut), {});
    steps.back() = {Step::kBlock, 0, {}};
    TestRun first(Deduping(), {"a.log"}, steps,
                  {.commit =
                       [&snapshots](state::Snapshot& snapshot) {
                         snapshots.push_back(snapshot);
                         return Ok();
                       },
                   .state_interval_ms = 60'000});
    REQUIRE(first.pipeline->CommitFirst().ok());
    first.Start();
    first.set->WaitForBlock();
    first.pipeline->Stop();
    first.Finish();
    const state::Snapshot& last = snapshots.back();
    const uint64_t offset = last.files.empty() ? 0 : last.files[0].offset;
    TestRun second(Deduping(), {"a.log"}, InPieces(text.substr(offset), {}), {});
    second.set->BeginAt(0, offset);
    state::Snapshot copy = last;
    REQUIRE(second.pipeline->Restore(std::move(copy)).empty());
    second.Start();
    second.Finish();
    const SourceTally tally = Only(second.pipeline->Scrape().ledger).tally;
    REQUIRE(tally.twins == want.twins);
    REQUIRE(Of(tally, records::Outcome::kDuplicate) == want.twins);
    REQUIRE(testing::LinesRead(tally) == paths.size());
    REQUIRE(testing::LinesWithOutcome(tally) == paths.size());
  }
}

TEST_CASE("A log that is written twice is said once, with the cure") {
  std::vector<size_t> paths;
  for (size_t n = 1; n <= 100; ++n) paths.insert(paths.end(), 2, n);
  const std::string text = Text(paths, "");
  TestRun run(Reporting(), {"a.log"}, InPieces(text, {9000, 20000}), {});
  run.Start();
  run.Finish();
  const std::vector<std::string> notices = run.pipeline->TakeNotices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("a.log: access lines stand there twice") == 0);
  CHECK(notices[0].find("\"propagate\": False") != std::string::npos);
  CHECK(notices[0].find("--dedupe adjacent") != std::string::npos);

  paths.clear();
  for (size_t n = 1; n <= 200; ++n) paths.push_back(n);
  TestRun once(Reporting(), {"a.log"}, InPieces(Text(paths, ""), {}), {});
  once.Start();
  once.Finish();
  CHECK(once.pipeline->TakeNotices().empty());
  CHECK(Only(once.pipeline->Scrape().ledger).tally.twins == 0);
}

TEST_CASE("The article's logs hold each request twice") {
  for (const char* name : {"structlog-blog", "structlog-blog-parsed", "structlog-iso-utf8-exc"}) {
    INFO(name);
    const std::string text = records::testing::ReadWhole(std::string(PARSHALL_TEST_DATA) +
                                                         "/samples/gunicorn/" + name + ".out.log");
    REQUIRE_FALSE(text.empty());
    TestRun run(Deduping(), {"a.log"}, InPieces(text, {1000, 7000}), {.threads = 2});
    run.Start();
    const RunResult result = run.Finish();
    const SourceTally tally = Only(run.pipeline->Scrape().ledger).tally;
    CHECK(testing::LinesRead(tally) == 274);
    CHECK(Of(tally, records::Outcome::kDuplicate) == 131);
    CHECK(Of(tally, records::Outcome::kMatched) == 143);
  }
}

}  // namespace
}  // namespace parshall::pipeline
