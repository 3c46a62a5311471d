#include "app/reload.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "app/examples.h"
#include "app/settings_change.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/service_notify.h"

namespace parshall::app {
namespace {

// How long a reload waits for the lines in hand. They are done with in milliseconds, unless the
// output is stuck; a client that asked over HTTP, and scrapes behind it, should not wait for that.
constexpr std::chrono::milliseconds kPatience{5000};
// Editors and deployments write in several steps: a change counts once nothing has moved for so
// long, or after the longer time.
constexpr int kQuietMs = 100;
constexpr int kQuietLooksMax = 20;
// All of them are in the HTTP answer.
constexpr size_t kFaultsLogged = 100;

int64_t UnixMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

prometheus::MetricFamily Family(const char* name, const char* help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

prometheus::MetricFamily Gauge(const char* name, const char* help, double value) {
  prometheus::MetricFamily family = Family(name, help, prometheus::MetricType::Gauge);
  family.metric.emplace_back().gauge.value = value;
  return family;
}

std::string Counted(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

Reloader::Reloader(const Options& options, Settings settings, const rules::Config& config,
                   uint64_t hash, pipeline::Pipeline* pipeline, std::shared_ptr<ApiExplain> explain)
    : options_(options),
      lifecycle_(settings.lifecycle),
      pipeline_(pipeline),
      explain_(std::move(explain)),
      running_(std::move(settings)),
      config_(config),
      tried_hash_(hash),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      last_success_ms_(UnixMillis()) {}

Reloader::~Reloader() { Stop(); }

void Reloader::Start() {
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  thread_ = std::thread([this] { Run(); });
}

void Reloader::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_ = true;
  const uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  if (thread_.joinable()) thread_.join();
}

void Reloader::Request() {
  asked_ = true;
  const uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
}

Reloader::Prepared Reloader::Prepare() {
  Prepared prepared;
  ConfigResult loaded = LoadConfig(options_);
  tried_hash_ = loaded.config.text_hash;
  prepared.faults = std::move(loaded.faults);
  if (!prepared.faults.empty()) return prepared;
  prepared.config = std::move(loaded.config);
  Result<Settings> settings = MergeSettings(options_, prepared.config);
  if (!settings.ok()) {
    prepared.faults.push_back(settings.error());
    return prepared;
  }
  prepared.settings = std::move(*settings);
  ActiveRules active = LoadRules(options_, prepared.config);
  tried_hash_ = active.hash;
  if (active.faults.empty()) {
    // What examples count must not be seen: they run into a store of their own.
    Result<std::shared_ptr<metrics::Store>> scratch =
        metrics::Store::Create(active.set, prepared.config.labels);
    if (scratch.ok()) {
      std::shared_ptr<metrics::Store> store = std::exchange(active.store, std::move(*scratch));
      CheckExamples(active, &active.faults);
      active.store = std::move(store);
    } else {
      active.faults.push_back(scratch.error());
    }
  }
  prepared.faults = std::move(active.faults);
  if (!prepared.faults.empty()) return prepared;
  for (const Error& warning : active.warnings) prepared.warnings.push_back(warning.ToString());
  for (std::string& sentence : NeedRestart(running_, prepared.settings))
    prepared.warnings.push_back(std::move(sentence));
  prepared.summary = Counted(active.set.rules.size(), "rule") + ", " +
                     Counted(active.set.metrics.size(), "metric");
  prepared.explain = std::make_shared<const ExplainRules>(ExplainRules{
      std::move(active.set), active.program, prepared.config.labels, prepared.settings.schema});
  prepared.change.program = std::move(active.program);
  prepared.change.store = std::move(active.store);
  prepared.change.schema = prepared.settings.schema;
  prepared.change.config_hash = active.hash;
  if (SourcesChanged(running_, prepared.settings) &&
      CanChangeSources(running_, prepared.settings)) {
    prepared.new_sources = true;
    prepared.change.open_sources =
        [specs = prepared.settings.sources](std::vector<bytes::FilePosition> positions) {
          return bytes::SourceSet::Open(specs, {.resume = std::move(positions)});
        };
  }
  if (OutputChanged(running_, prepared.settings)) OpenOutput(&prepared);
  return prepared;
}

// The last thing that can fail: it makes a file.
void Reloader::OpenOutput(Prepared* prepared) {
  if (prepared->settings.output == "none") {
    prepared->change.output.emplace(nullptr);
    return;
  }
  // Whether a snapshot relies on it is not what a reload decides.
  prepared->settings.output_options.durable = running_.output_options.durable;
  Result<std::unique_ptr<sinks::JsonLinesSink>> opened =
      sinks::JsonLinesSink::Open(prepared->settings.output, prepared->settings.output_options);
  if (opened.ok()) {
    prepared->change.output.emplace(std::move(*opened));
  } else {
    prepared->faults.push_back(opened.error());
    prepared->output_failed = true;
  }
}

Reloader::Outcome Reloader::Reload(std::string_view asked_by) {
  const std::lock_guard lock(mutex_);
  if (!started_ || stopped_)
    return {503, "parshall is starting or stopping; nothing is reloaded\n"};
  // A service manager is told the first line of the outcome, which goes on standing there.
  NotifyService(ReloadingMessage());
  Outcome outcome = ReloadNow(asked_by);
  const size_t first_line = std::min(outcome.text.find('\n'), outcome.text.size());
  NotifyService("READY=1\n" + StatusMessage(std::string_view(outcome.text).substr(0, first_line)));
  return outcome;
}

// Under mutex_.
Reloader::Outcome Reloader::ReloadNow(std::string_view asked_by) {
  Prepared prepared = Prepare();
  if (!prepared.faults.empty())
    return Refuse(prepared.output_failed ? 500 : 400, asked_by, prepared.faults);
  Result<std::vector<std::string>> swapped = pipeline_->Swap(std::move(prepared.change), kPatience);
  if (!swapped.ok()) return Refuse(500, asked_by, {swapped.error()});
  explain_->Use(std::move(prepared.explain));

  if (OutputChanged(running_, prepared.settings) && prepared.settings.output != running_.output) {
    LogInfo("records go to {} from now on", Quoted(prepared.settings.output));
  }
  if (prepared.new_sources) {
    std::string names;
    for (const bytes::SourceSpec& source : prepared.settings.sources)
      names += (names.empty() ? "" : ", ") + Quoted(source.path);
    LogInfo("read from now on: {}", names);
    running_.sources = prepared.settings.sources;
  }
  running_.output = prepared.settings.output;
  running_.output_options = prepared.settings.output_options;
  running_.schema = prepared.settings.schema;
  config_ = std::move(prepared.config);
  last_successful_ = true;
  last_success_ms_ = UnixMillis();
  ++succeeded_;
  Outcome outcome{200, "reloaded: " + prepared.summary + "\n"};
  LogInfo("reloaded ({}): {}", asked_by, prepared.summary);
  for (std::vector<std::string>* sentences : {&*swapped, &prepared.warnings}) {
    for (const std::string& sentence : *sentences) {
      LogWarning("{}", sentence);
      outcome.text += sentence + "\n";
    }
  }
  return outcome;
}

Reloader::Outcome Reloader::Refuse(int status, std::string_view asked_by,
                                   const std::vector<Error>& faults) {
  last_successful_ = false;
  ++failed_;
  const std::string first = "not reloaded, the old configuration keeps running; there " +
                            std::string(faults.size() == 1 ? "is " : "are ") +
                            Counted(faults.size(), "fault");
  Outcome outcome{status, first + ":\n"};
  LogError("{} ({})", first, asked_by);
  size_t logged = 0;
  for (const Error& fault : faults) {
    if (++logged <= kFaultsLogged) LogError("{}", fault.ToString());
    outcome.text += fault.ToString() + "\n";
  }
  if (logged > kFaultsLogged) {
    LogError("and {} more; `parshall check` shows all of them", logged - kFaultsLogged);
  }
  return outcome;
}

std::vector<std::string> Reloader::FilesToWatch(const rules::Config& config) const {
  std::vector<std::string> paths = options_.rules;
  if (options_.config) paths.push_back(*options_.config);
  if (options_.rules.empty() && config.rules) {
    for (const rules::ConfigRules& entry : *config.rules) {
      if (!entry.inline_file) paths.push_back(entry.path);
    }
  }
  return paths;
}

// Whether the files hold anything else than at the last attempt: a file that was only touched, or
// that was loaded already because somebody asked, is not loaded again. Also says what to watch from
// now on.
bool Reloader::FilesAreOthers() {
  const ConfigResult loaded = LoadConfig(options_);
  const std::lock_guard lock(mutex_);
  if (!loaded.faults.empty()) return tried_hash_ != loaded.config.text_hash;
  config_.rules = loaded.config.rules;
  return HashOfFiles(options_, loaded.config) != tried_hash_;
}

void Reloader::Run() {
  const bool watching = options_.config_watch.value_or(false);
  const auto watch = [this] {
    std::vector<std::string> files;
    {
      const std::lock_guard lock(mutex_);
      files = FilesToWatch(config_);
    }
    watch_.Watch(std::move(files));
  };
  bool look = watching;  // something may have changed since the start read the files
  if (watching) watch();
  while (!stopping_) {
    if (asked_.exchange(false)) Reload("SIGHUP");
    if (look && FilesAreOthers()) {
      Reload("the files have changed");
      watch();
      look = FilesAreOthers();  // changed once more, before they were watched
      continue;
    }
    look = false;
    pollfd waits[] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                      {.fd = watching ? watch_.fd() : -1, .events = POLLIN, .revents = 0}};
    ::poll(waits, 2, watching ? ConfigWatch::kLookMs : -1);
    uint64_t rings;
    static_cast<void>(!::read(wake_.get(), &rings, sizeof rings));
    if (!watching || stopping_ || !watch_.Look()) continue;
    look = true;
    for (int looks = 0; looks < kQuietLooksMax && !stopping_; ++looks) {
      ::poll(waits, 1, kQuietMs);  // a stop or a SIGHUP ends the pause
      if (!watch_.Look()) break;
    }
  }
}

std::vector<prometheus::MetricFamily> Reloader::Families(uint64_t config_hash) const {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(Gauge("parshall_config_hash",
                           "Tells configurations apart: another number is another text of "
                           "configuration or rules.",
                           static_cast<double>(config_hash)));
  families.push_back(Gauge("parshall_config_last_reload_successful",
                           "1 if the last reload of configuration and rules succeeded, or there "
                           "was none; 0 if it failed and the old ones keep running.",
                           last_successful_ ? 1 : 0));
  families.push_back(Gauge("parshall_config_last_reload_success_timestamp_seconds",
                           "When configuration and rules were last read successfully, as Unix "
                           "time.",
                           static_cast<double>(last_success_ms_) / 1e3));
  prometheus::MetricFamily reloads = Family(
      "parshall_config_reloads_total", "Reloads of configuration and rules, by how they came out.",
      prometheus::MetricType::Counter);
  for (const auto& [result, count] :
       {std::pair{"success", &succeeded_}, std::pair{"failure", &failed_}}) {
    prometheus::ClientMetric& metric = reloads.metric.emplace_back();
    metric.label.push_back({"result", result});
    metric.counter.value = static_cast<double>(count->load());
  }
  families.push_back(std::move(reloads));
  return families;
}

}  // namespace parshall::app
