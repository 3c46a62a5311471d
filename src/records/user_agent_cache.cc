#include "records/user_agent_cache.h"

#include <utility>

namespace parshall::records {

const UserAgent& UserAgentCache::Find(std::string_view agent) {
  agent = agent.substr(0, kAgentBytesMax);
  if (const auto at = young_.find(agent); at != young_.end()) return at->second;
  if (young_.size() >= kGenerationAgents) {
    old_ = std::exchange(young_, Agents());
  }
  if (const auto at = old_.find(agent); at != old_.end()) {
    return young_.insert(old_.extract(at)).position->second;
  }
  return young_.emplace(std::string(agent), table_->Find(agent)).first->second;
}

}  // namespace parshall::records
