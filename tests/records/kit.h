#pragma once
// What the tests of records, sinks, pipeline and the fuzz targets share: texts in blocks that are
// exactly as large as promised, rules out of YAML text, and the rules that are shipped.

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "records/compile.h"
#include "records/matcher.h"
#include "rules/reader.h"

namespace parshall::records::testing {

// A text at the end of a heap block with only the promised padding behind it: the sanitizer sees
// every read beyond. The padding is full of what a scan might take for the end of a field. One
// thread.
class Padded {
 public:
  explicit Padded(std::string_view text, char fill = '"')
      : bytes_(new char[text.size() + kPaddingBytes]), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
    std::memset(bytes_.get() + text.size(), fill, kPaddingBytes);
  }
  const char* begin() const { return bytes_.get(); }
  const char* end() const { return bytes_.get() + size_; }
  std::string_view view() const { return {begin(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

// "-" for a group that took no part, so that it differs from an empty one.
inline std::string ShowCaptures(const Capture* captures, int groups) {
  std::string text;
  for (int group = 1; group <= groups; ++group) {
    text += captures[group].begin == nullptr
                ? "-"
                : "<" + std::string(captures[group].begin, captures[group].end) + ">";
  }
  return text;
}

inline std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string ShowFaults(const std::vector<Error>& faults) {
  std::string text;
  for (const Error& fault : faults) text += fault.ToString() + "\n";
  return text;
}

// The rules and metrics of a YAML text; aborts with its faults.
inline rules::RuleSet RulesOf(const std::string& yaml) {
  rules::ReadOutcome read = rules::ReadRules({{.name = "test.yaml", .text = yaml}});
  if (!read.faults.empty()) {
    std::fputs(ShowFaults(read.faults).c_str(), stderr);
    std::abort();
  }
  return std::move(read.rules);
}

// `wanted` are fields that some metric reads, for records of all kinds.
inline std::shared_ptr<const RuleProgram> Compiled(rules::RuleSet set,
                                                   const std::vector<std::string>& wanted = {}) {
  for (const std::string& field : wanted) {
    rules::MetricSpec metric;
    metric.name = "wanted_total";
    metric.labels.emplace_back();
    metric.labels.back().field = field;
    set.metrics.push_back(std::move(metric));
  }
  CompileOutcome outcome = CompileRules(set, wanted);
  if (!outcome.faults.empty()) {
    std::fputs(ShowFaults(outcome.faults).c_str(), stderr);
    std::abort();
  }
  return outcome.program;
}

inline std::shared_ptr<const RuleProgram> ProgramOf(const std::string& yaml,
                                                    const std::vector<std::string>& wanted = {}) {
  return Compiled(RulesOf(yaml), wanted);
}

#ifdef PARSHALL_SOURCE_DIR
// The rules and metrics that are active when none are named, from rules/, in the order of
// cmake/embed_rules.cmake.
inline rules::RuleSet ShippedRules() {
  std::vector<rules::RuleFile> files;
  for (const char* name : {"structlog", "access", "gunicorn", "json", "metrics"}) {
    const std::string path = std::string(PARSHALL_SOURCE_DIR "/rules/") + name + ".yaml";
    files.push_back({.name = path, .text = ReadWhole(path)});
  }
  rules::ReadOutcome read = rules::ReadRules(files);
  if (!read.faults.empty()) {
    std::fputs(ShowFaults(read.faults).c_str(), stderr);
    std::abort();
  }
  return std::move(read.rules);
}
#endif

// A value as a person reads it: absent, null, "text", 5, 0.5, true.
inline std::string Show(const Value& value) {
  switch (value.kind) {
    case ValueKind::kAbsent:
      return "absent";
    case ValueKind::kNull:
      return "null";
    case ValueKind::kString:
      return '"' + std::string(value.text()) + '"';
    case ValueKind::kInt:
      return std::to_string(value.integer);
    case ValueKind::kBool:
      return value.integer != 0 ? "true" : "false";
    case ValueKind::kFloat: {
      std::ostringstream text;
      text.precision(17);
      text << value.number;
      return text.str();
    }
  }
  return "?";
}

// The fields of a record by name, those that are absent left out: "host=… status=200".
inline std::string ShowFields(const RuleProgram& program, const Record& record) {
  std::string text;
  const CompiledRule& rule = program.rules[record.rule];
  for (uint32_t slot = 0; slot < record.values_count; ++slot) {
    if (record.values[slot].kind == ValueKind::kAbsent) continue;
    if (!text.empty()) text += ' ';
    text += rule.fields[slot].name + "=" + Show(record.values[slot]);
  }
  return text;
}

// The event's own keys as they stand in the record: {"a":1,"b":2}.
inline std::string ShowMembers(const Record& record) {
  std::string text = "{";
  for (uint32_t n = 0; n < record.members_count; ++n) {
    if (n > 0) text += ",";
    text.append(record.members[n].key).append(":").append(record.members[n].value);
  }
  return text + "}";
}

}  // namespace parshall::records::testing
