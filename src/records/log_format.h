#pragma once
// A server's own format string → an expression with typed fields, so that nobody has to write an
// expression for what the server's configuration states already. What comes out is an ordinary
// rule; everything behind it (plans, matching, conversions) is that of all rules.
//
// Each server has a file, log_format_<server>.cc, which knows its directives; log_format_parts.h is
// what they hand on, and log_format_pattern.cc makes the expression of it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"

namespace parshall::records {

struct LogFormat {
  std::string pattern;
  std::vector<rules::FieldSpec> fields;
  std::vector<std::string> timestamp;  // the fields that may give @timestamp, in their order
  // What cannot be told apart for certain, although a reading exists: sentences with the column in
  // the format. Nothing here makes the format unusable.
  std::vector<std::string> doubts;
};

// Compiles spec.text. The error's place is that of the character in question, and its sentence says
// the column in the format as well.
Result<LogFormat> CompileLogFormat(const rules::LogFormatSpec& spec);

// Gives every rule with `log_format:` its pattern and its fields. Fields that the rule declares
// itself are the rule's. Returns all faults; what is only doubtful goes to `doubts`.
std::vector<Error> ExpandLogFormats(rules::RuleSet* set, std::vector<Error>* doubts);

// The servers whose formats are known, with a sentence on what is taken, for help and `formats`.
struct LogFormatServer {
  std::string_view name;
  std::string_view sample;  // a format, as the server's documentation has it
};
std::span<const LogFormatServer> LogFormatServers();

}  // namespace parshall::records
