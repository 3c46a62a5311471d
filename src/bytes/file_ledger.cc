#include "bytes/file_ledger.h"

#include <iterator>
#include <utility>

#include "bytes/fingerprint.h"

namespace parshall::bytes {

bool FileLedger::Claim(const FileIdentity& identity, const void* owner) {
  return owners_.emplace(identity, owner).second;
}

uint64_t FileLedger::ResumeAt(const FileIdentity& identity, int fd) {
  const auto it = ended_.find(identity);
  if (it == ended_.end()) return 0;
  if (Fits(fd, it->second.position)) return it->second.position.offset;
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
  ended_.insert_or_assign(identity, Ended{std::move(position), 0});
}

const FilePosition* FileLedger::Find(const FileIdentity& identity) const {
  const auto it = ended_.find(identity);
  return it == ended_.end() ? nullptr : &it->second.position;
}

bool FileLedger::Finished(const FileStat& stat) const {
  const FilePosition* const left = Find(stat.identity);
  return left != nullptr && left->offset == stat.size && left->modified_ns == stat.modified_ns;
}

void FileLedger::KeepOnly(const Seen& seen) {
  for (auto it = ended_.begin(); it != ended_.end();) {
    const bool present = seen.contains(it->first) || owners_.contains(it->first);
    it->second.searches_unseen = present ? 0 : it->second.searches_unseen + 1;
    it = it->second.searches_unseen >= kSearchesUnseenMax ? ended_.erase(it) : std::next(it);
  }
}

std::vector<FilePosition> FileLedger::LastWrittenAt(int64_t modified_ns) const {
  std::vector<FilePosition> found;
  for (const auto& [identity, ended] : ended_) {
    if (ended.position.modified_ns == modified_ns) found.push_back(ended.position);
  }
  return found;
}

void FileLedger::AppendEnded(std::vector<FilePosition>* positions) const {
  for (const auto& entry : ended_) positions->push_back(entry.second.position);
}

}  // namespace parshall::bytes
