#pragma once
// What the tests of sources need: a directory that goes away again, plain words for what happens to
// log files, and a reader that drives a SourceSet and writes down what each source said.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "bytes/identity.h"
#include "bytes/source_set.h"

namespace parshall::bytes {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bytes_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    REQUIRE(n > 0);
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// A writer that keeps its descriptor, as a server does across a rename.
inline Fd OpenLog(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  REQUIRE(fd.valid());
  return fd;
}
inline void Append(const std::string& path, std::string_view text) {
  WriteAll(OpenLog(path).get(), text);
}
inline void Rename(const std::string& from, const std::string& to) {
  REQUIRE(::rename(from.c_str(), to.c_str()) == 0);
}
inline void Delete(const std::string& path) { REQUIRE(::unlink(path.c_str()) == 0); }
inline void MakeFifo(const std::string& path) { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }

inline void Truncate(const std::string& path) { REQUIRE(::truncate(path.c_str(), 0) == 0); }

// As many rounds as usual, times the environment's PARSHALL_ROUNDS.
inline int Rounds(int usual) {
  const char* const times = std::getenv("PARSHALL_ROUNDS");
  return times == nullptr ? usual : usual * std::max(1, std::atoi(times));
}

// All text without the marks of files' ends.
inline std::string Plain(std::string text) {
  for (size_t at; (at = text.find("<next>")) != std::string::npos;) text.erase(at, 6);
  return text;
}

inline std::string Gzip(std::string_view text) {
  z_stream z = {};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  std::string in(text);
  z.next_in = reinterpret_cast<unsigned char*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<unsigned char*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

// Puts another file under descriptor 0 for a while.
class StdinFrom {
 public:
  explicit StdinFrom(int fd) : saved_(Duplicate(0)) { REQUIRE(::dup2(fd, 0) == 0); }
  ~StdinFrom() {
    if (saved_.valid()) {
      ::dup2(saved_.get(), 0);
    } else {
      ::close(0);
    }
  }
  StdinFrom(const StdinFrom&) = delete;
  StdinFrom& operator=(const StdinFrom&) = delete;

 private:
  Fd saved_;
};

inline std::unique_ptr<SourceSet> OpenSet(std::vector<SourceSpec> specs, SetOptions options = {}) {
  auto set = SourceSet::Open(std::move(specs), options);
  INFO((set.ok() ? std::string() : set.error().ToString()));
  REQUIRE(set.ok());
  return *std::move(set);
}

// What the set says about one source, and about a path.
inline FollowTally TallyOf(const SourceSet& set, const std::string& source) {
  for (const auto& [name, tally] : set.Tallies()) {
    if (name == source) return tally;
  }
  return {};
}
inline FileIdentity IdentityOf(const std::string& path) {
  FileStat stat;
  REQUIRE(StatPath(path, &stat) == 0);
  return stat.identity;
}

// What a source said, as text: its bytes, "<next>" where a file ended, "<end>", "<failed: why>".
// Checks on the way that offsets and file numbers leave no gap.
class Reader {
 public:
  explicit Reader(SourceSet& set, size_t read_bytes = 64 * 1024)
      : set_(set), buffer_(read_bytes, 0) {}

  // One Next(), and one Read() if there is something.
  Ready Step(int timeout_ms) {
    Source* source = nullptr;
    const Ready ready = set_.Next(timeout_ms, &source);
    if (ready != Ready::kSource) return ready;
    REQUIRE(source != nullptr);
    const ReadResult result = source->Read(buffer_.data(), buffer_.size());
    State& state = states_[source->name()];
    state.index = source->index();
    order_.push_back(source->name());
    switch (result.status) {
      case ReadStatus::kBytes:
        REQUIRE(result.size > 0);
        REQUIRE(result.size <= buffer_.size());
        // from_end, an earlier run and the hole of a stale writer let a file begin anywhere.
        if (!state.begun) state.offset = result.offset;
        state.begun = true;
        CHECK(result.offset == state.offset);
        CHECK(result.file == state.file);
        state.offset += result.size;
        state.text.append(buffer_.data(), result.size);
        break;
      case ReadStatus::kNothing:
        break;
      case ReadStatus::kFileEnded:
        CHECK(result.file == state.file);
        state.text += "<next>";
        ++state.file;
        state.offset = 0;
        state.begun = false;
        break;
      case ReadStatus::kEnded:
        state.text += "<end>";
        // Should the name come back, it is another source.
        if (result.gone) state = {.text = std::move(state.text)};
        break;
      case ReadStatus::kFailed:
        state.text += "<failed: " + result.error + ">";
        break;
    }
    return ready;
  }

  // Until the condition holds; false after ten seconds.
  bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      const Ready ready = Step(20);
      if (ready == Ready::kEnded || ready == Ready::kStopped) return condition();
    }
    return true;
  }
  void UntilText(const std::string& source, const std::string& text) {
    Until([&] { return states_[source].text.size() >= text.size(); });
    CHECK(states_[source].text == text);
  }
  // Until nothing is said any more.
  void Drain() {
    while (Step(0) == Ready::kSource) {
    }
  }
  bool UntilNotice(const std::string& part) {
    return Until([&] {
      for (std::string& notice : set_.TakeNotices()) notices_.push_back(std::move(notice));
      return CountNotices(part) > 0;
    });
  }
  size_t CountNotices(const std::string& part) {
    for (std::string& notice : set_.TakeNotices()) notices_.push_back(std::move(notice));
    size_t count = 0;
    for (const std::string& notice : notices_) count += notice.find(part) != std::string::npos;
    return count;
  }

  const std::string& text(const std::string& source) { return states_[source].text; }
  uint64_t file(const std::string& source) { return states_[source].file; }
  uint64_t offset(const std::string& source) { return states_[source].offset; }
  uint32_t index(const std::string& source) { return states_[source].index; }
  bool knows(const std::string& source) const { return states_.contains(source); }
  std::vector<std::string>& order() { return order_; }

 private:
  struct State {
    std::string text;
    uint64_t offset = 0;
    uint64_t file = 0;
    uint32_t index = 0;
    bool begun = false;
  };
  SourceSet& set_;
  std::vector<char> buffer_;
  std::map<std::string, State> states_;
  std::vector<std::string> order_;
  std::vector<std::string> notices_;
};

}  // namespace parshall::bytes
