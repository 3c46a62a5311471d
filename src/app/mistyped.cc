#include "app/mistyped.h"

#include "records/convert.h"
#include "records/json_event.h"
#include "records/logfmt.h"

namespace parshall::app {
namespace {

constexpr size_t kShownBytesMax = 200;

std::string_view Wanted(rules::FieldType type) {
  switch (type) {
    case rules::FieldType::kInt:
      return "no int";
    case rules::FieldType::kFloat:
      return "no float";
    case rules::FieldType::kBool:
      return "no bool";
    case rules::FieldType::kTime:
      return "no time that its rule can read";
    case rules::FieldType::kDuration:
      return "no duration: a number is wanted";
    case rules::FieldType::kBytes:
      return "no number of bytes";
    case rules::FieldType::kIp:
      return "no IP address";
    case rules::FieldType::kString:
    case rules::FieldType::kHttpRequest:
      break;
  }
  return "no text";
}

std::string Shown(std::string_view raw) {
  if (raw.size() <= kShownBytesMax) return std::string(raw);
  return std::string(raw.substr(0, kShownBytesMax)) + "…";
}

}  // namespace

std::vector<std::string> WhyMistyped(const records::RuleProgram& program,
                                     const records::Record& record, std::string_view line) {
  const records::CompiledRule& rule = program.rules[record.rule];
  std::vector<std::string> whys(rule.fields.size());
  std::vector<char> room;
  if (rule.logfmt) line = records::LogfmtToJson(line, &room);
  for (const records::Recipe& recipe : rule.recipes) {
    const auto slot = static_cast<size_t>(recipe.slot);
    const records::Value& value = record.values[slot];
    const std::string wanted(Wanted(recipe.conversion.type));
    if (recipe.capture == 0 && value.mistyped()) {
      records::JsonMember member;
      const std::string& key = program.keys[static_cast<size_t>(recipe.key)];
      if (!records::FindJsonPath(line, key, &member)) continue;  // another key of this field
      if (member.kind == records::JsonKind::kNull) continue;
      whys[slot] = "the event has " + Shown(member.value) + ", which is " + wanted +
                   "; the record keeps it as it came";
    } else if (recipe.capture > 0 && value.kind == records::ValueKind::kString) {
      records::Value again;
      if (records::Convert(recipe.conversion, value.text(), &again)) continue;
      whys[slot] = "this is " + wanted + ", so the line is rejected: no metric counts it";
    }
  }
  return whys;
}

}  // namespace parshall::app
