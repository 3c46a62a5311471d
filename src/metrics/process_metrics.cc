#include "metrics/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>

namespace parshall::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct Row {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

// By name, in the order of the exposition.
constexpr std::array<Row, 6> kRows = {{
    {"process_cpu_seconds_total", MetricType::Counter,
     "User and system CPU time spent in seconds."},
    {"process_max_fds", MetricType::Gauge, "Maximum number of open file descriptors."},
    {"process_open_fds", MetricType::Gauge, "Number of open file descriptors."},
    {"process_resident_memory_bytes", MetricType::Gauge, "Resident memory size in bytes."},
    {"process_start_time_seconds", MetricType::Gauge,
     "Start time of the process since the Unix epoch in seconds."},
    {"process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory size in bytes."},
}};

// A file of /proc as one string; empty if it cannot be read.
std::string ReadAll(const char* path) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
  close(fd);
  return text;
}

std::optional<double> NumberAt(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

// Field `number` of /proc/self/stat, counted from 1 as in proc(5). The name of the program (field
// 2) may hold blanks and brackets, so counting starts behind its last bracket.
std::optional<double> StatField(std::string_view stat, int number) {
  size_t at = stat.rfind(')');
  for (int field = 2; field < number; ++field) {
    if (at == std::string_view::npos) return std::nullopt;
    at = stat.find(' ', at + 1);
  }
  if (at == std::string_view::npos) return std::nullopt;
  return NumberAt(stat.substr(at + 1));
}

std::optional<double> BootTime() {
  const std::string text = ReadAll("/proc/stat");
  const size_t at = text.find("\nbtime ");
  if (at == std::string::npos) return std::nullopt;
  return NumberAt(std::string_view(text).substr(at + 7));
}

std::optional<double> StartTime(std::string_view stat) {
  static const std::optional<double> boot_time = BootTime();
  const std::optional<double> ticks = StatField(stat, 22);
  if (!boot_time || !ticks) return std::nullopt;
  return *boot_time + *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::optional<double> OpenFds() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  int count = 0;
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(folder);
  return count - 1;  // without the one that was reading
}

std::optional<double> MaxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

std::optional<double> CpuSeconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> Resident(std::string_view stat) {
  const std::optional<double> pages = StatField(stat, 24);
  if (!pages) return std::nullopt;
  return *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics() {
  const std::string stat = ReadAll("/proc/self/stat");
  const std::array<std::optional<double>, kRows.size()> values = {
      CpuSeconds(), MaxFds(), OpenFds(), Resident(stat), StartTime(stat), StatField(stat, 23)};
  std::vector<MetricFamily> families;
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (!values[i]) continue;
    MetricFamily family;
    family.name = kRows[i].name;
    family.help = kRows[i].help;
    family.type = kRows[i].type;
    family.metric.emplace_back();
    family.metric.back().counter.value = *values[i];
    family.metric.back().gauge.value = *values[i];
    families.push_back(std::move(family));
  }
  return families;
}

bool IsProcessMetric(std::string_view name) {
  return std::any_of(kRows.begin(), kRows.end(), [&](const Row& row) { return row.name == name; });
}

}  // namespace parshall::metrics
