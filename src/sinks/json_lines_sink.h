#pragma once
// Where records go: standard output, a file, or nowhere. Whole batches of lines, one write each.
// Waits, drops or gives up when they cannot be written; begins a new file when the old one is large
// or old enough, or was moved away; goes on exactly where an earlier run's snapshot ended.
//
// For that a new file is never written to before a snapshot that names it is durable: the caller
// asks ReopenDue() before a batch and, if so, calls Reopen() with no batch half delivered, and
// takes a snapshot before the next Write(); so it does behind Open().

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bytes/notices.h"
#include "sinks/output_file.h"
#include "sinks/output_options.h"
#include "sinks/output_position.h"
#include "sinks/output_trouble.h"
#include "sinks/stop_switch.h"
#include "sinks/write_end.h"

namespace parshall::sinks {

// One thread at a time writes (whoever has the turn); what any thread may call says so.
class JsonLinesSink {
 public:
  // "-" is standard output; anything else is a file that is appended to (made with mode 0644). A
  // folder, or a path that cannot be opened, is an error. A FIFO is not waited for here: the first
  // Write() waits until somebody reads it. With `resume` the file of an earlier run
  // is cut back to it first; what is wrong with that is a notice.
  static Result<std::unique_ptr<JsonLinesSink>> Open(
      const std::string& to, const OutputOptions& options = {},
      const std::optional<OutputPosition>& resume = std::nullopt);
  ~JsonLinesSink();
  JsonLinesSink(const JsonLinesSink&) = delete;
  JsonLinesSink& operator=(const JsonLinesSink&) = delete;

  // Writes all of it, however slowly the reader takes it. An error is final: the reader went away
  // ("broken pipe"), or no space is left and nobody wants to wait for it. What was written before
  // it has been delivered, up to the last whole record.
  Status Write(std::string_view whole_records);

  // Whether the next file should begin. Cheap.
  bool ReopenDue();
  // Begins it: renames our own file when it is its size or age, opens the path anew. Where that
  // does not work records go on into the old file, a notice says why, and it is tried again; it is
  // an error only for OnError::kExit.
  Status Reopen();

  // Of a regular file: all records so far end here. Between two writes.
  std::optional<OutputPosition> position() const;

  // Any thread, also while writes go on. Nothing to do for what is no regular file.
  Status Sync();
  // Any thread. Has a Sync() to come find less to wait for.
  void StartWriting();
  // Any thread. Ends waiting: for space at once, for a reader once it takes nothing for the grace
  // time.
  void RequestStop() { stop_.Request(); }
  // Any thread. The path is opened anew before the next batch.
  void RequestReopen() { reopen_requested_.store(true, std::memory_order_relaxed); }
  // Any thread.
  OutputTally tally() const;
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
  std::vector<std::string> TakeNotices();

 private:
  using Clock = std::chrono::steady_clock;

  JsonLinesSink(const std::string& name, const OutputOptions& options)
      : options_(options), name_(name), trouble_(name, options) {}

  Status OpenFifo();
  Status AwaitReader();
  void TakeFile(std::shared_ptr<OutputFile> file);
  std::shared_ptr<OutputFile> SharedFile() const;
  Status Put(std::string_view text, std::string_view* rest);
  void BeginPause();
  void EndPause();
  void FreeDeletedFile();
  size_t CutToWholeRecord(std::string_view written);
  void Drop(std::string_view records);
  void Look(Clock::time_point now);
  bool RotationDue(Clock::time_point now) const;
  Status ReopenFailed(const Error& error);
  Error WriteError(int error) const;
  void AddNotice(std::string sentence);

  const OutputOptions options_;
  const std::string name_;
  StopSwitch stop_;
  // Of what is no regular file of ours. Neither this nor file_: a FIFO that nobody reads yet.
  std::optional<WriteEnd> end_;

  mutable std::mutex file_mutex_;     // the writer writes file_ under it, Sync() reads it under it
  std::shared_ptr<OutputFile> file_;  // kept alive by a Sync() that is under way
  uint64_t size_ = 0;                 // of file_, if nobody else changed it since the last look
  bool torn_ = false;                 // the last byte is not the end of a record
  bool moved_ = false;                // the path leads elsewhere
  bool freed_ = false;                // it was deleted, and is empty
  Clock::time_point next_look_;
  Clock::time_point next_reopen_;  // not before, after a failed one
  OutputTrouble trouble_;

  std::atomic<bool> reopen_requested_{false};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> write_errors_{0};
  std::atomic<uint64_t> dropped_records_{0};
  std::atomic<uint64_t> dropped_bytes_{0};
  std::atomic<uint64_t> rotations_{0};
  std::atomic<uint64_t> reopenings_{0};

  mutable std::mutex report_mutex_;  // guards what follows
  bytes::Notices notices_;
  Clock::duration paused_{0};  // in pauses that are over
  std::optional<Clock::time_point> paused_since_;
};

}  // namespace parshall::sinks
