#include "sinks/json_lines_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sinks/output_resume.h"

namespace parshall::sinks {
namespace {

// A FIFO that nobody reads is tried again this often: nothing tells of a reader.
constexpr std::chrono::milliseconds kReaderLook{50};

// What no waiting and no dropping helps against: nobody reads, or the descriptor is none for
// writing.
bool IsFinal(int error) {
  switch (error) {
    case kGivenUp:
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
    case EBADF:
    case EINVAL:
    case EFAULT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<JsonLinesSink>> JsonLinesSink::Open(
    const std::string& to, const OutputOptions& options,
    const std::optional<OutputPosition>& resume) {
  if (to == "-") {
    std::unique_ptr<JsonLinesSink> sink(new JsonLinesSink("standard output", options));
    sink->end_.emplace(WriteEnd::Shared(STDOUT_FILENO));
    return sink;
  }
  std::unique_ptr<JsonLinesSink> sink(new JsonLinesSink(to, options));
  if (resume) {
    for (std::string& notice : CutBack(to, *resume)) sink->AddNotice(std::move(notice));
  }
  bytes::FileStat stat;
  if (bytes::StatPath(to, &stat) == 0 && stat.type == bytes::FileType::kFifo) {
    if (const Status opened = sink->OpenFifo(); !opened.ok()) return opened.error();
    return sink;
  }
  Fd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
  const int error = fd.valid() ? bytes::StatFd(fd.get(), &stat) : errno;
  if (error != 0) return Fail("cannot write records here: " + ErrnoText(error), to);
  if (stat.type == bytes::FileType::kRegular) {
    if (options.durable) {
      // The file may have been made just now.
      if (const Status synced = SyncFolderOf(to); !synced.ok())
        sink->AddNotice(synced.error().ToString());
    }
    sink->TakeFile(std::make_shared<OutputFile>(std::move(fd), stat, to));
  } else {
    sink->end_.emplace(WriteEnd::Owned(std::move(fd)));
  }
  return sink;
}

// Without waiting for a reader; while there is none, end_ stays empty.
Status JsonLinesSink::OpenFifo() {
  Fd fd(::open(name_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid() && (errno == ENXIO || errno == EINTR)) return Ok();
  bytes::FileStat stat;
  const int error = fd.valid() ? bytes::StatFd(fd.get(), &stat) : errno;
  if (error != 0) return Fail("cannot write records here: " + ErrnoText(error), name_);
  if (stat.type != bytes::FileType::kFifo) {
    return Fail(
        std::string("records go to a FIFO, and this has become ") + bytes::FileTypeText(stat.type),
        name_);
  }
  end_.emplace(WriteEnd::Owned(std::move(fd)));
  return Ok();
}

Status JsonLinesSink::AwaitReader() {
  bool told = false;
  while (true) {
    if (Status opened = OpenFifo(); !opened.ok()) return opened;
    if (end_ || stop_.requested()) break;
    if (!std::exchange(told, true)) {
      BeginPause();
      AddNotice(name_ + ": nobody reads this FIFO yet; records and input wait");
    }
    stop_.Wait(kReaderLook);
  }
  if (told) EndPause();
  return end_ ? Ok() : Status(WriteError(kGivenUp));
}

JsonLinesSink::~JsonLinesSink() {
  if (file_ != nullptr) file_->GiveRoomBack(size_);
}

void JsonLinesSink::TakeFile(std::shared_ptr<OutputFile> file) {
  if (file_ != nullptr) file_->GiveRoomBack(size_);
  size_ = file->Size();
  torn_ = file->EndsTorn();
  moved_ = false;
  freed_ = false;
  next_look_ = Clock::now() + options_.look_interval;
  const std::lock_guard lock(file_mutex_);
  file_ = std::move(file);
}

Status JsonLinesSink::Write(std::string_view whole_records) {
  if (whole_records.empty()) return Ok();
  // What a crash leaves of that room is given back by the run that goes on: only a durable file has
  // one.
  if (file_ != nullptr && options_.durable) file_->MakeRoom(whole_records.size());
  std::string_view rest;
  if (torn_) {
    // Half a record stands there, of a crash or of somebody else: it is kept off ours.
    if (Status put = Put("\n", &rest); !put.ok()) return put;
    torn_ = !rest.empty();
    if (torn_) {
      Drop(whole_records);
      return Ok();
    }
  }
  Status put = Put(whole_records, &rest);
  size_t whole = whole_records.size();
  if (!rest.empty()) whole = CutToWholeRecord(whole_records.substr(0, whole - rest.size()));
  bytes_written_.fetch_add(whole, std::memory_order_relaxed);
  if (put.ok()) Drop(whole_records.substr(whole));
  return put;
}

// Writes `text`; *rest is what of it was not written, after an error or because it is to be
// dropped.
Status JsonLinesSink::Put(std::string_view text, std::string_view* rest) {
  std::chrono::milliseconds delay = options_.retry_first;
  *rest = text;
  if (file_ == nullptr && !end_) {
    if (Status read = AwaitReader(); !read.ok()) return read;
  }
  while (true) {
    const Written written = file_ != nullptr ? WriteAllToFile(file_->fd(), *rest)
                                             : end_->WriteAll(*rest, stop_, options_.stop_grace);
    rest->remove_prefix(written.size);
    size_ += written.size;
    if (written.error == 0) {
      if (trouble_.present()) {
        EndPause();
        AddNotice(trouble_.Works(dropped_records_.load(), Clock::now()));
      }
      return Ok();
    }
    write_errors_.fetch_add(1, std::memory_order_relaxed);
    if (IsFinal(written.error) || options_.on_error == OnError::kExit) {
      EndPause();
      return WriteError(written.error);
    }
    AddNotice(trouble_.Fails(written.error, dropped_records_.load(), Clock::now()));
    if (options_.on_error == OnError::kDrop) return Ok();
    if (stop_.requested()) {
      EndPause();
      return WriteError(written.error);
    }
    BeginPause();
    FreeDeletedFile();
    stop_.Wait(delay);
    delay = std::min(delay * 2, options_.retry_most);
  }
}

void JsonLinesSink::BeginPause() {
  const std::lock_guard lock(report_mutex_);
  if (!paused_since_) paused_since_ = Clock::now();
}

void JsonLinesSink::EndPause() {
  const std::lock_guard lock(report_mutex_);
  if (paused_since_) paused_ += Clock::now() - *paused_since_;
  paused_since_.reset();
}

// Who deletes our file to make room gets it only when we let go of what nobody can reach any more.
void JsonLinesSink::FreeDeletedFile() {
  if (file_ == nullptr || size_ == 0 || !file_->Deleted() || file_->Truncate(0) != 0) return;
  size_ = 0;
  next_look_ = {};
  if (std::exchange(freed_, true)) return;
  AddNotice(name_ +
            ": this file was deleted while it could not be written, and its space is freed");
}

// Takes the beginning of a record off the end of the file. Returns how many of the bytes are whole
// records.
size_t JsonLinesSink::CutToWholeRecord(std::string_view written) {
  const size_t newline = written.rfind('\n');
  const size_t whole = newline == std::string_view::npos ? 0 : newline + 1;
  const size_t torn = written.size() - whole;
  if (torn == 0) return whole;
  // If it is surely ours: nobody else wrote here meanwhile.
  if (file_ != nullptr && file_->Size() == size_ && size_ >= torn &&
      file_->Truncate(size_ - torn) == 0) {
    size_ -= torn;
  } else {
    torn_ = true;
  }
  return whole;
}

void JsonLinesSink::Drop(std::string_view records) {
  if (records.empty()) return;
  const auto count = std::count(records.begin(), records.end(), '\n');
  dropped_records_.fetch_add(static_cast<uint64_t>(count), std::memory_order_relaxed);
  dropped_bytes_.fetch_add(records.size(), std::memory_order_relaxed);
}

bool JsonLinesSink::ReopenDue() {
  if (file_ == nullptr) {
    if (reopen_requested_.load(std::memory_order_relaxed) && reopen_requested_.exchange(false)) {
      AddNotice(name_ + ": this is no regular file, and is not opened anew");
    }
    return false;
  }
  const Clock::time_point now = Clock::now();
  if (now >= next_look_) Look(now);
  if (now < next_reopen_) return false;
  return moved_ || reopen_requested_.load(std::memory_order_relaxed) || RotationDue(now);
}

void JsonLinesSink::Look(Clock::time_point now) {
  next_look_ = now + options_.look_interval;
  uint64_t size = 0;
  moved_ = !file_->StandsAtPath(&size);
  if (!moved_) size_ = size;  // shorter if somebody copied and cut it
}

// An empty file is not worth a number.
bool JsonLinesSink::RotationDue(Clock::time_point now) const {
  if (size_ == 0) return false;
  if (options_.rotate_bytes > 0 && size_ >= options_.rotate_bytes) return true;
  return options_.rotate_interval.count() > 0 && file_->Age(now) >= options_.rotate_interval;
}

Status JsonLinesSink::Reopen() {
  if (file_ == nullptr) return Ok();
  const Clock::time_point now = Clock::now();
  Look(now);
  if (options_.durable) {
    // Nobody syncs it once it is left. Not done means not known, which is worth a sentence.
    if (const Status synced = file_->Sync(); !synced.ok()) AddNotice(synced.error().ToString());
  }
  const bool rotate = !moved_ && RotationDue(now);
  if (rotate) {
    if (const Status renamed = RotateNames(file_->path(), options_.keep); !renamed.ok())
      return ReopenFailed(renamed.error());
    rotations_.fetch_add(1, std::memory_order_relaxed);
  }
  Result<std::shared_ptr<OutputFile>> next = OutputFile::OpenLike(*file_, options_.durable);
  if (!next.ok()) return ReopenFailed(next.error());
  reopen_requested_ = false;
  next_reopen_ = {};
  if ((*next)->identity() == file_->identity()) return Ok();  // asked for, but nothing was moved
  TakeFile(std::move(*next));
  reopenings_.fetch_add(1, std::memory_order_relaxed);
  return Ok();
}

// The old file is still open, wherever it stands now, and better than none.
Status JsonLinesSink::ReopenFailed(const Error& error) {
  next_reopen_ = Clock::now() + options_.reopen_delay;
  if (options_.on_error == OnError::kExit) return error;
  AddNotice(error.ToString() + "; records go on into the old file");
  return Ok();
}

std::optional<OutputPosition> JsonLinesSink::position() const {
  if (file_ == nullptr) return std::nullopt;
  return OutputPosition{
      .path = file_->path(), .identity = file_->identity(), .length = file_->Size()};
}

std::shared_ptr<OutputFile> JsonLinesSink::SharedFile() const {
  const std::lock_guard lock(file_mutex_);
  return file_;
}

void JsonLinesSink::StartWriting() {
  if (const std::shared_ptr<OutputFile> file = SharedFile(); file != nullptr) file->StartWriting();
}

Status JsonLinesSink::Sync() {
  const std::shared_ptr<OutputFile> file = SharedFile();
  return file == nullptr ? Ok() : file->Sync(bytes_written() > 0);
}

OutputTally JsonLinesSink::tally() const {
  OutputTally tally{.bytes_written = bytes_written_.load(std::memory_order_relaxed),
                    .write_errors = write_errors_.load(std::memory_order_relaxed),
                    .dropped_records = dropped_records_.load(std::memory_order_relaxed),
                    .dropped_bytes = dropped_bytes_.load(std::memory_order_relaxed),
                    .rotations = rotations_.load(std::memory_order_relaxed),
                    .reopenings = reopenings_.load(std::memory_order_relaxed)};
  const std::lock_guard lock(report_mutex_);
  Clock::duration paused = paused_;
  if (paused_since_) paused += Clock::now() - *paused_since_;
  tally.paused = paused_since_.has_value();
  tally.paused_seconds = std::chrono::duration<double>(paused).count();
  return tally;
}

Error JsonLinesSink::WriteError(int error) const {
  if (error == kGivenUp)
    return Fail("the reader takes no more records, and waiting for it was stopped", name_);
  if (error == EPIPE || error == ECONNRESET)
    return Fail("the reader of the records went away (broken pipe)", name_);
  return Fail("records cannot be written: " + ErrnoText(error), name_);
}

void JsonLinesSink::AddNotice(std::string sentence) {
  if (sentence.empty()) return;
  const std::lock_guard lock(report_mutex_);
  notices_.Add(std::move(sentence));
}

std::vector<std::string> JsonLinesSink::TakeNotices() {
  const std::lock_guard lock(report_mutex_);
  return notices_.Take();
}

}  // namespace parshall::sinks
