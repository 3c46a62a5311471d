#include "pipeline/intake.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace parshall::pipeline {
namespace {

// At a stop, what the writer has already put into the pipe is still taken, up to this.
constexpr uint64_t kRestBytesMax = uint64_t{16} << 20;
// A buffer that had to grow for a long line is given back when the line is through.
constexpr size_t kBufferSlack = size_t{64} << 10;
// The kernel copies into aligned memory 5 to 8 % faster.
constexpr size_t kReadAlignment = 64;

// So many gone sources are worth a barrier, however busy the others are.
constexpr size_t kLeavingMax = 256;

// Docker's wrapping may write six bytes for one.
constexpr size_t kLastLineBytesMax = 8 * kTwinBytesMax;

// Where the carried half line begins, so that what is read behind it is aligned.
char* Front(const SourceEntry& entry, const Batch& batch) {
  char* const begin = batch.buffer.get();
  const auto behind = reinterpret_cast<uintptr_t>(begin) + entry.framer.reserve();
  return begin + (kReadAlignment - behind % kReadAlignment) % kReadAlignment;
}

bool StdinReady() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) > 0;
}

}  // namespace

Intake::Intake(std::unique_ptr<bytes::SourceSet> sources, IntakeOptions options)
    : options_(options), line_before_(options.line_before), sources_(std::move(sources)) {}

void Intake::Stop() {
  stop_asked_ = true;  // before the set is asked for: another one may take its place now
  sources()->Stop();
}

void Intake::RequestBarrier() {
  barrier_wanted_ = true;
  sources()->Wake();
}

// Makes room for the carried half line, one read and the padding.
void Intake::Prepare(SourceEntry& entry, Batch* batch) {
  const size_t fixed = options_.read_bytes + lines::kPadBytes + kReadAlignment;
  const size_t needed = entry.framer.reserve() + fixed;
  const size_t usual = kBufferSlack + fixed;
  const size_t wanted = std::max(needed, usual);
  if (batch->buffer_size < needed || batch->buffer_size > 4 * wanted) {
    // Not value-initialised: a megabyte of zeros would cost more than the read.
    batch->buffer.reset(new char[wanted]);
    batch->buffer_size = wanted;
  }
}

// The first bytes of a source in this run. They stand behind what the earlier run left open, or are
// the beginning of another file.
void Intake::Begin(SourceEntry& entry, const bytes::ReadResult& read, Batch* batch) {
  entry.begun = true;
  if (read.offset != 0 && read.offset == entry.resume_at) {
    entry.framer.Resume(read.file, read.offset, entry.skipping);
  } else {
    batch->file_began = true;
  }
}

// True when the batch has something in it.
bool Intake::ReadInto(SourceEntry& entry, Batch* batch) {
  Prepare(entry, batch);
  char* const buffer = Front(entry, *batch);
  const bytes::ReadResult read =
      entry.source->Read(buffer + entry.framer.reserve(), options_.read_bytes);
  batch->entry = &entry;
  switch (read.status) {
    case bytes::ReadStatus::kBytes:
      if (!entry.begun) Begin(entry, read, batch);
      entry.framer.Feed(buffer, read.size, read.offset, read.file, &batch->cuts);
      batch->bytes = read.size;
      break;
    case bytes::ReadStatus::kNothing:
      return false;
    case bytes::ReadStatus::kFailed: {
      const std::lock_guard lock(entries_mutex_);
      failures_.push_back(entry.name + ": " + read.error);
      notices_.push_back(failures_.back());
      [[fallthrough]];
    }
    case bytes::ReadStatus::kEnded:
      entry.ended = read.status != bytes::ReadStatus::kFileEnded;
      if (read.gone) {
        by_source_.erase(entry.source->index());
        entry.source = nullptr;
        leaving_.push_back(&entry);
        if (leaving_.size() >= kLeavingMax) barrier_wanted_ = true;
      }
      [[fallthrough]];
    case bytes::ReadStatus::kFileEnded:
      entry.framer.EndFile(buffer, &batch->cuts);
      batch->file_ended = true;
      break;
  }
  batch->bytes_skipped = entry.framer.tally().bytes_skipped - entry.bytes_skipped;
  entry.bytes_skipped += batch->bytes_skipped;
  return true;
}

// The batch gets the line before its lines, and leaves its own last one for the next.
void Intake::KeepLastLine(SourceEntry& entry, Batch* batch) {
  if (!line_before_ || batch->cuts.empty()) return;
  batch->first = !entry.handed_out;
  entry.handed_out = true;
  std::swap(batch->line_before, entry.last_line);
  entry.last_line.clear();
  const lines::Cut& cut = batch->cuts.back();
  if (cut.oversized) return;
  std::string_view text(cut.begin, cut.size());
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (const size_t newline = text.rfind('\n'); newline != std::string_view::npos) {
    text.remove_prefix(newline + 1);
  }
  if (!cut.unterminated && text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > kLastLineBytesMax) return;
  entry.last_line.assign(text);
}

// After a stop: what stands in the pipe already, then each source's half line, if it can never be
// completed.
bool Intake::TakeRest(Batch* batch) {
  for (; closing_ < entries_.size(); ++closing_) {
    if (entries_[closing_] == nullptr) continue;
    SourceEntry& entry = *entries_[closing_];
    const bool pipe = entry.name == "stdin";
    if (pipe && stopped_ && rest_bytes_ < kRestBytesMax && StdinReady()) {
      if (ReadInto(entry, batch) && !batch->file_ended) {
        rest_bytes_ += batch->bytes;
        return true;
      }
    }
    if (pipe && !batch->file_ended) {
      Prepare(entry, batch);
      entry.framer.EndFile(Front(entry, *batch), &batch->cuts);
    }
    // A followed file's half line waits for its other half, in another run.
    if (options_.carry_over && !pipe && !entry.ended) continue;  // it goes on in the next run
    batch->entry = &entry;
    batch->file_ended = true;
    ++closing_;
    return true;
  }
  return false;
}

bool Intake::Take(Batch* batch) {
  std::unique_lock lock(mutex_);
  batch->entry = nullptr;
  batch->barrier = false;
  batch->cuts.clear();
  batch->line_before.clear();
  batch->first = false;
  batch->bytes = 0;
  batch->bytes_skipped = 0;
  batch->file_began = false;
  batch->file_ended = false;
  while (!ended_) {
    if (barrier_wanted_.exchange(false)) {
      batch->barrier = true;
      batch->ticket = next_ticket_++;
      batch->hold = std::move(lock);
      return true;
    }
    bytes::Source* source = nullptr;
    const bytes::Ready ready =
        sources_->Next(options_.idle_batches ? options_.idle_ms : -1, &source);
    if (std::vector<std::string> notices = sources_->TakeNotices(); !notices.empty()) {
      const std::lock_guard entries_lock(entries_mutex_);
      notices_.insert(notices_.end(), notices.begin(), notices.end());
    }
    switch (ready) {
      case bytes::Ready::kSource:
        if (!ReadInto(EntryOf(source), batch)) continue;
        break;
      case bytes::Ready::kIdle:
        batch->entry = nullptr;
        if (any_gone()) barrier_wanted_ = true;
        break;
      case bytes::Ready::kEnded:
        ended_ = true;
        continue;
      case bytes::Ready::kWoken:
        continue;
      case bytes::Ready::kStopped:
        ended_ = stopped_ = true;
        continue;
    }
    if (batch->entry != nullptr) KeepLastLine(*batch->entry, batch);
    batch->ticket = next_ticket_++;
    return true;
  }
  if (!TakeRest(batch)) return false;
  KeepLastLine(*batch->entry, batch);
  batch->ticket = next_ticket_++;
  return true;
}

}  // namespace parshall::pipeline
