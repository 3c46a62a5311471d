#pragma once
// Reads configuration and rules anew while the program runs: at SIGHUP, at POST /-/reload, and when
// watched files change. Everything is read, compiled and its examples run beside what runs; only if
// nothing is wrong with it does it take its place (Pipeline::Swap). Otherwise everything stays, and
// the log, the HTTP answer and parshall_config_last_reload_successful say so.

#include <prometheus/metric_family.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/api_explain.h"
#include "app/config_watch.h"
#include "app/load_rules.h"
#include "app/options.h"
#include "app/settings.h"
#include "base/fd.h"
#include "base/result.h"
#include "pipeline/pipeline.h"
#include "rules/config.h"

namespace parshall::app {

// Any thread, but for Start() and Stop(), which belong to the owner.
class Reloader {
 public:
  // `options`, `settings` and `config` are what the run began with; `pipeline` outlives this.
  // `explain` gets the rules of each reload that succeeds.
  Reloader(const Options& options, Settings settings, const rules::Config& config, uint64_t hash,
           pipeline::Pipeline* pipeline, std::shared_ptr<ApiExplain> explain);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Once the pipeline runs. Its thread serves Request() and the watched files.
  void Start();
  // A reload that is under way comes to its end first; later ones are refused.
  void Stop();

  // Returns at once; the reload follows.
  void Request();

  // Reloads and says how it came out, as an HTTP status and text that also stands in the log.
  struct Outcome {
    int status = 200;
    std::string text;  // ends with a newline
  };
  Outcome Reload(std::string_view asked_by);

  bool lifecycle() const { return lifecycle_; }
  // `config_hash` is that of the moment which is shown.
  std::vector<prometheus::MetricFamily> Families(uint64_t config_hash) const;

 private:
  // What is ready to take the place of what runs.
  struct Prepared {
    Settings settings;
    rules::Config config;
    pipeline::Change change;
    std::shared_ptr<const ExplainRules> explain;
    std::vector<std::string> warnings;
    std::string summary;
    std::vector<Error> faults;  // with any, nothing else counts
    bool output_failed = false;
    bool new_sources = false;
  };
  Outcome ReloadNow(std::string_view asked_by);
  Prepared Prepare();
  void OpenOutput(Prepared* prepared);
  Outcome Refuse(int status, std::string_view asked_by, const std::vector<Error>& faults);
  void Run();
  bool FilesAreOthers();
  std::vector<std::string> FilesToWatch(const rules::Config& config) const;

  const Options options_;
  const bool lifecycle_;
  pipeline::Pipeline* const pipeline_;
  const std::shared_ptr<ApiExplain> explain_;

  std::mutex mutex_;  // one reload at a time; guards what follows
  Settings running_;
  rules::Config config_;
  uint64_t tried_hash_;  // of the files as the last reload, or the start, found them
  bool started_ = false;
  bool stopped_ = false;

  ConfigWatch watch_;  // of the thread
  Fd wake_;
  std::atomic<bool> asked_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  std::atomic<bool> last_successful_{true};
  std::atomic<int64_t> last_success_ms_;
  std::atomic<uint64_t> succeeded_{0};
  std::atomic<uint64_t> failed_{0};
};

}  // namespace parshall::app
