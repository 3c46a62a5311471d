// What a power cut may leave (K4 of the reliability matrix). A run of 20 commits is written down
// call by call; then for each moment of it every state that the disk may be in is built and
// recovered:
// - what a file got since its last sync may be there, missing, cut at any 512 bytes, or zeros;
// - each change of a name since the directory's last sync may be there or not, in any combination.

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/state/kit.h"
#include "tests/tools/fault_shim.h"

using namespace parshall;
using namespace parshall::state;

namespace {

constexpr uint64_t kCommits = 20;
constexpr size_t kSector = 512;

struct Step {
  std::string call;
  std::string name, to;  // within the directory; empty: the directory itself
  std::string bytes;     // of a write
};

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t n = 0; n + 1 < hex.size(); n += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(n, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<Step> ReadSteps(const std::string& log, const std::string& directory) {
  std::vector<Step> steps;
  std::istringstream lines(ReadFile(log));
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, '\t');) fields.push_back(field);
    const bool has_number = fields[0] == "openat" || fields[0] == "write";
    const auto name = [&](size_t at) {
      return fields[at].size() > directory.size() ? fields[at].substr(directory.size() + 1) : "";
    };
    Step step;
    step.call = fields[0];
    step.name = name(has_number ? 2 : 1);
    if (step.call == "rename") step.to = name(2);
    if (step.call == "write") step.bytes = FromHex(fields.at(3));
    if (step.call == "openat" && (std::stoi(fields[1]) & O_CREAT) == 0) continue;
    steps.push_back(step);
  }
  return steps;
}

struct File {
  std::string synced;    // at its last fdatasync
  std::string unsynced;  // appended since
};

struct Change {
  std::string name, to;
  size_t file = 0;
};

// Name → file. Each change says which file it is about, so that any of them can be left out.
using Names = std::map<std::string, size_t>;
void Apply(const Change& change, Names& names) {
  if (!change.name.empty()) names.erase(change.name);
  if (!change.to.empty()) names[change.to] = change.file;
}

class Disk {
 public:
  // With `lies`, a file's sync says yes and does nothing until the directory's.
  explicit Disk(bool lies) : lies_(lies) {}

  void Do(const Step& step) {
    if (step.call == "openat") {
      files_.emplace_back();
      Note({"", step.name, files_.size() - 1});
    } else if (step.call == "rename") {
      Note({step.name, step.to, seen_.at(step.name)});
    } else if (step.call == "unlink") {
      Note({step.name, "", seen_.at(step.name)});
    } else if (step.call == "write") {
      files_[seen_.at(step.name)].unsynced += step.bytes;
    } else if (step.call == "fdatasync") {
      if (!lies_) Sync(files_[seen_.at(step.name)]);
    } else {
      REQUIRE(step.call == "fsync");
      REQUIRE(step.name.empty());
      for (const Change& change : pending_) Apply(change, names_);
      pending_.clear();
    }
  }

  // The lie ends some time after a commit.
  void SyncAll() {
    for (File& file : files_) Sync(file);
  }

  // The bytes that the two names may have after a power cut now; "(absent)" if there is none.
  std::set<std::pair<std::string, std::string>> States() const {
    std::set<std::pair<std::string, std::string>> states;
    for (size_t subset = 0; subset < (size_t{1} << pending_.size()); ++subset) {
      Names names = names_;
      for (size_t n = 0; n < pending_.size(); ++n) {
        if ((subset >> n & 1) != 0) Apply(pending_[n], names);
      }
      for (const std::string& current : Contents(names, kSnapshotName)) {
        for (const std::string& previous : Contents(names, kPreviousName)) {
          states.emplace(current, previous);
        }
      }
    }
    return states;
  }

 private:
  static void Sync(File& file) {
    file.synced += file.unsynced;
    file.unsynced.clear();
  }

  void Note(const Change& change) {
    Apply(change, seen_);
    pending_.push_back(change);
  }

  std::vector<std::string> Contents(const Names& names, const std::string& name) const {
    const auto found = names.find(name);
    if (found == names.end()) return {"(absent)"};
    const File& file = files_[found->second];
    std::vector<std::string> contents = {file.synced + file.unsynced};
    for (size_t size = 0; size < file.unsynced.size(); size += kSector) {
      const std::string part = file.unsynced.substr(0, size);
      const std::string zeros(file.unsynced.size() - size, '\0');
      contents.push_back(file.synced + part);          // cut there
      contents.push_back(file.synced + part + zeros);  // long enough, but zeros from there
      std::string hole = file.unsynced;                // one sector missing
      hole.replace(size, kSector, std::string(std::min(kSector, hole.size() - size), '\0'));
      contents.push_back(file.synced + hole);
    }
    return contents;
  }

  bool lies_;
  std::vector<File> files_;
  Names seen_;   // as the running system sees them
  Names names_;  // as they surely are on the disk
  std::vector<Change> pending_;
};

Snapshot SmallSnapshot(uint64_t generation) {
  Snapshot snapshot;
  snapshot.totals = {{"generation", generation}, {std::string(2000, 'x'), generation}};
  return snapshot;
}

std::vector<Step> StepsOfARun() {
  const TempDir temp;
  const TempDir logs;
  StateDir dir = OpenDir(temp.path());
  Committer committer(dir, {});
  FaultShimSet(temp.path().c_str(), nullptr, nullptr, nullptr, (logs / "log").c_str());
  for (uint64_t n = 1; n <= kCommits; ++n) {
    Snapshot snapshot = SmallSnapshot(n);
    REQUIRE(committer.Commit(snapshot).ok());
  }
  FaultShimClear();
  return ReadSteps(logs / "log", temp.path());
}

void Put(const TempDir& temp, const char* name, const std::string& content) {
  if (content == "(absent)") {
    ::unlink((temp / name).c_str());
  } else {
    WriteFile(temp / name, content);
  }
}

}  // namespace

TEST_CASE("After a power cut at any moment the generation before or the one after is there") {
  const std::vector<Step> steps = StepsOfARun();
  CHECK(steps.size() == kCommits * 6 - 1);  // the first commit has no generation to keep
  Disk disk(false);
  const TempDir temp;
  StateDir dir = OpenDir(temp.path());
  uint64_t done = 0;
  size_t states = 0;
  for (const Step& step : steps) {
    disk.Do(step);
    if (step.call == "fsync") ++done;
    for (const auto& [current, previous] : disk.States()) {
      ++states;
      Put(temp, kSnapshotName, current);
      Put(temp, kPreviousName, previous);
      INFO("after " << step.call << " " << step.name << ", " << done << " commits done");
      const Recovered recovered = MustRecover(dir);
      const uint64_t generation = recovered.snapshot ? recovered.snapshot->generation : 0;
      REQUIRE((generation == done || generation == done + 1));
      for (const uint64_t refused : recovered.refused) REQUIRE(refused == 0);
    }
  }
  CHECK(done == kCommits);
  CHECK(states > steps.size());
}

// Some disks say yes and keep what they got in a memory that forgets. Then a renamed file may be
// torn; it is found out, counted, and the generation before it is taken.
TEST_CASE("A snapshot torn by a disk that lies is refused, counted, and the one before is taken") {
  const std::vector<Step> steps = StepsOfARun();
  Disk disk(true);
  const TempDir temp;
  StateDir dir = OpenDir(temp.path());
  uint64_t done = 0;
  size_t torn = 0;
  size_t zero_filled = 0;
  for (const Step& step : steps) {
    disk.Do(step);
    if (step.call == "fsync") {
      ++done;
      disk.SyncAll();
    }
    for (const auto& [current, previous] : disk.States()) {
      Put(temp, kSnapshotName, current);
      Put(temp, kPreviousName, previous);
      INFO("after " << step.call << " " << step.name << ", " << done << " commits done");
      const auto recovered = Recover(dir);
      if (done == 0 && !recovered) continue;  // there was none before the first
      REQUIRE(recovered.ok());
      const uint64_t generation = recovered->snapshot ? recovered->snapshot->generation : 0;
      REQUIRE((generation == done || generation == done + 1));
      if (recovered->snapshot) {
        REQUIRE(recovered->snapshot->totals == SmallSnapshot(generation).totals);
      }
      const uint64_t refused =
          CountOf(*recovered, Refusal::kTorn) + CountOf(*recovered, Refusal::kZeroFilled) +
          CountOf(*recovered, Refusal::kForeign);  // its first sector alone is zeros
      const bool whole = current == "(absent)" ||
                         (recovered->snapshot && Encoded(*recovered->snapshot) == current);
      REQUIRE(refused == (whole ? 0 : 1));
      REQUIRE(recovered->notices.empty() == (recovered->snapshot_is_current || generation == 0));
      torn += CountOf(*recovered, Refusal::kTorn);
      zero_filled += CountOf(*recovered, Refusal::kZeroFilled);
    }
  }
  CHECK(torn > 100);
  CHECK(zero_filled > 10);
}
