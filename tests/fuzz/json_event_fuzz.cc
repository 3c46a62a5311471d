// A line as a JSON event: what we take, nlohmann_json takes, with the same values; what it takes as
// an object, we take. See json_event.h for what may differ.

#include <nlohmann/json.hpp>
#include <string>

#include "records/json_event.h"
#include "tests/fuzz/fuzz.h"
#include "tests/records/by_nlohmann.h"
#include "tests/records/kit.h"

using namespace parshall;
using nlohmann::json;

namespace {

size_t DepthOf(std::string_view text) {
  size_t depth = 0, deepest = 0;
  for (const char c : text) {  // brackets in strings count as well: an upper bound
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return deepest;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const parser = new records::JsonEventParser();
  const std::string_view text = fuzz::TextOf(data, size);
  if (DepthOf(text) > records::kJsonDepthMax) return 0;
  const records::testing::Padded line(text);
  const bool accepted = parser->Parse(line.view());
  const records::testing::ByNlohmann theirs(text);
  // nlohmann_json takes a NUL for the end of the text.
  const bool whole = text.find('\0') == std::string_view::npos;
  if (whole && theirs.accepted && theirs.value.is_object()) FUZZ_CHECK(accepted);
  if (!accepted) return 0;
  FUZZ_CHECK(theirs.accepted || theirs.lone_surrogate || theirs.number_too_large);
  std::string rebuilt = "{";
  for (const records::JsonMember& member : parser->members()) {
    if (rebuilt.size() > 1) rebuilt += ',';
    rebuilt.append(member.key).append(":").append(member.value);
    if (member.kind == records::JsonKind::kString) {
      std::string out(member.value.size() + 16, '\0');
      out.resize(static_cast<size_t>(records::UnescapeJson(member.value, out.data()) - out.data()));
      FUZZ_CHECK(out == json::parse(member.value).get<std::string>());
    }
  }
  rebuilt += "}";
  FUZZ_CHECK(rebuilt.find('\n') == std::string::npos);
  const records::testing::ByNlohmann again(rebuilt);
  FUZZ_CHECK(again.accepted || again.number_too_large);
  if (again.accepted && theirs.accepted) FUZZ_CHECK(again.value == theirs.value);
  records::JsonMember found;
  for (const char* path : {"a", "a.b", "a.b.c", "http.status"}) {
    const records::testing::Padded object(rebuilt);
    records::FindJsonPath(object.view(), path, &found);
  }
  return 0;
}
