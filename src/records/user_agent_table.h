#pragma once
// What programs call themselves in `User-Agent`: the expressions of uap-core (data/uap-core), which
// say the browser's family and major version and the operating system, and a class of device made
// from these. They travel in the program and are read when the first rule asks for them.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class FilteredRE2;
}

namespace parshall::records {

// Empty: not known. `family` and `os` are uap-core's words ("Mobile Safari", "iOS").
struct UserAgent {
  std::string family;
  std::string major;
  std::string os;
  std::string_view device;  // desktop, mobile, tablet, tv, bot or other

  bool operator==(const UserAgent&) const = default;
};

// The text of the data file.
std::string_view UserAgentData();

// More of an agent is not looked at, which bounds what one may cost.
inline constexpr size_t kAgentBytesMax = 512;

// Immutable; any thread. Some 4 MB once it is read, and up to 192 KiB more for each of its 544
// expressions as agents need them: 9 MB after 1,881 different ones. Reading it takes some 60 ms.
// One agent costs about 0.1 ms, at worst 1 ms; see UserAgentCache.
class UserAgentTable {
 public:
  // `data` in the form of uap-core's regexes.yaml, one key a line, texts in single quotes: not any
  // YAML, since the file is our own. Fails with the line.
  static Result<std::unique_ptr<UserAgentTable>> Read(std::string_view data);
  // The one of all rules, read at the first call; null if the shipped data cannot be read, which a
  // test would tell.
  static std::shared_ptr<const UserAgentTable> Shipped();
  ~UserAgentTable();

  UserAgent Find(std::string_view agent) const;

 private:
  // Expressions in their order, of which the first that matches counts.
  struct Section {
    struct Entry {
      std::string replacement;  // may hold $1; empty: the first group
      std::string major;        // replaces the second group
    };
    std::unique_ptr<re2::FilteredRE2> expressions;
    // Texts of which one must be in an agent for an expression to match, in small letters; what
    // holds none of an expression's texts is not tried.
    std::vector<std::string> atoms;
    std::vector<Entry> entries;
  };
  UserAgentTable();
  static Status Add(std::string_view expression, bool any_case, Section* section);
  static int First(const Section& section, const std::string& agent, const std::string& small);

  Section families_;
  Section systems_;
  Section bots_;
};

}  // namespace parshall::records
