#include "bytes/fingerprint.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace parshall::bytes {
namespace {

// Reads exactly `size` bytes; false when they are not there.
bool ReadExactly(int fd, uint64_t offset, char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = ReadSomeAt(fd, data, size, static_cast<off_t>(offset));
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

// 0 for no bytes, so that nothing has the same fingerprint everywhere.
Fingerprint Finished(Fingerprint fingerprint) {
  if (fingerprint.size == 0) fingerprint.hash = 0;
  return fingerprint;
}

}  // namespace

uint64_t HashOn(uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  }
  return hash;
}

bool HashAt(int fd, uint64_t offset, uint32_t size, uint64_t* hash) {
  std::array<char, Fingerprint::kBytesMax> bytes;
  if (size > bytes.size() || !ReadExactly(fd, offset, bytes.data(), size)) return false;
  *hash = HashOn(kHashOfNothing, {bytes.data(), size});
  return true;
}

void Trace::Add(std::string_view bytes) {
  if (head_.empty()) {
    const size_t hole = std::min(bytes.find_first_not_of('\0'), bytes.size());
    head_at_ = end_ + hole;
    head_.assign(bytes.substr(hole, kHeadBytes));
  } else if (head_.size() < kHeadBytes && head_at_ + head_.size() == end_) {
    head_.append(bytes.substr(0, kHeadBytes - head_.size()));
  }
  end_ += bytes.size();
  if (beginning_.size < Fingerprint::kBytesMax) {
    const std::string_view first = bytes.substr(0, Fingerprint::kBytesMax - beginning_.size);
    beginning_.hash = HashOn(beginning_.hash, first);
    beginning_.size += static_cast<uint32_t>(first.size());
  }
  if (bytes.size() >= kTailBytes) {
    tail_.assign(bytes.substr(bytes.size() - kTailBytes));
    return;
  }
  const size_t room = kTailBytes - bytes.size();
  if (tail_.size() > room) tail_.erase(0, tail_.size() - room);
  tail_.append(bytes);
}

bool Trace::Load(int fd, uint64_t offset) {
  *this = Trace();
  Trace loaded;
  std::array<char, Fingerprint::kBytesMax> bytes;
  const size_t first = std::min<uint64_t>(offset, bytes.size());
  const size_t last = std::min<uint64_t>(offset, kTailBytes);
  if (!ReadExactly(fd, 0, bytes.data(), first)) return false;
  loaded.Add({bytes.data(), first});
  if (!ReadExactly(fd, offset - last, bytes.data(), last)) return false;
  loaded.tail_.assign(bytes.data(), last);
  loaded.end_ = offset;
  if (const size_t hole = loaded.tail_.find_first_not_of('\0');
      loaded.head_.empty() && hole != std::string::npos) {
    // Where the hole ends is not known, but any bytes behind it will do.
    loaded.head_at_ = offset - last + hole;
    loaded.head_ = loaded.tail_.substr(hole, kHeadBytes);
  }
  *this = std::move(loaded);
  return true;
}

bool Trace::FitsIn(int fd) const {
  FilePosition position;
  Save(&position);
  return Fits(fd, position);
}

void Trace::Save(FilePosition* position) const {
  position->fingerprint = Finished(beginning_);
  position->tail = Finished(
      {.size = static_cast<uint32_t>(tail_.size()), .hash = HashOn(kHashOfNothing, tail_)});
  position->tail_end = end_;
  position->offset = end_;
}

FilePosition Trace::Position(std::string source, const FileIdentity& identity,
                             int64_t modified_ns) const {
  FilePosition position;
  position.source = std::move(source);
  position.identity = identity;
  position.modified_ns = modified_ns;
  Save(&position);
  return position;
}

Likeness Trace::Compare(int fd, uint64_t size) const {
  if (!begun() || size <= head_at_) return Likeness::kUnknown;
  std::array<char, kHeadBytes + 1> bytes;
  // With the last byte of the hole: it must end here.
  const uint64_t hole = std::min<uint64_t>(head_at_, 1);
  const size_t first = std::min<uint64_t>(size - head_at_, head_.size());
  if (!ReadExactly(fd, head_at_ - hole, bytes.data(), hole + first)) return Likeness::kUnknown;
  if (std::string_view(bytes.data() + hole, first) != std::string_view(head_).substr(0, first)) {
    return Likeness::kOther;
  }
  // Logs begin alike. Half of a first line tells nothing: it may be a new file's.
  if (first < head_.size() && bytes[hole + first - 1] != '\n') return Likeness::kUnknown;
  uint64_t hash = 0;
  if (size >= beginning_.size && HashAt(fd, 0, beginning_.size, &hash) && hash != beginning_.hash) {
    return Likeness::kOther;
  }
  if (size >= end_ && !FitsIn(fd)) return Likeness::kOther;
  return Likeness::kSame;
}

Likeness Compare(int fd, uint64_t size, const FilePosition& position) {
  if (position.offset == 0) return Likeness::kUnknown;
  if (size >= position.tail_end) return Fits(fd, position) ? Likeness::kSame : Likeness::kOther;
  const Fingerprint& first = position.fingerprint;
  uint64_t hash = 0;
  if (first.size == 0 || size < first.size || FindBeginning(fd, first.size) == first.size ||
      !HashAt(fd, 0, first.size, &hash)) {
    return Likeness::kUnknown;
  }
  return hash == first.hash ? Likeness::kSame : Likeness::kOther;
}

size_t DropNuls(char* data, size_t size) {
  const size_t nuls = std::min(std::string_view(data, size).find_first_not_of('\0'), size);
  std::memmove(data, data + nuls, size - nuls);
  return size - nuls;
}

uint64_t FindBeginning(int fd, uint64_t size) {
  // Where a file system knows no holes this is 0.
  const off_t data = ::lseek(fd, 0, SEEK_DATA);
  if (data < 0) return size;  // nothing but a hole
  std::array<char, 4096> bytes;
  const auto begin = static_cast<uint64_t>(data);
  for (uint64_t at = begin; at < size && at < begin + kNulsReadMax;) {
    const ssize_t n = ReadSomeAt(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n <= 0) return size;
    const std::string_view read(bytes.data(), static_cast<size_t>(n));
    if (const size_t hole = read.find_first_not_of('\0'); hole != read.npos) {
      return std::min(size, at + hole);
    }
    at += read.size();
  }
  return size;
}

bool Fits(int fd, const FilePosition& position) {
  const Fingerprint& tail = position.tail;
  if (position.tail_end < tail.size) return false;  // no position that was ever saved
  uint64_t hash = 0;
  const Fingerprint& first = position.fingerprint;
  if (first.size > 0 && (!HashAt(fd, 0, first.size, &hash) || hash != first.hash)) return false;
  if (tail.size > 0 &&
      (!HashAt(fd, position.tail_end - tail.size, tail.size, &hash) || hash != tail.hash)) {
    return false;
  }
  char byte;
  return position.offset == 0 || ReadExactly(fd, position.offset - 1, &byte, 1);
}

}  // namespace parshall::bytes
