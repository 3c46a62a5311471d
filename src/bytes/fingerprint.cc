#include "bytes/fingerprint.h"

#include <algorithm>
#include <array>

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
  end_ += bytes.size();
  if (head_.size() < kHeadBytes) head_.append(bytes.substr(0, kHeadBytes - head_.size()));
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

bool Trace::BeginsLike(int fd, uint64_t size) const {
  std::array<char, kHeadBytes> head;
  const size_t first = std::min<uint64_t>(size, head_.size());
  if (!ReadExactly(fd, 0, head.data(), first)) return false;
  if (std::string_view(head.data(), first) != std::string_view(head_).substr(0, first))
    return false;
  uint64_t hash = 0;
  return size < beginning_.size ||
         (HashAt(fd, 0, beginning_.size, &hash) && hash == beginning_.hash);
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
