// parshall [run]: reads the sources until they end or somebody asks to stop.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "app/commands.h"
#include "app/endpoints.h"
#include "app/heartbeat.h"
#include "app/load_rules.h"
#include "app/reload.h"
#include "app/run_state.h"
#include "app/settings.h"
#include "app/web_access.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/service_notify.h"
#include "bytes/path_pattern.h"
#include "bytes/source_set.h"
#include "pipeline/pipeline.h"

namespace parshall::app {
namespace {

// To a temporary beside it and renamed over it, so that nobody reads half of it.
Status WriteMetricsFile(const std::string& path, const std::string& body) {
  if (path == "-") {
    std::string_view rest = body;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0)
        return Fail("the metrics cannot be written: " + ErrnoText(errno), "standard output");
      rest.remove_prefix(static_cast<size_t>(written));
    }
    return Ok();
  }
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  const auto fail = [&](const char* what) -> Status {
    const int error = errno;
    ::unlink(temporary.c_str());
    return Fail(std::string(what) + ErrnoText(error), path);
  };
  Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.valid()) return Fail("the metrics cannot be written: " + ErrnoText(errno), path);
  std::string_view rest = body;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("the metrics cannot be written: ");
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(file.get()) != 0) return fail("the metrics cannot be written: ");
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail("the metrics file cannot be replaced: ");
  return Ok();
}

// A file that cannot be written is better known before a day's logs were read.
Status CheckMetricsFile(const std::string& path) {
  if (path.empty() || path == "-") return Ok();
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return Fail("this is a folder, not a file for metrics", path);
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  if (::access(folder.c_str(), W_OK) != 0)
    return Fail("the metrics cannot be written: " + ErrnoText(errno), path);
  return Ok();
}

// The signals that the main thread waits for; blocked before any thread starts, so that all inherit
// it.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A reader that goes away is an error of write(), with a sentence, not a death.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // so is a limit on the size of files
  return signals;
}

// A run that says nothing because nothing comes is told from one that waits for a misspelt file.
void TellWhatIsWaitedFor(const std::vector<bytes::SourceSpec>& sources) {
  for (const bytes::SourceSpec& source : sources) {
    if (source.path == "-") {
      if (::isatty(STDIN_FILENO) != 0) LogInfo("reading from the terminal; Ctrl-D ends it");
      continue;
    }
    if (source.once || ::access(source.path.c_str(), F_OK) == 0) continue;
    if (bytes::IsGlob(source.path)) {
      const Result<std::vector<std::string>> matches = bytes::ExpandGlob(source.path);
      if (!matches.ok() || !matches->empty()) continue;
      LogWarning("no file matches {} yet; waiting for one", Quoted(source.path));
    } else if (source.path.find_first_of("./") == std::string::npos) {
      LogWarning("there is no file {} yet, and no such command; waiting for the file",
                 Quoted(source.path));
    } else {
      LogWarning("there is no file {} yet; waiting for it", Quoted(source.path));
    }
  }
}

void LogNotices(pipeline::Pipeline& pipeline) {
  for (const std::string& notice : pipeline.TakeNotices()) {
    LogLimited(LogLevel::kWarning, "source", {}, "{}", notice);
  }
  if (const std::optional<std::string> trouble = pipeline.TakeStateTrouble()) {
    LogLimited(LogLevel::kError, "state", {}, "the state was not saved and will be tried again: {}",
               *trouble);
  }
}

int64_t SteadyMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Waits for the end, answering signals. The workers' end arrives as a byte in `done`.
void WaitForEnd(int signals, int done, const Settings& settings, Exposition& exposition,
                pipeline::Pipeline& pipeline, Reloader& reloader);

}  // namespace

int RunCommand(const Options& options, const rules::Config& config) {
  const Result<Settings> merged = MergeSettings(options, config);
  if (!merged.ok()) {
    PrintFaults({merged.error()});
    return kExitWrong;
  }
  const Settings& settings = *merged;
  InitLog(settings.log_level, settings.log_format);
  ActiveRules active = LoadRules(options, config);
  if (!active.faults.empty()) {
    PrintFaults(active.faults);
    return kExitWrong;
  }
  for (const Error& warning : active.warnings) LogWarning("{}", warning.ToString());
  if (const Status writable = CheckMetricsFile(settings.metrics_file); !writable.ok()) {
    PrintFaults({writable.error()});
    return kExitWrong;
  }

  std::unique_ptr<WebAccess> web;
  std::shared_ptr<const http::Access> first_access;
  if (!settings.web_config_file.empty()) {
    WebAccessOutcome loaded = LoadWebAccess(settings.web_config_file);
    if (!loaded.faults.empty()) {
      PrintFaults(loaded.faults);
      return kExitWrong;
    }
    first_access = loaded.access;
    web = std::make_unique<WebAccess>(settings.web_config_file, std::move(loaded));
  }

  const sigset_t signal_set = BlockSignals();
  Fd signals(::signalfd(-1, &signal_set, SFD_CLOEXEC | SFD_NONBLOCK));
  int ends[2];
  if (!signals.valid() || ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    PrintFaults({Fail("cannot wait for signals: " + ErrnoText(errno))});
    return kExitFailed;
  }
  const Fd done_reader(ends[0]);
  const Fd done_writer(ends[1]);

  std::unique_ptr<RunState> state;
  std::optional<state::Snapshot> recovered;
  if (!settings.state_dir.empty()) {
    Result<std::unique_ptr<RunState>> opened = RunState::Open(settings.state_dir);
    if (!opened.ok()) {
      PrintFaults({opened.error()});
      return kExitWrong;
    }
    state = std::move(*opened);
    for (const std::string& notice : state->notices()) LogWarning("{}", notice);
    recovered = state->TakeRecovered();
  }
  Result<std::unique_ptr<bytes::SourceSet>> sources = bytes::SourceSet::Open(
      settings.sources,
      {.resume = recovered ? recovered->files : std::vector<bytes::FilePosition>()});
  if (!sources.ok()) {
    PrintFaults({sources.error()});
    return kExitWrong;
  }
  std::unique_ptr<sinks::JsonLinesSink> sink;
  if (settings.output != "none") {
    Result<std::unique_ptr<sinks::JsonLinesSink>> opened = sinks::JsonLinesSink::Open(
        settings.output, settings.output_options, recovered ? recovered->output : std::nullopt);
    if (!opened.ok()) {
      PrintFaults({opened.error()});
      return kExitWrong;
    }
    sink = std::move(*opened);
  }
  pipeline::CommitSnapshot commit;
  if (state != nullptr) {
    commit = [&state](state::Snapshot& snapshot) { return state->Commit(snapshot); };
  }
  pipeline::Pipeline pipeline(std::move(*sources), active.program, active.store, std::move(sink),
                              {.threads = settings.threads,
                               .line_bytes_max = settings.line_bytes_max,
                               .schema = settings.schema,
                               .commit = std::move(commit),
                               .state_interval_ms = settings.state_interval_ms,
                               .config_hash = active.hash});
  if (recovered) {
    LogInfo("going on from {}, generation {}", Quoted(settings.state_dir), recovered->generation);
    for (const std::string& notice : pipeline.Restore(std::move(*recovered))) {
      LogWarning("{}", notice);
    }
  }
  const auto explain = std::make_shared<ApiExplain>();
  explain->Use(std::make_shared<const ExplainRules>(
      ExplainRules{active.set, active.program, config.labels, settings.schema}));
  Reloader reloader(options, settings, config, active.hash, &pipeline, explain);
  Exposition exposition(&pipeline, state.get());
  exposition.SetReloader(&reloader);
  std::unique_ptr<http::Server> server;
  if (!settings.listen_addresses.empty()) {
    Result<std::unique_ptr<http::Server>> started =
        StartServer(settings.listen_addresses, SourceOf(web.get()), &exposition, explain);
    if (started.ok()) {
      server = std::move(*started);
      WarnOfOpenDoors(server->addresses(), first_access.get());
      exposition.SetServer(server.get());
      for (const std::string& address : server->addresses()) {
        Log(LogLevel::kInfo, {{"address", address}}, "metrics are at {}",
            UrlOf(address, first_access.get()));
      }
    } else if (settings.once && !settings.listen_asked_for) {
      // A second program that reads a file once should not fail for an address nobody asked for.
      LogWarning("no metrics are served: {}", started.error().ToString());
    } else {
      PrintFaults({started.error()});
      return kExitWrong;
    }
  }

  if (const Status committed = pipeline.CommitFirst(); !committed.ok()) {
    if (settings.output_options.on_error == sinks::OnError::kExit) {
      PrintFaults({committed.error()});
      return kExitFailed;
    }
    LogWarning("{}; nothing is read or written before the state is kept; it is tried again",
               committed.error().ToString());
  }
  TellWhatIsWaitedFor(settings.sources);
  const int done_fd = done_writer.get();
  pipeline.Start([done_fd] {
    const char byte = 1;
    static_cast<void>(!::write(done_fd, &byte, 1));  // the pipe is empty: it fits
  });
  reloader.Start();
  exposition.SetReady(true);
  NotifyService("READY=1\n" +
                StatusMessage("reading " + std::to_string(settings.sources.size()) +
                              (settings.sources.size() == 1 ? " source" : " sources")));
  WaitForEnd(signals.get(), done_reader.get(), settings, exposition, pipeline, reloader);
  NotifyService("STOPPING=1\n" + StatusMessage("writing what was read"));
  exposition.SetReady(false);
  reloader.Stop();
  pipeline.Wait();
  LogNotices(pipeline);

  int exit_code = kExitDone;
  if (!settings.metrics_file.empty()) {
    const Status written = WriteMetricsFile(settings.metrics_file, exposition.Text());
    if (!written.ok()) {
      LogError("{}", written.error().ToString());
      exit_code = kExitFailed;
    }
  }
  for (const std::string& failure : pipeline.failures()) {
    LogError("{}", failure);
    exit_code = kExitFailed;
  }
  if (server != nullptr) server->Stop();
  exposition.SetServer(nullptr);
  FlushLogLimits(true);
  return exit_code;
}

namespace {

void WaitForEnd(int signals, int done, const Settings& settings, Exposition& exposition,
                pipeline::Pipeline& pipeline, Reloader& reloader) {
  constexpr int kNoticesEveryMs = 1000;
  Heartbeat heartbeat(WatchdogMillis(ProcessEnvironment(), ::getpid()));
  const int look_every_ms = heartbeat.look_every_ms(kNoticesEveryMs);
  while (true) {
    pollfd waits[] = {{.fd = signals, .events = POLLIN, .revents = 0},
                      {.fd = done, .events = POLLIN, .revents = 0}};
    ::poll(waits, 2, look_every_ms);
    if (heartbeat.Due(pipeline.pulse(), SteadyMillis())) NotifyService("WATCHDOG=1\n");
    LogNotices(pipeline);
    FlushLogLimits();
    if (waits[1].revents != 0) return;
    signalfd_siginfo info;
    while (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      switch (info.ssi_signo) {
        case SIGUSR1:
          if (settings.metrics_file.empty()) {
            LogWarning("SIGUSR1 writes the metrics to a file; name one with --metrics-file");
          } else if (const Status written =
                         WriteMetricsFile(settings.metrics_file, exposition.Text());
                     !written.ok()) {
            LogError("{}", written.error().ToString());
          }
          break;
        case SIGUSR2:
          pipeline.RequestReopen();
          break;
        case SIGHUP:
          reloader.Request();
          break;
        default:
          LogInfo("asked to stop by {}", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
          NotifyService("STOPPING=1\n" + StatusMessage("writing what was read"));
          pipeline.Stop();
      }
    }
  }
}

}  // namespace
}  // namespace parshall::app
