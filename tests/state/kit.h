#pragma once
// What the tests of the state share: a directory that goes away again, snapshots out of a seed with
// hostile strings in them, and all of a snapshot as text, to compare two.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "state/commit.h"
#include "state/encode.h"
#include "state/recover.h"
#include "state/snapshot.h"
#include "state/state_dir.h"

namespace parshall::state {

// In memory where there is a place for it: these tests sync some thousand times.
class TempDir {
 public:
  TempDir() {
    const bool has_memory = ::access("/dev/shm", W_OK | X_OK) == 0;
    std::string pattern =
        (has_memory ? std::string("/dev/shm") : std::filesystem::temp_directory_path().string()) +
        "/state_XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = std::filesystem::canonical(pattern).string();
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void WriteFile(const std::string& path, std::string_view bytes, mode_t mode = 0600) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  REQUIRE(file.good());
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline bool IsThere(const std::string& path) {
  struct stat stat = {};
  return ::lstat(path.c_str(), &stat) == 0;
}

inline size_t CountTemporaries(const std::string& path) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    count += entry.path().filename().string().starts_with(kTemporaryPrefix);
  }
  return count;
}

inline std::string Encoded(const Snapshot& snapshot) {
  Buffer bytes;
  const Status status = Encode(snapshot, bytes);
  INFO((status ? std::string() : status.error().ToString()));
  REQUIRE(status.ok());
  return std::string(bytes.view());
}

class SnapshotMaker {
 public:
  explicit SnapshotMaker(uint64_t seed) : random_(seed) {}

  Snapshot Make() {
    Snapshot s;
    s.generation = Number();
    s.taken_ms = static_cast<int64_t>(Number());
    Fill(s.files, [&] {
      return bytes::FilePosition{Text(),   Identity(), {Number32(), Number()},
                                 Number(), Number(),   Coin()};
    });
    Fill(s.sources, [&] { return Source(); });
    Fill(s.rules, [&] { return std::pair(Text(), MakeCounters()); });
    s.totals = MakeCounters();
    Fill(s.metrics.families, [&] { return Family(); });
    Fill(s.metrics.groups, [&] { return Group(); });
    if (Coin()) s.output = sinks::OutputPosition{Text(), Identity(), Number()};
    return s;
  }

 private:
  uint64_t Number() {
    constexpr uint64_t kSpecial[] = {0, 1, 255, 256, UINT32_MAX, uint64_t{1} << 63, UINT64_MAX};
    return Coin() ? random_() : kSpecial[random_() % std::size(kSpecial)];
  }
  uint32_t Number32() { return static_cast<uint32_t>(Number()); }
  uint8_t Number8() { return static_cast<uint8_t>(Number()); }
  bool Coin() { return random_() % 2 == 0; }
  std::string Text() {
    const std::string special[] = {"",
                                   std::string(1, '\0'),
                                   std::string("a\0b", 3),
                                   "line\nline\r\n",
                                   "\xFF\xFE\xC0\x80 invalid",
                                   "quote \" back\\slash \x1b[31m",
                                   "PARSHALL",
                                   "FILE\1\2\3",
                                   std::string(3000, 'x'),
                                   "grün € 🦉"};
    if (Coin()) return special[random_() % std::size(special)];
    std::string text(random_() % 20, '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }
  template <typename T, typename Function>
  void Fill(std::vector<T>& list, Function make) {
    for (uint64_t left = random_() % 5; left > 0; --left) list.push_back(make());
  }
  Counters MakeCounters() {
    Counters counters;
    Fill(counters, [&] { return std::pair(Text(), Number()); });
    return counters;
  }
  std::vector<std::pair<std::string, std::string>> Envelope() {
    std::vector<std::pair<std::string, std::string>> envelope;
    Fill(envelope, [&] { return std::pair(Text(), Text()); });
    return envelope;
  }
  bytes::FileIdentity Identity() { return {Number(), Number(), static_cast<int64_t>(Number())}; }
  SavedSource Source() {
    SavedSource source;
    source.name = Text();
    source.skipping = Coin();
    source.tally = MakeCounters();
    source.event = {Text(), Text(), Number(), Number8(), Envelope()};
    Fill(source.pieces,
         [&] { return SavedPieces{Number8(), Number8(), Coin(), Number(), Text(), Envelope()}; });
    return source;
  }
  metrics::SavedFamily Family() {
    metrics::SavedFamily family;
    family.name = Text();
    family.cell_kind = Number8();
    Fill(family.bounds, [&] { return std::bit_cast<double>(Number()); });
    family.cell_count = static_cast<uint32_t>(random_() % 15);
    Fill(family.rows, [&] {
      return metrics::SavedFamily::Row{Text(), static_cast<int64_t>(Number())};
    });
    family.cells.resize(family.rows.size() * family.cell_count);
    for (uint64_t& cell : family.cells) cell = Number();
    Fill(family.rejected, [&] { return Number(); });
    return family;
  }
  metrics::SavedGroup Group() {
    metrics::SavedGroup group;
    group.key = Text();
    Fill(group.labels, [&] {
      metrics::SavedGroup::Label label;
      label.name = Text();
      Fill(label.values, [&] { return Text(); });
      label.overflow = Number();
      return label;
    });
    return group;
  }

  std::mt19937_64 random_;
};

// The snapshot that stands for commit `n` of a run.
inline Snapshot SnapshotOf(uint64_t n) {
  Snapshot snapshot = SnapshotMaker(n).Make();
  snapshot.taken_ms = static_cast<int64_t>(n);
  return snapshot;
}

// Every field, in words that are not those of the format.
inline std::string TextOf(const Snapshot& s) {
  std::string text = fmt::format("{} {}\n", s.generation, s.taken_ms);
  const auto add = [&](const auto&... values) {
    ((text += fmt::format("<{}>", values)), ...);
    text += '\n';
  };
  const auto add_id = [&](const bytes::FileIdentity& id) {
    add("id", id.device, id.inode, id.birth_ns);
  };
  const auto add_pairs = [&](const auto& pairs) {
    for (const auto& [name, value] : pairs) add("pair", name, value);
  };
  for (const bytes::FilePosition& f : s.files) {
    add("file", f.source, f.fingerprint.size, f.fingerprint.hash, f.offset, f.file, f.current, f.tail.size,
        f.tail.hash, f.tail_end, f.modified_ns);
    add_id(f.identity);
  }
  for (const SavedSource& source : s.sources) {
    add("source", source.name, source.skipping);
    add_pairs(source.tally);
    const SavedEvent& e = source.event;
    add("event", e.rule, e.text, e.first_line_size, e.continuation);
    add_pairs(e.envelope);
    for (const SavedPieces& p : source.pieces) {
      add("pieces", p.slot, p.unwrapper, p.oversized, p.lines, p.text);
      add_pairs(p.envelope);
    }
  }
  for (const auto& [name, counters] : s.rules) {
    add("rule", name);
    add_pairs(counters);
  }
  add("totals");
  add_pairs(s.totals);
  for (const metrics::SavedFamily& f : s.metrics.families) {
    add("family", f.name, f.cell_kind, f.cell_count);
    for (const double bound : f.bounds) add("bound", std::bit_cast<uint64_t>(bound));
    for (const auto& row : f.rows) add("row", row.labels, row.created_ms);
    for (const uint64_t cell : f.cells) add("cell", cell);
    for (const uint64_t rejected : f.rejected) add("rejected", rejected);
  }
  for (const metrics::SavedGroup& g : s.metrics.groups) {
    add("group", g.key);
    for (const auto& label : g.labels) {
      add("label", label.name, label.overflow);
      for (const std::string& value : label.values) add("value", value);
    }
  }
  for (const auto& [key, note] : s.metrics.notes) add("note", key, note);
  if (s.output) {
    add("output", s.output->path, s.output->length);
    add_id(s.output->identity);
  }
  return text;
}

inline StateDir OpenDir(const std::string& path) {
  auto dir = StateDir::Open(path);
  INFO((dir.ok() ? std::string() : dir.error().ToString()));
  REQUIRE(dir.ok());
  return *std::move(dir);
}

inline Recovered MustRecover(const StateDir& dir) {
  auto recovered = Recover(dir);
  INFO((recovered.ok() ? std::string() : recovered.error().ToString()));
  REQUIRE(recovered.ok());
  return *std::move(recovered);
}

// Without the lock: of a directory that an earlier StateDir of this test may still hold.
inline Recovered LookInto(const std::string& path) {
  auto dir = StateDir::OpenToLook(path);
  INFO((dir.ok() ? std::string() : dir.error().ToString()));
  REQUIRE(dir.ok());
  return MustRecover(*dir);
}

inline uint64_t CountOf(const Recovered& recovered, Refusal refusal) {
  return recovered.refused[static_cast<size_t>(refusal)];
}

}  // namespace parshall::state
