#include "app/settings_change.h"

#include <algorithm>

namespace parshall::app {
namespace {

bool AllFollowed(const Settings& settings) {
  return std::all_of(
      settings.sources.begin(), settings.sources.end(),
      [](const bytes::SourceSpec& source) { return source.path != "-" && !source.once; });
}

}  // namespace

bool SourcesChanged(const Settings& running, const Settings& wanted) {
  return !std::equal(running.sources.begin(), running.sources.end(), wanted.sources.begin(),
                     wanted.sources.end(),
                     [](const bytes::SourceSpec& x, const bytes::SourceSpec& y) {
                       return x.path == y.path && x.once == y.once && x.from_end == y.from_end;
                     });
}

bool CanChangeSources(const Settings& running, const Settings& wanted) {
  return AllFollowed(running) && AllFollowed(wanted);
}

bool OutputChanged(const Settings& running, const Settings& wanted) {
  const sinks::OutputOptions& a = running.output_options;
  const sinks::OutputOptions& b = wanted.output_options;
  return running.output != wanted.output || a.on_error != b.on_error ||
         a.rotate_bytes != b.rotate_bytes || a.rotate_interval != b.rotate_interval ||
         a.keep != b.keep;
}

std::vector<std::string> NeedRestart(const Settings& running, const Settings& wanted) {
  std::vector<std::string> waiting;
  const auto compare = [&waiting](bool same, const char* setting) {
    if (!same)
      waiting.push_back(std::string(setting) +
                        " has changed and needs a restart; it stays as it was until then");
  };
  compare(!SourcesChanged(running, wanted) || CanChangeSources(running, wanted),
          "`sources:` (with standard input, or something that is read once)");
  compare(running.state_dir == wanted.state_dir, "`state: dir:`");
  compare(running.state_interval_ms == wanted.state_interval_ms, "`state: interval:`");
  compare(running.listen_addresses == wanted.listen_addresses, "`web: listen_address:`");
  compare(running.lifecycle == wanted.lifecycle, "`web: enable_lifecycle:`");
  compare(running.threads == wanted.threads, "`threads:`");
  compare(running.line_bytes_max == wanted.line_bytes_max, "`line_bytes_max:`");
  compare(running.log_level == wanted.log_level, "`log: level:`");
  compare(running.log_format == wanted.log_format, "`log: format:`");
  return waiting;
}

}  // namespace parshall::app
