#pragma once
// What the tests of the output share: folders and files of their own, a file size limit that comes
// and goes, a small file system, and waiting for a condition.

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sinks/json_lines_sink.h"
#include "tests/records/kit.h"

namespace parshall::sinks::testing {

using records::testing::ReadWhole;

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/parshall-sink-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void WriteWhole(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// "n" of what is there; "-" where there is no such file.
inline std::string Content(const std::string& path) {
  return std::filesystem::exists(path) ? ReadWhole(path) : "-";
}

template <typename Condition>
[[nodiscard]] bool Becomes(Condition condition, int seconds = 20) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Files of this process may not grow beyond it, until it goes. Works without being root.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);  // as the program does at its start
    ::getrlimit(RLIMIT_FSIZE, &before_);
    Set(bytes);
  }
  ~FileSizeLimit() { Lift(); }
  void Set(uint64_t bytes) {
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  void Lift() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

// A file system of 64 KiB, where the machine lets us mount one.
class SmallDisk {
 public:
  SmallDisk() {
    mounted_ = ::geteuid() == 0 && ::mount("tmpfs", dir_.path().c_str(), "tmpfs",
                                           MS_NOSUID | MS_NODEV, "size=64k") == 0;
    if (!mounted_) WARN("skipped: mounting a small tmpfs needs root and the right to mount");
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string operator/(const std::string& file) const { return dir_ / file; }
  // Takes what is free, but for some bytes.
  void Fill(const std::string& file) const {
    const Fd fd(::open((dir_ / file).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4096, 'x');
    while (::write(fd.get(), block.data(), block.size()) > 0) {
    }
  }

 private:
  TempDir dir_;
  bool mounted_;
};

// {"n":0}, {"n":1}, … each on a line.
inline std::string Records(int from, int to) {
  std::string text;
  for (int n = from; n < to; ++n) text += "{\"n\":" + std::to_string(n) + "}\n";
  return text;
}

inline std::unique_ptr<JsonLinesSink> OpenSink(
    const std::string& path, const OutputOptions& options = {},
    const std::optional<OutputPosition>& resume = std::nullopt) {
  auto sink = JsonLinesSink::Open(path, options, resume);
  if (!sink.ok()) FAIL(sink.error().ToString());
  return std::move(*sink);
}

// Retries soon, looks each time.
inline OutputOptions Quick(OnError on_error = OnError::kPause) {
  OutputOptions options;
  options.on_error = on_error;
  options.retry_first = options.retry_most = std::chrono::milliseconds(1);
  options.look_interval = std::chrono::milliseconds(0);
  options.reopen_delay = std::chrono::milliseconds(0);
  return options;
}

}  // namespace parshall::sinks::testing
