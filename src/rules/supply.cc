#include "rules/supply.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "rules/group_text.h"

namespace parshall::rules {
namespace {

// What an event calls the texts of clients and of people; an event's other keys may be anything.
constexpr std::array<std::string_view, 14> kFreeKeys = {
    "agent",   "error",    "exception", "message", "msg", "path", "query",
    "referer", "referrer", "request",   "target",  "uri", "url",  "user_agent"};

// What a transform does to the names.
void Apply(const TransformSpec& transform, Supply* supply) {
  for (const NamedText& name : transform.fields) {
    const bool free = supply->IsFreeText(name.name);
    if (transform.kind == TransformKind::kRename || transform.kind == TransformKind::kRemove) {
      supply->Take(name.name);
    }
    if (transform.kind == TransformKind::kRename) supply->Give(name.text, free);
    if (transform.kind == TransformKind::kAdd) supply->Give(name.name, false);
  }
  for (const std::string* name : {&transform.family_as, &transform.major_as, &transform.os_as,
                                  &transform.device_as}) {
    if (!name->empty()) supply->Give(*name, false);
  }
  if (transform.kind != TransformKind::kSplit) return;
  for (const std::string* name : {&transform.host_as, &transform.path_as, &transform.query_as}) {
    if (!name->empty()) supply->Give(*name, true);
  }
  for (const NamedText& param : transform.params) supply->Give(param.text, true);
}

bool IsFreeKey(const std::string& key) {
  return std::count(kFreeKeys.begin(), kFreeKeys.end(), key.substr(key.rfind('.') + 1)) > 0;
}

}  // namespace

bool Supply::IsFreeText(const std::string& field) const {
  if (free.contains(field)) return true;
  if (!open || fields.contains(field) || gone.contains(field)) return false;
  const auto spec = std::find_if(rule->fields.begin(), rule->fields.end(), [&](const auto& known) {
    return known.name == field || known.as == field;
  });
  if (spec != rule->fields.end() && spec->type != FieldType::kString) return false;
  return IsFreeKey(field);
}

Supply SupplyOf(const RuleSpec& rule) {
  Supply supply;
  supply.rule = &rule;
  supply.open = rule.kind != RuleKind::kPattern || !rule.from.empty();
  for (const NamedGroup& group : NamedGroups(rule.pattern)) {
    supply.groups.insert(group.name);
    if (TakesFreeText(group.body)) supply.free.insert(group.name);
  }
  supply.fields = supply.groups;
  for (const FieldSpec& field : rule.fields) {
    if (!field.as.empty()) supply.fields.erase(field.name);
  }
  for (const FieldSpec& field : rule.fields) {
    if (!supply.open && !supply.groups.contains(field.name)) continue;
    if (field.type != FieldType::kString) {
      supply.free.erase(field.name);
    } else if (!field.as.empty() &&
               (supply.free.contains(field.name) || (supply.open && IsFreeKey(field.name)))) {
      supply.free.insert(field.as);
    }
    if (!field.as.empty()) supply.fields.insert(field.as);
    if (field.type == FieldType::kHttpRequest) {
      supply.fields.insert({"method", "path", "protocol"});
      supply.free.insert({field.as.empty() ? field.name : field.as, "path"});
    }
    if (!field.count_as.empty()) supply.fields.insert(field.count_as);
  }
  supply.logged = supply.fields;
  for (const TransformSpec& transform : rule.transforms) Apply(transform, &supply);
  return supply;
}

}  // namespace parshall::rules
