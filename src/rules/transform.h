#pragma once
// What the operator wrote about changing a rule's records, as plain data. records/transform.h runs
// it; docs/RULES.md ("Transforms") is the reference.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/where.h"

namespace parshall::rules {

enum class TransformKind : uint8_t {
  kKeep,  // the record stays if all tests hold, else it is dropped
  kDrop,  // the record is dropped if all tests hold
  kRename,
  kRemove,
  kAdd,     // a constant
  kRedact,  // parts of a text are replaced
  kSplit,   // a URL is taken apart
  kUserAgent,  // what a User-Agent says of browser, system and device
};

// One test of keep: or drop:. Null and absent values pass none.
struct FieldTest {
  std::string field;
  std::vector<std::string> values;  // the text is one of them; empty: any
  std::string match;                // an RE2 expression that is found in the text; empty: none
  std::optional<double> min;        // numbers from here …
  std::optional<double> max;        // … to here, both included
  Where where;
};

enum class RedactPreset : uint8_t {
  kExpression,    // `match:`
  kQuerySecrets,  // tokens and passwords in query strings, passwords before an @ in a URL
  kEmail,
  kCard,  // card numbers with a right check digit
  kIp,    // addresses are cut to their network
};

// A name, or two, and where the first of them stands.
struct NamedText {
  std::string name;
  std::string text;
  Where where;
};

struct TransformSpec {
  TransformKind kind = TransformKind::kRemove;
  std::vector<FieldTest> tests;  // kKeep, kDrop
  std::string reason;            // kKeep, kDrop: the label of the count
  // kRename: name → new name; kRemove: names; kAdd: name → its text; kRedact: names;
  // kSplit, kUserAgent: one name, the field that holds the URL or the agent.
  std::vector<NamedText> fields;
  RedactPreset preset = RedactPreset::kExpression;
  std::string match;   // kExpression: what is replaced; its first group if it has one
  std::string with;    // what stands there instead; not for kIp
  int ipv4_bits = 24;  // kIp: so many stay
  int ipv6_bits = 48;
  // kSplit: the fields that get the parts; empty: not wanted.
  std::string host_as;
  std::string path_as;
  std::string query_as;
  std::vector<NamedText> params;  // query parameter → field
  // kUserAgent: the fields that get the parts; empty: not wanted.
  std::string family_as;
  std::string major_as;
  std::string os_as;
  std::string device_as;
  Where where;
};

// Which of the records that a rule makes are written; metrics count all of them.
struct SampleSpec {
  uint32_t one_in = 1;
  std::string by;  // the field whose text decides; empty: the line's
  Where where;
};

inline constexpr size_t kTransformsMax = 64;       // of a rule
inline constexpr size_t kTransformNamesMax = 256;  // of one transform
inline constexpr size_t kReplacementBytesMax = 64;

}  // namespace parshall::rules
