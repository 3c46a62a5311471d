#include "state/recover.h"

#include <fmt/format.h>

#include <utility>

namespace parshall::state {
namespace {

// What became of one name.
struct Candidate {
  bool there = false;
  std::optional<Snapshot> snapshot;
  std::string fault;  // a sentence with the path, if it was refused
};

Result<Candidate> Look(const StateDir& dir, const char* name, Recovered& recovered) {
  Candidate candidate;
  Buffer bytes;
  Refusal refusal = Refusal::kTorn;
  bool ours = false;
  const auto refuse = [&](const Error& error) {
    candidate.there = true;
    candidate.fault = dir.PathOf(name) + ": " + error.what;
    ++recovered.refused[static_cast<size_t>(refusal)];
  };
  const Result<bool> read = dir.Read(name, bytes, &refusal, &ours);
  if (!read) {
    if (ours) return read.error();
    refuse(read.error());
    return candidate;
  }
  if (!*read) return candidate;
  candidate.there = true;
  auto snapshot = Decode(bytes.view(), &refusal);
  if (snapshot) {
    candidate.snapshot = *std::move(snapshot);
  } else {
    refuse(snapshot.error());
  }
  return candidate;
}

}  // namespace

Result<Recovered> Recover(const StateDir& dir, bool start_anew) {
  Recovered recovered;
  // In this order also beside an instance at work: when `snapshot` is just not there, `previous`
  // holds what it was (commit.cc).
  auto current = Look(dir, kSnapshotName, recovered);
  if (!current) return current.error();
  auto previous = Look(dir, kPreviousName, recovered);
  if (!previous) return previous.error();

  const bool both = current->snapshot && previous->snapshot;
  const bool takes_previous =
      previous->snapshot &&
      (!current->snapshot || previous->snapshot->generation > current->snapshot->generation);
  std::string faults = current->fault;
  if (!previous->fault.empty()) faults += (faults.empty() ? "" : "; ") + previous->fault;

  if (!current->snapshot && !previous->snapshot) {
    if (faults.empty()) return recovered;
    if (!start_anew) {
      return Fail(fmt::format("the saved state cannot be used: {}. To begin anew, move these files "
                              "away: counters start at zero, and files are read as on a first "
                              "start",
                              faults),
                  dir.path());
    }
    recovered.notices.push_back(
        fmt::format("the saved state cannot be used, and a new one is begun: {}", faults));
    return recovered;
  }

  if (!current->fault.empty()) recovered.notices.push_back("refused " + current->fault);
  if (!previous->fault.empty()) recovered.notices.push_back("refused " + previous->fault);
  if (takes_previous) {
    const char* const why = both             ? "is newer than the other"
                            : current->there ? "takes its place"
                                             : "is what a commit that did not end left";
    recovered.notices.push_back(fmt::format(
        "generation {} of {} {}", previous->snapshot->generation, dir.PathOf(kPreviousName), why));
    recovered.snapshot = std::move(previous->snapshot);
  } else {
    recovered.snapshot = std::move(current->snapshot);
    recovered.snapshot_is_current = true;
  }
  return recovered;
}

}  // namespace parshall::state
