#pragma once
// JSON events: an object a line, taken apart into its own keys as raw text, so that the record can
// pass them on byte for byte. Strict RFC 8259: a line is an event only if every conforming parser
// would take it (UTF-8 included), since its bytes are written out again.
//
// Why not simdjson alone: passing values on verbatim needs each member's raw extent and a check of
// everything in it, and simdjson's on-demand interface checks only what is looked at, its DOM does
// not keep the text and refuses integers over 64 bits. This scanner keeps both; simdjson's UTF-8
// validation is used, and the tests hold it against simdjson's DOM and nlohmann_json.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "records/json_scan.h"
#include "records/record.h"

namespace parshall::records {

// Deeper nesting is not an event (every level costs a bit, not a stack frame).
inline constexpr size_t kJsonDepthMax = 1024;

// One thread. The members are views into the line (or into repaired copies held here), valid until
// the next Parse().
class JsonEventParser {
 public:
  // True when the line is one JSON object, blanks around it allowed. kPaddingBytes behind the line
  // must be readable.
  bool Parse(std::string_view line);
  const std::vector<JsonMember>& members() const { return members_; }
  std::vector<JsonMember>& members() { return members_; }

 private:
  const ScanEvent scan_ = BestScanEvent();  // null: none
  std::vector<JsonMember> members_;
  std::array<JsonMember, kIndexedMembersMax> indexed_;
  std::vector<std::string> repaired_;
};

// The text of a raw JSON string (with its quotes); writes at most raw.size() bytes to `out` and
// needs 16 more of room. Half a surrogate pair becomes U+FFFD. Returns the end of what was written.
char* UnescapeJson(std::string_view raw, char* out);

// The member at a dotted path ("request.method") below a raw JSON object that Parse() has accepted.
// A key that itself has dots wins over a path. False when there is none.
bool FindJsonPath(std::string_view object, std::string_view path, JsonMember* found);
// The same among the members of an event.
bool FindJsonPath(std::span<const JsonMember> members, std::string_view path, JsonMember* found);

}  // namespace parshall::records
