#include "bytes/file_ledger.h"

namespace parshall::bytes {

bool FileLedger::Claim(const FileIdentity& identity, const void* owner) {
  if (!owners_.emplace(identity, owner).second) return false;
  ended_.erase(identity);
  return true;
}

void FileLedger::Release(const FileIdentity& identity, uint64_t offset) {
  owners_.erase(identity);
  ended_[identity] = offset;
}

uint64_t FileLedger::ResumeAt(const FileIdentity& identity, uint64_t size) const {
  const auto it = ended_.find(identity);
  return it == ended_.end() || size < it->second ? 0 : it->second;
}

void FileLedger::KeepOnly(const Seen& seen) {
  std::erase_if(ended_, [&](const auto& entry) { return !seen.contains(entry.first); });
}

}  // namespace parshall::bytes
