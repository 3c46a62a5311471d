#pragma once
// Agents repeat: what was found for the last few thousand is kept, so that an ordinary line costs a
// look into a table.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "records/user_agent_table.h"

namespace parshall::records {

// One thread. Holds at most 2 * kGenerationAgents agents of kAgentBytesMax bytes: some 1 MB in
// practice, at most about 6 MB.
class UserAgentCache {
 public:
  static constexpr size_t kGenerationAgents = 2048;

  explicit UserAgentCache(std::shared_ptr<const UserAgentTable> table) : table_(std::move(table)) {}

  // Valid until the next call.
  const UserAgent& Find(std::string_view agent);

  size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Agents = std::unordered_map<std::string, UserAgent, Hash, std::equal_to<>>;

  std::shared_ptr<const UserAgentTable> table_;
  // What is asked for moves to the young; when these are many, they become the old and the old go.
  Agents young_;
  Agents old_;
};

}  // namespace parshall::records
