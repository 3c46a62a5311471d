#include "bytes/gzip_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "bytes/rotated_siblings.h"

namespace parshall::bytes {
namespace {

constexpr size_t kCompressedBytes = 64 * 1024;
// zlib's word for: a gzip header and trailer, nothing else.
constexpr int kGzipOnly = 16 + MAX_WBITS;
// A million empty members give no byte for a long time; the other sources get their turn.
constexpr int kStepsMax = 64;
// Unpacked in one Read() on the way to where an earlier run stopped.
constexpr uint64_t kSkipBytes = 256 * 1024;

}  // namespace

struct GzipSource::Inflater {
  z_stream stream = {};
  std::array<unsigned char, kCompressedBytes> compressed;
  bool started = false;

  ~Inflater() {
    if (started) ::inflateEnd(&stream);
  }
};

GzipSource::GzipSource(std::string path, uint32_t index, FileLedger* ledger)
    : Member(std::move(path), index), ledger_(ledger) {
  ready_ = true;
}

GzipSource::~GzipSource() = default;

bool GzipSource::Mean(const FileIdentity& identity, int descriptors_max) {
  meant_ = identity;
  const bool there = Open();
  if (fd_.get() >= descriptors_max) fd_.Reset();
  return there;
}

// Under its path; or, when another file stands there by now, wherever the one that is meant does.
bool GzipSource::Open() {
  const auto opened = [this](const std::string& path) {
    FileStat stat;
    fd_ = OpenForReading(path);
    if (!fd_.valid()) return false;
    if (!meant_ || (StatFd(fd_.get(), &stat) == 0 && stat.identity == *meant_)) return true;
    fd_.Reset();
    errno = ENOENT;
    return false;
  };
  if (fd_.valid() || opened(name())) return true;
  if (!meant_ || errno != ENOENT) return false;
  FolderNames names;
  const std::string moved = FindInFolder(name(), *meant_, names);
  errno = ENOENT;
  return !moved.empty() && opened(moved);
}

bool GzipSource::Start() {
  if (!Open()) {
    error_ = "cannot be opened: " + ErrnoText(errno);
    return false;
  }
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  FileStat stat;
  if (ledger_ != nullptr && StatFd(fd_.get(), &stat) == 0) {
    identity_ = stat.identity;
    modified_ns_ = stat.modified_ns;
    const FilePosition* const left = ledger_->Find(identity_);
    if (left != nullptr && left->offset > 0) GoOnBehind(*left);
    ledger_->Forget(identity_);
  }
  inflater_ = std::make_unique<Inflater>();
  inflater_->started = ::inflateInit2(&inflater_->stream, kGzipOnly) == Z_OK;
  if (!inflater_->started) error_ = "cannot be decompressed: not enough memory";
  return inflater_->started;
}

bool GzipSource::Fill() {
  z_stream& z = inflater_->stream;
  if (z.avail_in > 0) return true;
  auto& buffer = inflater_->compressed;
  const ssize_t n = ReadSome(fd_.get(), reinterpret_cast<char*>(buffer.data()), buffer.size());
  if (n < 0) {
    error_ = "cannot be read: " + ErrnoText(errno);
    return false;
  }
  z.next_in = buffer.data();
  z.avail_in = static_cast<uInt>(n);
  return true;
}

// Between two members. False at the end of the file, however it ends.
bool GzipSource::NextMember() {
  z_stream& z = inflater_->stream;
  if (!Fill()) return false;
  if (members_ > 0) {
    // Zeros behind the last member are padding (tapes, block devices), as gzip(1) sees it.
    while (z.avail_in > 0 && *z.next_in == 0) {
      ++z.next_in;
      --z.avail_in;
    }
    if (z.avail_in == 0) {
      // Padding goes on, or this is the end; the next turn of the caller's loop will say.
      if (!Fill()) return false;
      if (z.avail_in == 0) finished_ = true;
      return false;
    }
  } else if (z.avail_in == 0) {
    error_ = "is empty, which no gzip file is";
    return false;
  }
  if (::inflateReset(&z) != Z_OK) {
    error_ = "cannot be decompressed: zlib lost its state";
    return false;
  }
  in_member_ = true;
  ++members_;
  return true;
}

ReadResult GzipSource::Close(ReadResult result) {
  if (ledger_ != nullptr && fd_.valid()) ledger_->Release(Position());
  inflater_.reset();
  fd_.Reset();
  if (finished_) return End(std::move(result));
  return FailWith(std::move(result), error_);
}

// At most `size` decompressed bytes; 0: nothing yet, or finished_, or error_.
size_t GzipSource::Unpack(char* data, size_t size) {
  z_stream& z = inflater_->stream;
  const size_t room = std::min<size_t>(size, std::numeric_limits<uInt>::max());
  z.next_out = reinterpret_cast<unsigned char*>(data);
  z.avail_out = static_cast<uInt>(room);
  for (int steps = 0; steps < kStepsMax && z.avail_out > 0 && error_.empty() && !finished_;
       ++steps) {
    if (!in_member_ && !NextMember()) continue;
    if (!Fill()) break;
    const int status = ::inflate(&z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      in_member_ = false;
    } else if (status == Z_MEM_ERROR) {
      error_ = "cannot be decompressed: not enough memory";
    } else if (status == Z_BUF_ERROR) {
      // No step forward with room for output: the file has no more input.
      error_ = "ends in the middle of the gzip data (the file is cut short)";
    } else if (status != Z_OK) {
      const bool garbage = members_ > 1 && z.total_out == 0 && z.total_in < 4;
      error_ = garbage ? std::string("has other bytes behind the gzip data")
                       : std::string("is damaged gzip data (") +
                             (z.msg != nullptr ? z.msg : "unknown") + ")";
    }
  }
  const size_t unpacked = room - z.avail_out;
  trace_.Add({data, unpacked});
  offset_ += unpacked;
  return unpacked;
}

// What an earlier run has read is unpacked again. If it is the same, what stands behind it is
// handed on; else this is another file, which is read from its beginning.
void GzipSource::Skip() {
  const bool compares = phase_ == Phase::kCompare;
  const uint64_t target = compares ? std::max(left_.offset, left_.tail_end) : left_.offset;
  std::vector<char> unused(std::min<uint64_t>(target - offset_, kSkipBytes));
  Unpack(unused.data(), unused.size());
  if (offset_ < target && error_.empty() && !finished_) return;
  if (!compares && offset_ == target) {
    phase_ = Phase::kRead;
    return;
  }
  FilePosition here;
  trace_.Save(&here);
  const bool same = compares && offset_ == target && here.fingerprint == left_.fingerprint &&
                    (left_.tail.size == 0 || here.tail == left_.tail);
  if (same && offset_ == left_.offset) {
    phase_ = Phase::kRead;
    return;
  }
  // Back to the beginning: half a line that was read is to be read again, or everything is.
  phase_ = same ? Phase::kSeek : Phase::kRead;
  ::lseek(fd_.get(), 0, SEEK_SET);
  inflater_->stream.avail_in = 0;
  in_member_ = false;
  members_ = 0;
  finished_ = false;
  error_.clear();
  offset_ = 0;
  trace_ = Trace();
}

ReadResult GzipSource::Read(char* data, size_t size) {
  ReadResult result{.offset = offset_, .error = {}};
  if (ended_) return End(result);
  if (inflater_ == nullptr && !Start()) return Close(std::move(result));
  if (phase_ != Phase::kRead) {
    Skip();
    return result;  // nothing yet, but still ready
  }
  const bool in_hole = ledger_ != nullptr && !trace_.begun();  // else its owner passes it over
  result.size = Unpack(data, size);
  if (result.size > 0) {
    if (in_hole) result.size = DropNuls(data, result.size);
    if (result.size == 0) return result;  // all of it was a hole; still ready
    result.status = ReadStatus::kBytes;
    result.offset = offset_ - result.size;
    return result;
  }
  if (finished_ || !error_.empty()) return Close(std::move(result));
  return result;  // nothing yet, but still ready
}

void GzipSource::GoOnBehind(const FilePosition& left) {
  left_ = left;
  phase_ = Phase::kCompare;
}

FilePosition GzipSource::Position() const {
  return trace_.Position(name(), identity_, modified_ns_);
}

// When it has ended, the ledger has it. Until it has come to where an earlier run stopped, that is
// still what is known.
void GzipSource::AppendPositions(std::vector<FilePosition>* positions) const {
  if (ledger_ == nullptr || !fd_.valid()) return;
  positions->push_back(phase_ == Phase::kRead ? Position() : left_);
  positions->back().current = true;
}

}  // namespace parshall::bytes
