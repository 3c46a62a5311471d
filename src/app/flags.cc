#include "app/flags.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace parshall::app {
namespace {

constexpr std::array kCommands = {
    Command{"run", kRun, "[PATH|GLOB…]",
            "Read sources (none, or -: standard input) until they end, or SIGTERM (the default).",
            ""},
    Command{"check", kCheck, "[FILE…]",
            "Load configuration and rules, run every rule's examples, report every fault.", ""},
    Command{"explain", kExplain, "[LINE]",
            "For a line, or each line of standard input: the rules tried, the record, the metrics.",
            "explain takes one LINE; put it in single quotes"},
    Command{"verify", kVerify, "FILE…",
            "Count files from their beginning and compare with a running instance or its state.",
            ""},
    Command{"healthcheck", kHealthcheck, "",
            "Ask a running instance whether it is healthy, for containers: exit code 0 or 1.",
            "healthcheck takes no arguments; name another instance with --url"},
    Command{"generate", kGenerate, "PRODUCT",
            "Print a Grafana dashboard or a Prometheus rule file for the active rules: PRODUCT is "
            "dashboard, alerts or recording.",
            "generate makes one PRODUCT at a time: dashboard, alerts or recording",
            "dashboard|alerts|recording"},
    Command{"formats", kFormats, "", "The built-in formats, each with a sample line.",
            "formats takes no arguments"},
};

using Group = Flag::Group;

constexpr std::array kFlags = {
    Flag{Group::kInput, "once", "", "follow", "Read what is there and end, instead of following."},
    Flag{Group::kInput, "from", "beginning|end", "beginning",
         "Where to begin in files that are followed.", kRun, false, true, "beginning|end"},

    Flag{Group::kRules, "config", "FILE", "", "Read this configuration file (YAML).",
         kRun | kCheck | kExplain | kVerify | kHealthcheck | kGenerate},
    Flag{Group::kRules, "config.watch", "", "",
         "Reload when a file of --config or --rules changes, or one comes or goes in their "
         "folders."},
    Flag{Group::kRules, "format", "NAME|SERVER:STRING", "any of the default rules",
         "Expect lines of this format (`parshall formats` lists them), or of a server's own format "
         "string.",
         kRun | kCheck | kExplain | kVerify | kGenerate},
    Flag{Group::kRules, "rules", "FILE|DIR", "access, gunicorn, structlog and JSON",
         "Use these rules instead of the default ones.",
         kRun | kCheck | kExplain | kVerify | kGenerate, true},
    Flag{Group::kRules, "dedupe", "off|report|adjacent", "as the rules say",
         "Lines that their server wrote twice: say nothing, say so and count them, or count and "
         "write each pair once.",
         kRun | kVerify, false, true, "off|report|adjacent"},

    Flag{Group::kOutput, "output", "-|FILE|none", "-",
         "Where the records go: standard output, a file, nowhere."},
    Flag{Group::kOutput, "output.on-error", "pause|drop|exit", "pause",
         "When records cannot be written (a full disk): wait, drop and count them, or give up.",
         kRun, false, true, "pause|drop|exit"},
    Flag{
        Group::kOutput, "output.rotate-bytes", "N", "never",
        "At this size FILE becomes FILE.1 and the next begins; bytes, or with KiB, MiB, GiB, TiB."},
    Flag{Group::kOutput, "output.rotate-interval", "DURATION", "never",
         "At this age FILE becomes FILE.1 and the next begins; with s, m, h or d, as 24h."},
    Flag{Group::kOutput, "output.keep", "N", "5",
         "How many of FILE.1, FILE.2, … are kept, 1 to 1000; older ones are deleted."},
    Flag{Group::kOutput, "schema", "NAME", "flat",
         "How a record names its fields: flat, as the rules do, or ecs (Elastic Common Schema).",
         kRun | kExplain, false, true, "flat|ecs"},
    Flag{Group::kOutput, "metrics-file", "FILE|-", "",
         "Write the metrics here at the end, and on SIGUSR1; a file is replaced as a whole."},
    Flag{Group::kOutput, "state", "DIR", "",
         "Keep positions and counts here: after a crash the next run goes on where this one was.",
         kRun | kVerify},
    Flag{Group::kOutput, "url", "URL", "",
         "The running instance: http[s]://[USER:PASSWORD@]HOST:PORT or unix:/PATH.",
         kVerify | kExplain | kHealthcheck},
    Flag{Group::kOutput, "url.ca-file", "FILE", "the system's",
         "Whoever answers at https:// must have a certificate of these authorities (PEM).",
         kVerify | kExplain | kHealthcheck},
    Flag{Group::kOutput, "unmatched", "", "",
         "Ask a running instance (--url) which lines matched no rule.", kExplain},
    Flag{Group::kOutput, "state.interval", "DURATION", "1s",
         "How often they are brought to disk; at once when the program is stopped."},
    Flag{Group::kOutput, "json", "", "text", "Answer in JSON, for programs.", kExplain},
    Flag{Group::kOutput, "plans", "", "", "Show how each rule will run, and why.", kCheck},

    Flag{Group::kWeb, "web.listen-address", "ADDR|none", "127.0.0.1:19220",
         "Serve /metrics here: HOST:PORT, :PORT (every address), [IPV6]:PORT, unix:/PATH.",
         kRun | kHealthcheck, true},
    Flag{Group::kWeb, "web.enable-lifecycle", "", "",
         "Let POST /-/reload read configuration and rules anew, as SIGHUP does."},
    Flag{Group::kWeb, "web.config.file", "FILE", "",
         "TLS, passwords, headers and a rate limit, as in Prometheus's exporter-toolkit.",
         kRun | kCheck | kHealthcheck},

    Flag{Group::kLimits, "threads", "N", "1",
         "Threads that work on files, 1 to 64; one keeps up with any disk, more are for backlogs.",
         kRun | kVerify},
    Flag{Group::kLimits, "line-bytes-max", "N", "1MiB",
         "Cut longer lines and count them; bytes, or with KiB, MiB, GiB; at most 1GiB.",
         kRun | kExplain | kVerify},
    Flag{Group::kLimits, "series-max", "N", "1000000",
         "Greatest number of label sets of all metrics; what is beyond counts under __other__.",
         kRun | kVerify},

    Flag{Group::kGenerate, "job", "NAME", "parshall",
         "The job of parshall in Prometheus's scrape_configs.", kGenerate},
    Flag{Group::kGenerate, "datasource", "UID", "Grafana's default",
         "The Prometheus data source that the dashboard opens with.", kGenerate},
    Flag{Group::kGenerate, "slo.availability", "PERCENT", "99.9",
         "The share of requests that shall get no 5xx, from 50 to 99.9999.", kGenerate},
    Flag{Group::kGenerate, "slo.latency", "DURATION", "500ms, or the bound nearest to it",
         "What is longer counts as slow; a bound of a bucket of the durations, as 250ms.",
         kGenerate},
    Flag{Group::kGenerate, "slo.latency-target", "PERCENT", "99",
         "The share of requests that shall not be slow, from 50 to 99.9999.", kGenerate},

    Flag{Group::kLog, "log.level", "LEVEL", "info",
         "Least of the program's own messages: debug, info, warning, error.", kAny, false, true,
         "debug|info|warning|error"},
    Flag{Group::kLog, "log.format", "FORMAT", "logfmt",
         "Form of the program's own messages on standard error: logfmt, json.", kAny, false, true,
         "logfmt|json"},

    Flag{Group::kOther, "print-completion", "SHELL", "",
         "Print the completion script for this shell, bash, zsh or fish, and end.", kAny, false,
         false, "bash|zsh|fish"},
    Flag{Group::kOther, "print-man", "", "", "Print the manual page, parshall(1), and end.", kAny,
         false, false},
    Flag{Group::kOther, "version", "", "", "Print the version and end.", kAny, false, false},
    Flag{Group::kOther, "help", "", "", "Print this help and end.", kAny, false, false},
};

// How many letters must change (Levenshtein), in O(a·b).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::span<const Command> AllCommands() { return kCommands; }
std::span<const Flag> AllFlags() { return kFlags; }

const Command* FindCommand(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

const Flag* FindFlag(std::string_view name) {
  const auto found = std::find_if(kFlags.begin(), kFlags.end(),
                                  [&](const Flag& flag) { return flag.name == name; });
  return found == kFlags.end() ? nullptr : &*found;
}

std::string EnvironmentName(std::string_view flag) {
  std::string name = "PARSHALL_";
  for (const char c : flag) {
    const bool letter = c >= 'a' && c <= 'z';
    name += letter ? static_cast<char>(c - 'a' + 'A') : '_';
  }
  return name;
}

std::string NearestFlag(std::string_view typed) {
  // Nobody misspells a flag at such length, and the comparison is quadratic.
  if (typed.size() < 2 || typed.size() > 64) return {};
  std::string_view nearest;
  size_t fewest = std::max<size_t>(2, typed.size() / 3) + 1;
  for (const Flag& flag : kFlags) {
    const size_t distance = Distance(typed, flag.name);
    if (distance < fewest) {
      nearest = flag.name;
      fewest = distance;
    }
  }
  if (!nearest.empty() || typed.size() < 4) return std::string(nearest);
  for (const Flag& flag : kFlags) {
    const bool contains = flag.name.find(typed) != std::string_view::npos ||
                          typed.find(flag.name) != std::string_view::npos;
    if (contains && flag.name.size() > nearest.size()) nearest = flag.name;
  }
  return std::string(nearest);
}

}  // namespace parshall::app
