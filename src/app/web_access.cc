#include "app/web_access.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "app/web_config_reader.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/quoted.h"

namespace parshall::app {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;
// Two writes within one tick of the file system's clock may have the same stamp.
constexpr int64_t kSettledAfterNs = 100'000'000;

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

FileStamp StampOf(const std::string& path, const struct stat& status) {
  return {path,
          status.st_dev,
          status.st_ino,
          status.st_size,
          Nanoseconds(status.st_mtim),
          Nanoseconds(status.st_ctim)};
}

FileStamp Stamp(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {.path = path};
  return StampOf(path, status);
}

// The stamp is taken before the reading: a change in between then shows at the next look.
Result<std::string> ReadFile(const std::string& path, std::vector<FileStamp>* stamps) {
  stamps->push_back(Stamp(path));
  const Fd file = OpenForReading(path);
  if (!file.valid()) {
    if (errno == ENOENT) return Fail("there is no such file", path);
    return Fail("cannot open this file: " + ErrnoText(errno), path);
  }
  struct stat status;
  // Nothing here may wait, since the thread that serves reads it.
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Fail("this is no regular file", path);
  }
  std::string text(kFileBytesMax + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ReadSome(file.get(), text.data() + size, text.size() - size);
    if (count < 0) return Fail("cannot read this file: " + ErrnoText(errno), path);
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > kFileBytesMax) return Fail("the file is larger than 1 MiB", path);
  text.resize(size);
  return text;
}

}  // namespace

WebAccessOutcome LoadWebAccess(const std::string& path) {
  WebAccessOutcome outcome;
  Result<std::string> text = ReadFile(path, &outcome.stamps);
  if (!text) {
    outcome.faults.push_back(text.error());
    return outcome;
  }
  WebConfigOutcome read = ReadWebConfig(path, *text);
  outcome.faults = std::move(read.faults);
  outcome.warnings = std::move(read.warnings);
  outcome.contents = std::move(*text);
  if (read.config.tls) {
    http::TlsSettings& tls = *read.config.tls;
    for (http::Pem* pem : {&tls.cert, &tls.key, &tls.client_ca}) {
      if (pem->name.empty() || !pem->text.empty()) continue;
      Result<std::string> part = ReadFile(pem->name, &outcome.stamps);
      if (!part) {
        outcome.faults.push_back(part.error());
        continue;
      }
      outcome.contents.append(1, '\0').append(*part);
      pem->text = std::move(*part);
    }
  }
  if (!outcome.faults.empty()) return outcome;
  Result<std::shared_ptr<const http::Access>> access = http::MakeAccess(read.config);
  if (!access) {
    outcome.faults.push_back(access.error());
    return outcome;
  }
  outcome.access = std::move(*access);
  if (outcome.access->tls != nullptr) {
    for (const Error& warning : outcome.access->tls->warnings()) {
      outcome.warnings.push_back(warning);
    }
  }
  return outcome;
}

std::string Describe(const http::Access& access) {
  std::string text = "plain HTTP";
  if (access.tls != nullptr)
    text = access.verifies_clients ? "TLS with client certificates" : "TLS";
  const size_t users = access.users.size();
  text += users == 0   ? ", no password"
          : users == 1 ? ", 1 user"
                       : ", " + std::to_string(users) + " users";
  if (access.rate_limit) text += ", a rate limit";
  return text;
}

bool IsOpen(const http::Access& access) { return access.users.empty() && !access.verifies_clients; }

WebAccess::WebAccess(std::string path, WebAccessOutcome first) : path_(std::move(path)) {
  Take(std::move(first));
}

std::shared_ptr<const http::Access> WebAccess::Current() {
  const bool same = std::all_of(stamps_.begin(), stamps_.end(),
                                [](const FileStamp& stamp) { return Stamp(stamp.path) == stamp; });
  if (!same || !settled_) Take(LoadWebAccess(path_));
  return access_;
}

void WebAccess::Take(WebAccessOutcome outcome) {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  settled_ = std::all_of(outcome.stamps.begin(), outcome.stamps.end(), [&](const FileStamp& stamp) {
    return std::abs(Nanoseconds(now) - stamp.changed_ns) > kSettledAfterNs;
  });
  const bool first = access_ == nullptr;
  const bool changed = outcome.contents != contents_ || outcome.stamps.size() != stamps_.size();
  stamps_ = std::move(outcome.stamps);
  contents_ = std::move(outcome.contents);
  if (!changed) return;
  for (const Error& fault : outcome.faults) {
    LogLimited(LogLevel::kError, "web", {}, "the web configuration stays as it was: {}",
               fault.ToString());
  }
  for (const Error& warning : outcome.warnings) {
    LogLimited(LogLevel::kWarning, "web", {}, "{}", warning.ToString());
  }
  if (outcome.access == nullptr) return;
  access_ = std::move(outcome.access);
  if (!first)
    LogInfo("the web configuration {} was read anew: {}", Quoted(path_), Describe(*access_));
}

http::AccessSource SourceOf(WebAccess* web) {
  if (web == nullptr) return {};
  return [web] { return web->Current(); };
}

std::string UrlOf(const std::string& address, const http::Access* access) {
  if (address.starts_with("unix:")) return address;
  const bool secure = access != nullptr && access->tls != nullptr;
  return (secure ? "https://" : "http://") + address + "/metrics";
}

void WarnOfOpenDoors(const std::vector<std::string>& addresses, const http::Access* access) {
  if (access != nullptr && IsOpen(*access) == false) return;
  for (const std::string& address : addresses) {
    if (!address.starts_with("[::]:") && !address.starts_with("0.0.0.0:")) continue;
    LogWarning(LogContext{{"address", address}},
               "whoever reaches this machine can read the metrics, and samples of log lines; ask "
               "for a password with --web.config.file, or listen on 127.0.0.1");
    return;
  }
}

}  // namespace parshall::app
