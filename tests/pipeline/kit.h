#pragma once
// A run of the real pipeline on input from memory: sources that hand out exactly what a script
// says, an output that is read back, and everything that was counted.

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "bytes/source_set.h"
#include "metrics/text_format.h"
#include "pipeline/pipeline.h"
#include "tests/records/kit.h"

namespace parshall::pipeline::testing {

// One thing that a source does.
struct Step {
  enum Kind : uint8_t {
    kBytes,
    kFileEnded,
    kEnded,
    kGone,
    kFailed,
    kIdle,
    kBlock,
    kPause
  } kind = kBytes;
  size_t source = 0;
  std::string text;  // kBytes; for kFailed the error
};

// Offers the steps one after the other. At a kBlock or a kPause it waits for Release() or Stop();
// behind a kBlock sources were idle, behind a kPause they were not.
class ScriptedSet : public bytes::SourceSet {
 public:
  ScriptedSet(std::vector<std::string> names, std::vector<Step> steps) : steps_(std::move(steps)) {
    for (std::string& name : names) {
      sources_.push_back(std::make_unique<Scripted>(this, std::move(name),
                                                    static_cast<uint32_t>(sources_.size())));
    }
  }

  bytes::Ready Next(int, bytes::Source** source) override {
    std::unique_lock lock(mutex_);
    if (stopped_) return bytes::Ready::kStopped;
    if (std::exchange(woken_, false)) return bytes::Ready::kWoken;
    if (at_ == steps_.size()) return bytes::Ready::kEnded;
    switch (steps_[at_].kind) {
      case Step::kIdle:
        ++at_;
        return bytes::Ready::kIdle;
      case Step::kBlock:
      case Step::kPause:
        blocked_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stopped_ || released_ || woken_; });
        if (stopped_) return bytes::Ready::kStopped;
        if (std::exchange(woken_, false)) return bytes::Ready::kWoken;
        blocked_ = released_ = false;
        return steps_[at_++].kind == Step::kBlock ? bytes::Ready::kIdle : bytes::Ready::kWoken;
      default:
        *source = sources_[steps_[at_].source].get();
        return bytes::Ready::kSource;
    }
  }
  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  std::vector<bytes::FilePosition> Positions() const override {
    std::vector<bytes::FilePosition> positions;
    for (const auto& source : sources_) {
      if (source->gone()) continue;
      bytes::FilePosition& position = positions.emplace_back();
      position.source = source->name();
      position.reader = source->index();
      position.offset = source->offset();
      position.file = source->file();
      position.current = true;
    }
    return positions;
  }
  std::vector<std::pair<std::string, bytes::FollowTally>> Tallies() const override { return {}; }
  std::vector<std::pair<std::string, bytes::FollowTally>> TakeForgotten() override { return {}; }
  bytes::WatchTally Watched() const override { return {}; }
  std::vector<std::string> TakeNotices() override { return {}; }

  // As a file that an earlier run has read to there.
  void BeginAt(size_t source, uint64_t offset) { sources_[source]->BeginAt(offset); }

  // Until the script stands at a kBlock or kPause.
  void WaitForBlock() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return blocked_; });
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    blocked_ = false;
    changed_.notify_all();
  }

 private:
  class Scripted : public bytes::Source {
   public:
    Scripted(ScriptedSet* set, std::string name, uint32_t index)
        : set_(set), name_(std::move(name)), index_(index) {}
    const std::string& name() const override { return name_; }
    uint32_t index() const override { return index_; }
    uint64_t offset() const { return offset_; }
    uint64_t file() const { return file_; }
    bool gone() const { return gone_; }
    void BeginAt(uint64_t offset) { offset_ = offset; }
    bytes::ReadResult Read(char* data, size_t size) override {
      const std::lock_guard lock(set_->mutex_);
      const Step& step = set_->steps_[set_->at_];
      if (step.kind == Step::kBytes) {
        const size_t taken = std::min(size, step.text.size() - taken_);
        std::memcpy(data, step.text.data() + taken_, taken);
        const bytes::ReadResult read{.status = bytes::ReadStatus::kBytes,
                                     .size = taken,
                                     .offset = offset_,
                                     .file = file_,
                                     .error = {}};
        offset_ += taken;
        taken_ += taken;
        if (taken_ == step.text.size()) {
          taken_ = 0;
          ++set_->at_;
        }
        return read;
      }
      ++set_->at_;
      bytes::ReadResult read;
      read.offset = offset_;
      read.file = file_;
      if (step.kind == Step::kFileEnded) {
        read.status = bytes::ReadStatus::kFileEnded;
        ++file_;
        offset_ = 0;
      } else if (step.kind == Step::kFailed) {
        read.status = bytes::ReadStatus::kFailed;
        read.error = step.text;
      } else {
        read.status = bytes::ReadStatus::kEnded;
        read.gone = step.kind == Step::kGone;
        gone_ = read.gone;
      }
      return read;
    }

   private:
    ScriptedSet* set_;
    std::string name_;
    uint32_t index_;
    size_t taken_ = 0;
    uint64_t offset_ = 0;
    uint64_t file_ = 0;
    bool gone_ = false;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Scripted>> sources_;
  std::vector<Step> steps_;
  size_t at_ = 0;
  bool blocked_ = false;
  bool released_ = false;
  bool stopped_ = false;
  bool woken_ = false;
};

// An output in memory.
class MemoryOutput {
 public:
  MemoryOutput() : fd_(::memfd_create("records", MFD_CLOEXEC)) {}
  std::unique_ptr<sinks::JsonLinesSink> Open() const {
    auto sink = sinks::JsonLinesSink::Open("/proc/self/fd/" + std::to_string(fd_.get()));
    if (!sink.ok()) std::abort();
    return std::move(*sink);
  }
  std::string Text() const {
    std::string text(static_cast<size_t>(::lseek(fd_.get(), 0, SEEK_END)), '\0');
    if (ReadSomeAt(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
      std::abort();
    return text;
  }

 private:
  Fd fd_;
};

inline int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The time of reading stands in for a missing one: it is made "now", so that runs can be compared.
inline std::string WithoutClock(std::string_view output, int64_t began) {
  constexpr std::string_view kKey = "\"@timestamp\":\"";
  std::string text;
  const int64_t ended = NowSeconds();
  for (size_t at = 0; at < output.size();) {
    const size_t key = output.find(kKey, at);
    if (key == std::string_view::npos) {
      text.append(output.substr(at));
      break;
    }
    const size_t value = key + kKey.size();
    text.append(output.substr(at, value - at));
    Moment moment;
    const bool parsed = ParseRfc3339(output.substr(value, kRfc3339MillisSize), &moment);
    if (parsed && moment.seconds >= began && moment.seconds <= ended) {
      text += "now";
      at = value + kRfc3339MillisSize;
    } else {
      at = value;
    }
  }
  return text;
}

// Floating sums depend on the order of the additions, in their last digits.
inline std::string WithRoundedSums(const std::string& metrics) {
  std::istringstream lines(metrics);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const size_t value = line.rfind(' ') + 1;
    if (line.find("_sum") != std::string::npos && line[0] != '#') {
      line = line.substr(0, value) + fmt::format("{:.9g}", std::stod(line.substr(value)));
    }
    text += line + "\n";
  }
  return text;
}

// Everything that a run leaves behind and that must not depend on how it was cut and shared.
struct RunResult {
  std::string output;
  std::string metrics;
  std::string ledger;
  std::vector<std::string> failures;
};

inline uint64_t LinesRead(const SourceTally& tally) {
  return tally.lines_framed - tally.lines_waiting;
}
inline uint64_t LinesWithOutcome(const SourceTally& tally) {
  uint64_t sum = 0;
  for (const uint64_t lines : tally.outcomes) sum += lines;
  return sum;
}

inline std::string ShowLedger(const Ledger& ledger) {
  std::string text;
  for (const Ledger::Source& source : ledger.sources) {
    text += source.name + ": bytes " + std::to_string(source.tally.bytes_read) + ", framed " +
            std::to_string(source.tally.lines_framed) + ", waiting " +
            std::to_string(source.tally.lines_waiting) + ", skipped " +
            std::to_string(source.tally.bytes_skipped) + ", twins " +
            std::to_string(source.tally.twins);
    for (size_t n = 0; n < records::kOutcomes; ++n) {
      text += ", " + std::string(records::OutcomeName(static_cast<records::Outcome>(n))) + " " +
              std::to_string(source.tally.outcomes[n]);
    }
    text += "\n";
  }
  for (size_t n = 0; n < ledger.rules.size() && n < ledger.matching.rules.size(); ++n) {
    if (ledger.matching.rules[n].matches == 0) continue;
    text += ledger.rules[n] + " " + std::to_string(ledger.matching.rules[n].matches) + " by plan " +
            std::to_string(ledger.matching.rules[n].plan_matches) + "\n";
  }
  return text + "lines " + std::to_string(ledger.matching.lines) + ", by regex " +
         std::to_string(ledger.matching.regex_lines) + ", records " +
         std::to_string(ledger.records.records) + ", bad times " +
         std::to_string(ledger.records.timestamp_errors) + ", continuations " +
         std::to_string(ledger.continuation_lines) + "\n";
}

// The rules that are active when none are named, with their metrics.
struct Rules {
  explicit Rules(rules::RuleSet rules) : set(std::move(rules)) {
    const auto outcome = records::CompileRules(set, metrics::WantedFields(set));
    if (!outcome.faults.empty()) {
      std::fputs(records::testing::ShowFaults(outcome.faults).c_str(), stderr);
      std::abort();
    }
    program = outcome.program;
  }
  std::shared_ptr<metrics::Store> NewStore() const {
    auto store = metrics::Store::Create(set);
    if (!store.ok()) std::abort();
    return std::move(*store);
  }
  rules::RuleSet set;
  std::shared_ptr<const records::RuleProgram> program;
};

inline const Rules& Shipped() {
  static const Rules rules(records::testing::ShippedRules());
  return rules;
}

// A pipeline with its script and output at hand.
struct TestRun {
  TestRun(const Rules& rules, std::vector<std::string> names, std::vector<Step> steps,
          PipelineOptions options)
      : began(NowSeconds()) {
    auto scripted = std::make_unique<ScriptedSet>(std::move(names), std::move(steps));
    set = scripted.get();
    pipeline = std::make_unique<Pipeline>(std::move(scripted), rules.program, rules.NewStore(),
                                          output.Open(), std::move(options));
  }

  void Start() { pipeline->Start({}); }
  RunResult Finish() {
    pipeline->Wait();
    RunResult result;
    result.output = WithoutClock(output.Text(), began);
    const Pipeline::Moment moment = pipeline->Scrape();
    metrics::AppendText(moment.snapshot, {}, &result.metrics);
    result.metrics = WithRoundedSums(result.metrics);
    result.ledger = ShowLedger(moment.ledger);
    result.failures = pipeline->failures();
    return result;
  }

  int64_t began;
  MemoryOutput output;
  ScriptedSet* set = nullptr;
  std::unique_ptr<Pipeline> pipeline;
};

inline RunResult RunAll(const Rules& rules, std::vector<std::string> names, std::vector<Step> steps,
                        PipelineOptions options) {
  TestRun run(rules, std::move(names), std::move(steps), options);
  run.Start();
  return run.Finish();
}

// One source called "a.log" whose text comes in pieces that end at these places.
inline std::vector<Step> InPieces(std::string_view text, const std::vector<size_t>& places) {
  std::vector<Step> steps;
  size_t from = 0;
  for (const size_t to : places) {
    if (to > from) steps.push_back({Step::kBytes, 0, std::string(text.substr(from, to - from))});
    from = std::max(from, to);
  }
  if (from < text.size()) steps.push_back({Step::kBytes, 0, std::string(text.substr(from))});
  steps.push_back({Step::kEnded, 0, {}});
  return steps;
}

}  // namespace parshall::pipeline::testing
