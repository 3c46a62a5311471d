#include "bytes/file_ledger.h"

#include <utility>

#include "bytes/fingerprint.h"

namespace parshall::bytes {

bool FileLedger::Claim(const FileIdentity& identity, const void* owner) {
  return owners_.emplace(identity, owner).second;
}

uint64_t FileLedger::ResumeAt(const FileIdentity& identity, int fd) {
  const auto it = ended_.find(identity);
  if (it == ended_.end()) return 0;
  if (Fits(fd, it->second)) return it->second.offset;
  ended_.erase(it);
  return 0;
}

void FileLedger::Release(FilePosition position) {
  owners_.erase(position.identity);
  Remember(std::move(position));
}

void FileLedger::Remember(FilePosition position) {
  position.current = false;
  const FileIdentity identity = position.identity;
  ended_.insert_or_assign(identity, std::move(position));
}

const FilePosition* FileLedger::Find(const FileIdentity& identity) const {
  const auto it = ended_.find(identity);
  return it == ended_.end() ? nullptr : &it->second;
}

bool FileLedger::Finished(const FileStat& stat) const {
  const FilePosition* const left = Find(stat.identity);
  return left != nullptr && left->offset == stat.size && left->modified_ns == stat.modified_ns;
}

void FileLedger::KeepOnly(const Seen& seen) {
  std::erase_if(ended_, [&](const auto& entry) {
    return !seen.contains(entry.first) && !owners_.contains(entry.first);
  });
}

void FileLedger::AppendEnded(std::vector<FilePosition>* positions) const {
  for (const auto& entry : ended_) positions->push_back(entry.second);
}

}  // namespace parshall::bytes
