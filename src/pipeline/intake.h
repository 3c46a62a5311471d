#pragma once
// Takes the next piece of input: one worker at a time reads from whichever source is ready, cuts at
// whole lines and gives the piece a ticket, the place of its records in the output. intake.cc makes
// the batches; intake_sources.cc knows the sources: those that come, go, are replaced by a reload,
// and those that an earlier run knew.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "bytes/source_set.h"
#include "pipeline/absent_sources.h"
#include "pipeline/batch.h"
#include "pipeline/ledger.h"
#include "state/snapshot.h"

namespace parshall::pipeline {

struct IntakeOptions {
  size_t line_bytes_max = size_t{1} << 20;
  size_t read_bytes = size_t{256} << 10;
  int idle_ms = 200;         // how long an open event waits for its next line
  bool idle_batches = true;  // some rule joins lines, or some source has pieces
  // The next run goes on where this one stops: what is open stays open at the end.
  bool carry_over = false;
  bool line_before = false;  // some rule wants to see lines that stand there twice
};

// Puts what an earlier run left open back into the entry's state.
using RestoreState = std::function<void(const state::SavedSource&, SourceState*)>;

// Opens other sources that go on from these positions.
using OpenSources =
    std::function<Result<std::unique_ptr<bytes::SourceSet>>(std::vector<bytes::FilePosition>)>;

// Any thread; one at a time is inside Take().
class Intake {
 public:
  Intake(std::unique_ptr<bytes::SourceSet> sources, IntakeOptions options);

  // False when all sources ended or Stop() was called, and everything was handed out.
  bool Take(Batch* batch);
  void Stop();

  // What an earlier run left of its sources; before the first Take().
  void Restore(std::vector<state::SavedSource> saved, const std::vector<bytes::FilePosition>& files,
               const GoneSources& gone, RestoreState restore);
  // Makes one of the next batches a barrier.
  void RequestBarrier();
  // For the holder of a barrier, or when no worker runs: how far each file was read and handed out
  // in whole lines.
  std::vector<bytes::FilePosition> Positions() const;
  // For the holder of a barrier: other sources, that go on where these stand. Open() changes
  // nothing; it refuses if something is read that has no position to go on from (a pipe). Replace()
  // cannot fail. Sources that are in both keep their entries; what is half read is read again.
  Result<std::unique_ptr<bytes::SourceSet>> Open(const OpenSources& open) const;
  void Replace(std::unique_ptr<bytes::SourceSet> sources);
  // For the holder of a barrier: whether batches get the line before them.
  void KeepLinesBefore(bool keep) { line_before_ = keep; }
  // For the holder of a barrier, while nobody looks: forgets sources that are gone. `take` hands
  // over, and forgets, what workers counted of the source with this index, which is given to
  // another one later.
  bool any_gone() const { return !leaving_.empty(); }
  void ForgetGone(const std::function<SourceTally(uint32_t)>& take);
  // Sources that nobody reads now.
  AbsentSources absent() const;

  // How far behind the sources are. Any thread.
  std::vector<std::pair<std::string, bytes::FollowTally>> follow_tallies() const;
  bytes::WatchTally watched() const { return sources()->Watched(); }

  // The sources so far, in order of their index. Entries live until ForgetGone().
  std::vector<SourceEntry*> entries() const;
  // Sentences about sources that failed; the run's exit code is 1 when there are any.
  std::vector<std::string> failures() const;
  // Everything worth a line in the log since the last call.
  std::vector<std::string> TakeNotices();

 private:
  SourceEntry& EntryOf(bytes::Source* source);
  SourceEntry& NewEntry(bytes::Source* source);
  std::shared_ptr<bytes::SourceSet> sources() const;
  void Begin(SourceEntry& entry, const bytes::ReadResult& read, Batch* batch);
  bool ReadInto(SourceEntry& entry, Batch* batch);
  bool TakeRest(Batch* batch);
  void Prepare(SourceEntry& entry, Batch* batch);
  void KeepLastLine(SourceEntry& entry, Batch* batch);

  const IntakeOptions options_;
  bool line_before_;                           // as in the options, until a reload says otherwise
  mutable std::mutex sources_mutex_;           // for who has not mutex_
  std::shared_ptr<bytes::SourceSet> sources_;  // written under both
  std::atomic<bool> stop_asked_{false};
  // Of sets that were replaced: what was counted, and where sources stand that nobody reads now.
  std::map<std::string, bytes::FollowTally> earlier_follow_;  // by name; under sources_mutex_
  std::map<std::string, bytes::FilePosition> parked_;         // by name
  // By Source::index() of the set that is read.
  std::unordered_map<uint32_t, SourceEntry*> by_source_;
  // Entries that lost their source when the set was replaced, by name.
  std::unordered_map<std::string, SourceEntry*> orphans_;
  RestoreState restore_;
  std::atomic<bool> barrier_wanted_{false};
  mutable std::mutex mutex_;
  mutable std::mutex entries_mutex_;
  AbsentSources absent_;                               // written under both mutexes
  std::map<std::string, uint64_t> resume_at_;          // by name
  std::vector<std::unique_ptr<SourceEntry>> entries_;  // by index; written under both mutexes
  std::vector<uint32_t> free_;                         // indices of entries_ that hold nothing
  std::vector<SourceEntry*> leaving_;                  // gone, and forgotten at the next barrier
  std::vector<std::string> failures_;
  std::vector<std::string> notices_;
  uint64_t next_ticket_ = 0;
  uint64_t rest_bytes_ = 0;
  bool stopped_ = false;
  bool ended_ = false;
  size_t closing_ = 0;  // the next entry to hand out for closing, once ended
};

}  // namespace parshall::pipeline
