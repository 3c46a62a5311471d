// The real pipeline with the shipped rules on scripted input. What comes out must not depend on how
// the input was cut, on how many workers shared it, or on who looked on.

#include "pipeline/pipeline.h"

#include <fcntl.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

#include "tests/pipeline/corpus.h"
#include "tests/pipeline/kit.h"

namespace parshall::pipeline {
namespace {

using testing::CorpusEntries;
using testing::InPieces;
using testing::kCorpusLineBytesMax;
using testing::LinesRead;
using testing::LinesWithOutcome;
using testing::RunAll;
using testing::RunResult;
using testing::Shipped;
using testing::Step;
using testing::TestRun;

#if defined(__SANITIZE_THREAD__)
constexpr size_t kCutEvery = 23;  // threads cost much there
#else
constexpr size_t kCutEvery = 1;
#endif

const PipelineOptions kSmallLines{.threads = 1, .line_bytes_max = kCorpusLineBytesMax};

PipelineOptions Threads(size_t threads) {
  return {.threads = threads, .line_bytes_max = kCorpusLineBytesMax};
}

std::vector<nlohmann::json> Records(const std::string& output) {
  std::vector<nlohmann::json> records;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

void RequireSame(const RunResult& got, const RunResult& want) {
  REQUIRE((got.output == want.output));  // not printed: it is long
  REQUIRE(got.ledger == want.ledger);
  REQUIRE(got.metrics == want.metrics);
  REQUIRE(got.failures.empty());
}

// Ends at random places, most pieces small.
std::vector<size_t> RandomPlaces(std::mt19937_64* random, size_t size, size_t piece_max) {
  std::vector<size_t> places;
  for (size_t at = 0; at < size;) {
    at += 1 + (*random)() % piece_max;
    places.push_back(std::min(at, size));
  }
  return places;
}

uint64_t SumOf(const metrics::Snapshot& snapshot, std::string_view name) {
  uint64_t sum = 0;
  for (const metrics::Family& family : snapshot.families()) {
    if (family.name != name) continue;
    snapshot.ForEachRow(family, [&](const metrics::Row& row) {
      sum += family.kind == rules::MetricKind::kHistogram
                 ? metrics::ObservationCount(family, row.cells)
                 : static_cast<uint64_t>(*snapshot.ValueOf(name, row.series->labels));
    });
  }
  return sum;
}

}  // namespace

TEST_CASE("Each line of the corpus has its outcome and its record") {
  const RunResult run =
      RunAll(Shipped(), {"a.log"}, InPieces(testing::WholeCorpus(), {}), kSmallLines);
  CHECK(run.failures.empty());
  const std::string corpus = testing::WholeCorpus();
  const auto lines = static_cast<size_t>(std::count(corpus.begin(), corpus.end(), '\n')) + 1;
  CHECK(lines == 37);
  // Counted by hand. Oversized: the two long lines. Unmatched: "this is no log line", the empty
  // one, the invalid bytes, Docker's "other" and CRI's "plain text". All others are matched.
  CHECK(run.ledger.find("a.log: bytes " + std::to_string(corpus.size()) +
                        ", framed 37, waiting 0, skipped ") == 0);
  CHECK(run.ledger.find(
            "matched 30, unmatched 5, oversized 2, dropped 0, rejected 0, duplicate 0\n") !=
        std::string::npos);
  // One for the event with the chained traceback (10 lines more), one for the indented (2 more),
  // one in the container (2 more); 3 + 2 lines were pieces of two.
  const std::vector<nlohmann::json> records = Records(run.output);
  CHECK(records.size() == 37 - 10 - 2 - 2 - 1 - 1);
  CHECK(records[6]["message"] ==
        "Error handling request /\nTraceback (most recent call last):\n  File \"/srv/app.py\", "
        "line 3, in f\n    raise KeyError(1)\nKeyError: 1\n\nDuring handling of the above "
        "exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "
        "\"/srv/app.py\", line 9, in g\nValueError: boom");
  CHECK(records[7]["message"] == "indented things follow\n\tone\n  two");
  for (const nlohmann::json& record : records) CHECK(record["source"] == "a.log");
  // What was cut into pieces is whole again, and later than the line that came between.
  CHECK(records[11]["message"] == "other");
  CHECK(records[12]["request"] == "GET /pieces HTTP/1.0");
  CHECK(records[12]["stream"] == "stderr");
  CHECK(records[13]["request"] == "GET /cri HTTP/1.0");
  CHECK(records[15]["message"] == "boom\nTraceback (most recent call last):\nValueError: x");
  CHECK(records[15]["stream"] == "stderr");
  CHECK(records[16]["syslog_host"] == "web");
  CHECK(records[17]["outcome"] == "oversized");
  CHECK(records[17]["message"].get<std::string>().size() == kCorpusLineBytesMax);
  CHECK(records.back()["path"] == "/last");
  CHECK(run.metrics.find("http_requests_total{method=\"GET\",status=\"503\"} 1\n") !=
        std::string::npos);
  CHECK(run.metrics.find("http_requests_total{method=\"GET\",status=\"200\"} 6\n") !=
        std::string::npos);
  CHECK(run.metrics.find("log_events_total{logger=\"app\",level=\"warning\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("Cutting the input at any byte gives the same records and counts") {
  const std::string corpus = testing::WholeCorpus();
  const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}), kSmallLines);
  for (size_t at = 1; at < corpus.size(); at += kCutEvery) {
    INFO("cut at byte " << at);
    RequireSame(RunAll(Shipped(), {"a.log"}, InPieces(corpus, {at}), kSmallLines), want);
  }
  std::vector<size_t> each_byte;
  for (size_t at = 1; at <= corpus.size(); ++at) each_byte.push_back(at);
  RequireSame(RunAll(Shipped(), {"a.log"}, InPieces(corpus, each_byte), kSmallLines), want);
}

TEST_CASE("Any number of workers gives the same records in the same order") {
  std::mt19937_64 random(31);
  for (int round = 0; round < 15; ++round) {
    const std::string corpus = testing::RandomCorpus(&random, 600);
    const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}), kSmallLines);
    for (const size_t threads : std::initializer_list<size_t>{1, 2, 4}) {
      INFO(round << ": " << threads << " threads");
      const size_t piece_max = round % 2 ? 300 : 5000;
      RequireSame(RunAll(Shipped(), {"a.log"},
                         InPieces(corpus, RandomPlaces(&random, corpus.size(), piece_max)),
                         Threads(threads)),
                  want);
    }
  }
}

TEST_CASE("Several sources do not mix their lines, events or pieces") {
  std::mt19937_64 random(32);
  for (int round = 0; round < 4; ++round) {
    // Three files, two of which are rotated once, read in turns.
    std::vector<std::string> names = {"stdin", "b.log", "c.log"};
    std::vector<Step> steps;
    std::vector<std::vector<Step>> own(3);
    for (size_t source = 0; source < 3; ++source) {
      for (int file = 0; file < (source == 0 ? 1 : 2); ++file) {
        const std::string text = testing::RandomCorpus(&random, 60) + "half a line";
        for (Step& step : InPieces(text, RandomPlaces(&random, text.size(), 400))) {
          if (step.kind == Step::kEnded) step.kind = Step::kFileEnded;
          step.source = source;
          own[source].push_back(std::move(step));
        }
      }
      own[source].back().kind = Step::kEnded;
    }
    std::vector<size_t> at(3, 0);
    for (size_t left = own[0].size() + own[1].size() + own[2].size(); left > 0;) {
      const size_t source = random() % 3;
      if (at[source] == own[source].size()) continue;
      steps.push_back(own[source][at[source]++]);
      --left;
    }
    const RunResult want = RunAll(Shipped(), names, steps, kSmallLines);
    // Each source for itself: the same records, whatever the others do.
    const std::vector<nlohmann::json> records = Records(want.output);
    for (size_t source = 0; source < 3; ++source) {
      std::vector<nlohmann::json> mine;
      for (const nlohmann::json& record : records) {
        const std::string name = record.value("source", "stdin");
        if (name == names[source]) mine.push_back(record);
      }
      std::vector<Step> alone = own[source];
      for (Step& step : alone) step.source = 0;
      CHECK(mine == Records(RunAll(Shipped(), {names[source]}, alone, kSmallLines).output));
    }
    for (const size_t threads : std::initializer_list<size_t>{2, 4}) {
      INFO(round << ": " << threads << " threads");
      RequireSame(RunAll(Shipped(), names, steps, Threads(threads)), want);
    }
  }
}

TEST_CASE("At every scrape the ledger balances and counters agree with histograms") {
  std::mt19937_64 random(33);
  // Only requests that have a size, so that each is in both metrics.
  std::string corpus;
  for (size_t n = 0; n < 8000; ++n) {
    corpus += CorpusEntries()[random() % (CorpusEntries().size() - 1)];
  }
  for (const size_t threads : std::initializer_list<size_t>{1, 4}) {
    TestRun run(Shipped(), {"a.log"}, InPieces(corpus, RandomPlaces(&random, corpus.size(), 2000)),
                Threads(threads));
    std::atomic<bool> done{false};
    run.pipeline->Start([&done] { done = true; });
    uint64_t scrapes = 0, lines_before = 0, bytes_before = 0;
    bool last = false;
    while (!last) {
      last = done;  // once more when all is done
      const Pipeline::Moment moment = run.pipeline->Scrape();
      ++scrapes;
      for (const Ledger::Source& source : moment.ledger.sources) {
        INFO(testing::ShowLedger(moment.ledger));
        REQUIRE(LinesRead(source.tally) == LinesWithOutcome(source.tally));
        REQUIRE(LinesRead(source.tally) >= lines_before);
        REQUIRE(source.tally.bytes_read >= bytes_before);
        lines_before = LinesRead(source.tally);
        bytes_before = source.tally.bytes_read;
      }
      REQUIRE(SumOf(moment.snapshot, "http_requests_total") ==
              SumOf(moment.snapshot, "http_response_size_bytes"));
      REQUIRE(SumOf(moment.snapshot, "http_requests_total") <= lines_before);
    }
    run.pipeline->Wait();
    CHECK(scrapes > 3);
    CHECK(bytes_before == corpus.size());
    CHECK(lines_before == static_cast<uint64_t>(std::count(corpus.begin(), corpus.end(), '\n')));
  }
}

TEST_CASE("A reader that takes nothing stops the workers and no scrape") {
  std::mt19937_64 random(34);
  const std::string corpus = testing::RandomCorpus(&random, 4000);
  const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}), kSmallLines);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  Fd reader(ends[0]);
  auto sink = sinks::JsonLinesSink::Open("/proc/self/fd/" + std::to_string(ends[1]));
  REQUIRE(sink.ok());
  ::close(ends[1]);
  const int64_t began = testing::NowSeconds();
  std::string got;
  std::thread slow_reader;
  {
    Pipeline pipeline(std::make_unique<testing::ScriptedSet>(
                          std::vector<std::string>{"a.log"},
                          InPieces(corpus, RandomPlaces(&random, corpus.size(), 3000))),
                      Shipped().program, Shipped().NewStore(), std::move(*sink), Threads(4));
    std::atomic<bool> done{false};
    pipeline.Start([&done] { done = true; });
    // The pipe is full and one worker writes, when nothing is read any more.
    uint64_t bytes = 0;
    for (int same = 0; same < 20;) {
      const Pipeline::Moment moment = pipeline.Scrape();
      const uint64_t now =
          moment.ledger.sources.empty() ? 0 : moment.ledger.sources[0].tally.bytes_read;
      same = now == bytes && now > 0 ? same + 1 : 0;
      bytes = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    CHECK_FALSE(done);
    CHECK(bytes < corpus.size());
    std::thread scraper([&] {
      while (!done) pipeline.Scrape();
    });
    slow_reader = std::thread([&] {
      char block[4096];
      for (ssize_t size; (size = ReadSome(reader.get(), block, sizeof block)) > 0;) {
        got.append(block, static_cast<size_t>(size));
      }
    });
    pipeline.Wait();
    scraper.join();
    CHECK(pipeline.failures().empty());
    CHECK(testing::ShowLedger(pipeline.Scrape().ledger) == want.ledger);
  }
  slow_reader.join();  // the pipeline has closed its end
  CHECK((testing::WithoutClock(got, began) == want.output));
}

TEST_CASE("A reader that went away ends the run, which says so") {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does at its start
  std::mt19937_64 random(35);
  const std::string corpus = testing::RandomCorpus(&random, 2000);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  auto sink = sinks::JsonLinesSink::Open("/proc/self/fd/" + std::to_string(ends[1]));
  REQUIRE(sink.ok());
  ::close(ends[1]);
  ::close(ends[0]);
  std::vector<Step> steps = InPieces(corpus, RandomPlaces(&random, corpus.size(), 3000));
  steps.back() = {Step::kBlock, 0, {}};  // the source itself would never end
  Pipeline pipeline(
      std::make_unique<testing::ScriptedSet>(std::vector<std::string>{"a.log"}, steps),
      Shipped().program, Shipped().NewStore(), std::move(*sink), Threads(4));
  pipeline.Start({});
  pipeline.Wait();
  REQUIRE(pipeline.failures().size() == 1);
  CHECK(pipeline.failures()[0].find("the reader of the records went away") != std::string::npos);
}

TEST_CASE("Stop ends a run in its middle: what was read is counted and written") {
  std::mt19937_64 random(36);
  for (const size_t threads : std::initializer_list<size_t>{1, 4}) {
    const std::string corpus = testing::RandomCorpus(&random, 300);
    std::vector<Step> steps =
        InPieces(corpus + "half a line", RandomPlaces(&random, corpus.size(), 700));
    steps.back() = {Step::kBlock, 0, {}};
    TestRun run(Shipped(), {"a.log"}, steps, Threads(threads));
    run.Start();
    run.set->WaitForBlock();
    run.pipeline->Stop();
    const RunResult got = run.Finish();
    // A file's half line waits for its other half, in another run; it is neither read nor lost.
    RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}), kSmallLines);
    CHECK((got.output == want.output));
    CHECK(got.metrics == want.metrics);
    const Ledger ledger = run.pipeline->Scrape().ledger;
    CHECK(ledger.sources[0].tally.lines_waiting == 0);
    CHECK(LinesRead(ledger.sources[0].tally) == LinesWithOutcome(ledger.sources[0].tally));
    CHECK(ledger.sources[0].tally.bytes_read == corpus.size() + 11);
  }
}

TEST_CASE("Destroying a pipeline that runs stops it") {
  std::vector<Step> steps = InPieces(testing::WholeCorpus(), {});
  steps.back() = {Step::kBlock, 0, {}};
  TestRun run(Shipped(), {"a.log"}, steps, Threads(2));
  run.Start();
  run.set->WaitForBlock();
  run.pipeline.reset();
  CHECK(Records(run.output.Text()).size() > 10);
}

TEST_CASE("Pieces wait without an outcome until their line is whole") {
  const std::vector<Step> steps = {
      {Step::kBytes, 0, "2000-10-10T20:55:36.5Z stdout P hel\n"},
      {Step::kBytes, 0, "2000-10-10T20:55:36.5Z stdout P lo\n"},
      {Step::kBlock, 0, {}},
      {Step::kBytes, 0, "2000-10-10T20:55:36.5Z stdout F !\n"},
      {Step::kBlock, 0, {}},
      {Step::kBytes, 0, "2000-10-10T20:55:36.5Z stderr P never ends\n"},
      {Step::kEnded, 0, {}},
  };
  TestRun run(Shipped(), {"a.log"}, steps, Threads(2));
  run.Start();
  const auto tally_when = [&run](auto&& reached) {
    while (true) {
      const Ledger ledger = run.pipeline->Scrape().ledger;
      if (!ledger.sources.empty() && reached(ledger.sources[0].tally)) {
        return ledger.sources[0].tally;
      }
      std::this_thread::yield();
    }
  };
  const SourceTally waiting =
      tally_when([](const SourceTally& tally) { return tally.lines_framed == 2; });
  CHECK(waiting.lines_waiting == 2);
  CHECK(LinesRead(waiting) == 0);
  CHECK(LinesWithOutcome(waiting) == 0);
  run.set->WaitForBlock();
  run.set->Release();
  // Not when three are framed: the third may be read while the second one's worker still writes.
  const SourceTally whole = tally_when([](const SourceTally& tally) {
    CHECK(LinesRead(tally) == LinesWithOutcome(tally));
    return LinesRead(tally) != 0;
  });
  CHECK(whole.lines_framed == 3);
  CHECK(whole.lines_waiting == 0);
  CHECK(LinesRead(whole) == 3);
  CHECK(whole.outcomes[static_cast<size_t>(records::Outcome::kUnmatched)] == 3);
  run.set->WaitForBlock();
  run.set->Release();
  const RunResult result = run.Finish();
  const std::vector<nlohmann::json> records = Records(result.output);
  REQUIRE(records.size() == 2);
  CHECK(records[0]["message"] == "hello!");
  CHECK(records[1]["message"] == "never ends");  // at the end of its file
  CHECK(result.ledger.find("framed 4, waiting 0") != std::string::npos);
}

TEST_CASE("An event waits for its next line until nothing comes for a while") {
  const std::string event = "[2000-10-10 13:55:37 +0000] [7] [ERROR] boom\n";
  const std::vector<Step> steps = {
      {Step::kBytes, 0, event},    {Step::kBytes, 0, " one\n"},   {Step::kIdle, 0, {}},
      {Step::kBytes, 0, " two\n"}, {Step::kBytes, 1, event},      {Step::kIdle, 0, {}},
      {Step::kBytes, 0, event},    {Step::kFileEnded, 0, {}},     {Step::kBytes, 0, " three\n"},
      {Step::kBytes, 0, event},    {Step::kBytes, 1, " other\n"}, {Step::kBytes, 0, " four\n"},
      {Step::kEnded, 1, {}},       {Step::kEnded, 0, {}}};
  for (const size_t threads : std::initializer_list<size_t>{1, 3}) {
    const RunResult run = RunAll(Shipped(), {"a.log", "b.log"}, steps, Threads(threads));
    std::string seen;
    for (const nlohmann::json& record : Records(run.output)) {
      seen += record["source"].get<std::string>().substr(0, 1) + ":" +
              record["message"].get<std::string>() + "|";
    }
    CHECK(seen == "a:boom\n one|a: two|b:boom|a:boom|a: three|b: other|a:boom\n four|");
  }
}

TEST_CASE("A joined event is bounded, the lines beyond are counted") {
  std::string text = "[2000-10-10 13:55:37 +0000] [7] [ERROR] boom\n";
  for (int n = 0; n < 100; ++n) text += "    a line of fifty bytes, with the blanks before it..\n";
  const RunResult run = RunAll(Shipped(), {"a.log"}, InPieces(text, {}), kSmallLines);
  const std::vector<nlohmann::json> records = Records(run.output);
  REQUIRE(records.size() == 1);
  const auto joined = records[0]["message"].get<std::string>();
  CHECK(joined.size() < kCorpusLineBytesMax);
  const auto kept = static_cast<uint64_t>(std::count(joined.begin(), joined.end(), '\n'));
  CHECK(kept >= 8);
  CHECK(run.ledger.find(", matched " + std::to_string(1 + kept) + ", unmatched 0, oversized " +
                        std::to_string(100 - kept) + ",") != std::string::npos);
  CHECK(run.ledger.find("continuations 100\n") != std::string::npos);
}

TEST_CASE("A source that fails is named, the others go on") {
  const std::vector<Step> steps = {{Step::kBytes, 0, "one\nha"},
                                   {Step::kFailed, 0, "the disk is gone"},
                                   {Step::kBytes, 1, "two\n"},
                                   {Step::kEnded, 1, {}}};
  const RunResult run = RunAll(Shipped(), {"a.log", "b.log"}, steps, Threads(2));
  REQUIRE(run.failures.size() == 1);
  CHECK(run.failures[0] == "a.log: the disk is gone");
  std::string messages;
  for (const nlohmann::json& record : Records(run.output)) {
    messages += record["message"].get<std::string>() + " ";
  }
  CHECK(messages == "one ha two ");
}

TEST_CASE("Dropped lines and values of a wrong type have outcomes of their own") {
  const testing::Rules rules(records::testing::RulesOf(R"yaml(
rules:
  - {name: health, drop: true, pattern: '^GET /health'}
  - name: request
    event: request
    pattern: '^(?P<method>[A-Z]+) (?P<path>\S+) (?P<size>\S+)$'
    fields: {size: int}
metrics:
  - {name: requests_total, kind: counter, help: Requests., event: request}
)yaml"));
  std::string text;
  for (int n = 0; n < 50; ++n) text += "GET /x 5\nGET /health 1\nGET /y five\n???\n";
  for (const size_t threads : std::initializer_list<size_t>{1, 4}) {
    std::vector<size_t> places;
    for (size_t at = 7; at < text.size(); at += 7) places.push_back(at);
    const RunResult run = RunAll(rules, {"a.log"}, InPieces(text, places), Threads(threads));
    CHECK(run.ledger.find(
              "matched 50, unmatched 50, oversized 0, dropped 50, rejected 50, duplicate 0\n") !=
          std::string::npos);
    CHECK(run.metrics.find("requests_total 50\n") != std::string::npos);
    const std::vector<nlohmann::json> records = Records(run.output);
    REQUIRE(records.size() == 150);
    CHECK(records[1]["size"] == "five");
  }
}

TEST_CASE("Transforms drop whole events by reason, and samples leave metrics as they are") {
  const testing::Rules rules(records::testing::RulesOf(R"yaml(
rules:
  - name: error
    multiline: true
    pattern: '^(?P<level>ERROR|DEBUG) (?P<text>.*)$'
    transforms: [{drop: {level: DEBUG}, reason: debug}]
  - name: request
    event: request
    pattern: '^(?P<method>[A-Z]+) (?P<path>\S+) (?P<size>\d+)$'
    fields: {size: int}
    sample: {one_in: 1000000000}
metrics:
  - {name: requests_total, kind: counter, help: Requests., event: request}
  - {name: errors_total, kind: counter, help: Errors., event: log}
)yaml"));
  std::string text;
  for (int n = 0; n < 50; ++n) {
    text += "ERROR a\n  kept\nDEBUG b\n  gone\n  gone\nGET /x 5\n  odd\n";
  }
  for (const size_t threads : std::initializer_list<size_t>{1, 4}) {
    std::vector<size_t> places;
    for (size_t at = 5; at < text.size(); at += 5) places.push_back(at);
    const RunResult run = RunAll(rules, {"a.log"}, InPieces(text, places), Threads(threads));
    CHECK(run.ledger.find(
              "matched 150, unmatched 50, oversized 0, dropped 150, rejected 0, duplicate 0\n") !=
          std::string::npos);
    CHECK(run.metrics.find("requests_total 50\n") != std::string::npos);
    CHECK(run.metrics.find("errors_total 50\n") != std::string::npos);
    const std::vector<nlohmann::json> records = Records(run.output);
    REQUIRE(records.size() == 100);
    CHECK(records[0]["continuation"] == "  kept");
    CHECK(records[1]["outcome"] == "unmatched");
  }
}

TEST_CASE("Without an output everything is counted all the same") {
  std::mt19937_64 random(37);
  const std::string corpus = testing::RandomCorpus(&random, 400);
  const RunResult want = RunAll(Shipped(), {"a.log"}, InPieces(corpus, {}), kSmallLines);
  Pipeline pipeline(std::make_unique<testing::ScriptedSet>(
                        std::vector<std::string>{"a.log"},
                        InPieces(corpus, RandomPlaces(&random, corpus.size(), 900))),
                    Shipped().program, Shipped().NewStore(), nullptr, Threads(3));
  pipeline.Start({});
  pipeline.Wait();
  const Pipeline::Moment moment = pipeline.Scrape();
  std::string metrics;
  metrics::AppendText(moment.snapshot, {}, &metrics);
  CHECK(testing::WithRoundedSums(metrics) == want.metrics);
  const std::string ledger = testing::ShowLedger(moment.ledger);
  CHECK(ledger.substr(0, ledger.find('\n')) == want.ledger.substr(0, want.ledger.find('\n')));
  CHECK(moment.ledger.output_bytes == 0);
}

TEST_CASE("No source at all is a run that ends") {
  const RunResult run = RunAll(Shipped(), {}, {}, Threads(4));
  CHECK(run.output.empty());
  CHECK(run.failures.empty());
}

}  // namespace parshall::pipeline
